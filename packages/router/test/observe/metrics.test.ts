import { once } from 'node:events';
import { connect } from 'node:net';
import { AtpError } from '@atp-router/kernel';
import { describe, expect, it, test } from 'vitest';
import { ADMIN_KEY, hashOf, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { endless, through, upstream } from '../admin/upstream.ts';
import { has_promtool, promtool } from './promtool.ts';
import { chatWith, scrape } from './scrape.ts';

const SIM = { type: 'sim', sim: { latency_ms: { p50: 1, p95: 2 }, chunk_ms: 0 } };
const PRICE = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };
const MODEL = { context: 128_000, max_output_tokens: 4_000, capabilities: ['chat'], price: PRICE };

/** `broken` always fails at its provider, and falls back to `small`. */
async function withFallback(): Promise<Record<string, unknown>> {
  const { base_url } = await upstream((_req, res) => {
    res.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"no","type":"server_error"}}');
  });
  const retry = { max_attempts: 2, base_ms: 1, cap_ms: 1 };
  const breaker = { min_calls: 2, failure_ratio: 0.5 };
  return {
    providers: [
      { ...SIM, id: 'sim' },
      { id: 'bad', type: 'openai', base_url, api_key: 'x', retry, breaker },
    ],
    models: [
      { ...MODEL, id: 'small', provider: 'sim' },
      { ...MODEL, id: 'broken', provider: 'bad' },
    ],
    policies: [{ id: 'review', fallback: ['broken', 'small'] }],
  };
}

describe('calls', () => {
  it('are counted, timed and charged as their answers say', async () => {
    const running = await startForTest();
    const reply = await running.chat({});
    const streamed = await running.chatStream({});
    await streamed.rest();
    const read = await scrape(running);
    const of = { tenant: 'acme', model: 'small' };
    expect(read.sum('atp_calls_total', { ...of, endpoint: 'chat.completions', outcome: 'ok' })).toBe(2);
    expect(read.sum('atp_call_duration_seconds_count', { endpoint: 'chat.completions', outcome: 'ok' })).toBe(2);
    expect(read.sum('atp_time_to_first_byte_seconds_count', { provider: 'sim', model: 'small' })).toBe(2);
    expect(read.sum('atp_attempts_total', { provider: 'sim', kind: 'primary', outcome: 'ok' })).toBe(2);
    const usage = reply.json['usage'] as { prompt_tokens: number; completion_tokens: number };
    expect(read.sum('atp_tokens_total', of)).toBeGreaterThan(usage.prompt_tokens + usage.completion_tokens);
    expect(read.sum('atp_cost_usd_micros_total', of)).toBe(
      read.sum('atp_tenant_day_used_usd_micros', { tenant: 'acme' }),
    );
    expect(read.sum('atp_tenant_day_used_calls', { tenant: 'acme' })).toBe(2);
    expect(read.sum('atp_tenant_day_limit_usd_micros', { tenant: 'acme' })).toBe(50_000_000);
  });

  it('show the time that their decision took, once each', async () => {
    const running = await startForTest();
    await running.chat({});
    await running.chat({});
    const read = await scrape(running);
    expect(read.sum('atp_decision_seconds_count')).toBe(2);
    expect(read.sum('atp_decision_seconds_sum')).toBeGreaterThan(0);
  });

  it('show their retries and fallbacks, and what the breaker made of them', async () => {
    const running = await startForTest(await withFallback());
    const reply = await running.chat({ model: 'policy:review' });
    expect([reply.status, reply.headers['x-atp-attempts']]).toEqual([200, '3']);
    const read = await scrape(running);
    const bad = { provider: 'bad', model: 'broken' };
    expect(read.sum('atp_attempts_total', { ...bad, kind: 'primary', outcome: 'error' })).toBe(1);
    expect(read.sum('atp_attempts_total', { ...bad, kind: 'retry', outcome: 'error' })).toBe(1);
    expect(read.sum('atp_attempts_total', { provider: 'sim', kind: 'fallback', outcome: 'ok' })).toBe(1);
    expect(read.sum('atp_attempt_errors_total', bad)).toBe(2);
    expect(read.sum('atp_breaker_changes_total', { ...bad, to: 'open' })).toBe(1);
    expect(read.sum('atp_breaker_state', bad)).toBe(2);
    expect(read.sum('atp_breaker_state', { provider: 'sim' })).toBe(0);
    expect(read.sum('atp_target_ready', { provider: 'sim' })).toBe(1);
    expect(read.sum('atp_calls_total', { model: 'small', outcome: 'ok' })).toBe(1);
  });

  it('that run are in flight, hold their reservation, and give it back', async () => {
    const script = endless();
    const up = await upstream(script.answer);
    const window = { max_parallel: 4, max_tokens: 100_000 };
    const tenants = [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], window }];
    const running = await startForTest({ ...through(up.base_url), tenants });
    const open = await running.chatStream({});
    await open.next((block) => block.data.includes('two'));
    const during = await scrape(running);
    expect(during.sum('atp_calls_in_flight')).toBe(1);
    expect(during.sum('atp_target_calls_in_flight', { provider: 'up', model: 'small' })).toBe(1);
    expect(during.sum('atp_tenant_outstanding_calls', { tenant: 'acme' })).toBe(1);
    expect(during.sum('atp_tenant_outstanding_tokens', { tenant: 'acme' })).toBeGreaterThan(0);
    expect(during.sum('atp_tenant_window_limit_calls', { tenant: 'acme' })).toBe(4);
    open.close();
    await script.gone;
    const after = await scrape(running);
    expect(after.sum('atp_calls_in_flight')).toBe(0);
    expect(after.sum('atp_tenant_outstanding_usd_micros', { tenant: 'acme' })).toBe(0);
    expect(after.sum('atp_calls_total', { outcome: 'cancelled' })).toBe(1);
    // The upstream reported nothing before it was left, so what it had sent was counted.
    expect(after.sum('atp_attempts_counted_usage_total', { provider: 'up' })).toBe(1);
  });

  it('that are refused are counted by error, whoever refused them', async () => {
    const running = await startForTest();
    await running.chat({}, 'no such key');
    await running.chat({ model: 'nope' });
    await running.chat({ messages: 'no list' });
    await call(`${running.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TENANT_KEY}` },
      body: '{',
    });
    const read = await scrape(running);
    const refused = (endpoint: string, error: string): number | undefined =>
      read.sum('atp_calls_refused_total', { endpoint, error });
    expect(refused('chat.completions', 'unauthorized')).toBe(1);
    expect(refused('chat.completions', 'model_not_found')).toBe(1);
    expect(refused('chat.completions', 'invalid_request')).toBe(1);
    expect(refused('messages', 'invalid_request')).toBe(1);
    expect(read.sum('atp_calls_total')).toBeUndefined();
  });

  it('that are repeated under their idempotency key are replays', async () => {
    const running = await startForTest();
    for (let i = 0; i < 3; i += 1) await chatWith(running, TENANT_KEY, { 'idempotency-key': 'one' });
    const read = await scrape(running);
    expect(read.sum('atp_calls_total')).toBe(1);
    expect(read.sum('atp_idempotent_replays_total', { endpoint: 'chat.completions' })).toBe(2);
    expect(read.sum('atp_idempotency_entries')).toBe(1);
  });

  it('that a stage ends are counted under its name', async () => {
    const error = new AtpError('policy_denied', 'No.');
    const guard = {
      id: 'pii',
      claims: () => ({ request: true, body: 'none' as const }),
      open: () => ({ onRequest: () => ({ kind: 'abort' as const, error }) }),
    };
    const running = await startForTest({}, { stages: [guard] });
    expect((await running.chat({})).status).toBe(403);
    const read = await scrape(running);
    expect(read.sum('atp_stage_aborts_total', { stage: 'pii', error: 'policy_denied' })).toBe(1);
  });
});

describe('operators', () => {
  it('see kill switches and the calls that they ended', async () => {
    const script = endless();
    const up = await upstream(script.answer);
    const running = await startForTest(through(up.base_url));
    const open = await running.chatStream({});
    await open.next((block) => block.data.includes('two'));
    await running.admin('POST', '/kill', { scope: 'model', id: 'small', on: true, reason: 'runaway' });
    await open.rest();
    const read = await scrape(running);
    expect(read.sum('atp_kill_switches', { scope: 'model' })).toBe(1);
    expect(read.sum('atp_kill_switches', { scope: 'tenant' })).toBe(0);
    expect(read.sum('atp_killed_calls_total')).toBe(1);
    expect(read.sum('atp_calls_total', { outcome: 'error' })).toBe(1);
  });

  it('see configurations come into force', async () => {
    const running = await startForTest();
    await running.admin('POST', '/tenants', { id: 'beta' });
    const { manager } = running.router;
    expect(manager.replaceBase({ ...manager.file_config }).ok).toBe(true);
    const read = await scrape(running);
    expect(read.sum('atp_config_generation')).toBe(3);
    // A reload is of the file: what operators make is not one.
    expect(read.sum('atp_config_reloads_total', { result: 'applied' })).toBe(1);
    expect(read.sum('atp_config_last_reload_ok')).toBe(1);
  });

  it('see the journal', async () => {
    const running = await startForTest();
    await running.chat({});
    const read = await scrape(running);
    const { json } = await running.admin('GET', '/status');
    const journal = json['journal'] as { file_bytes: number };
    expect(read.sum('atp_journal_records_total')).toBeGreaterThanOrEqual(3);
    expect(read.sum('atp_journal_bytes_total')).toBeLessThanOrEqual(journal.file_bytes);
    expect(read.sum('atp_journal_failed')).toBe(0);
    expect(read.sum('atp_projection_lag_blocks')).toBeGreaterThanOrEqual(0);
    expect(read.sum('atp_ready')).toBe(1);
  });

  it('see how good the estimates of a model are', async () => {
    const running = await startForTest();
    for (let i = 0; i < 3; i += 1) await running.chat({});
    const read = await scrape(running);
    expect(read.sum('atp_estimate_mape_ratio', { model: 'small' })).toBeGreaterThanOrEqual(0);
    expect(read.sum('atp_estimate_under_ratio', { model: 'small' })).toBeLessThanOrEqual(1);
  });
});

describe('the endpoint', () => {
  it('needs an admin key unless the scraper is on the same machine and no proxy is between', async () => {
    const { url } = await startForTest();
    const direct = await call(`${url}/metrics`);
    expect([direct.status, direct.headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    const proxied = { 'x-forwarded-for': '203.0.113.7' };
    expect((await call(`${url}/metrics`, { headers: proxied })).status).toBe(401);
    const tenant = { ...proxied, authorization: `Bearer ${TENANT_KEY}` };
    expect((await call(`${url}/metrics`, { headers: tenant })).status).toBe(403);
    const admin = { ...proxied, authorization: `Bearer ${ADMIN_KEY}` };
    expect((await call(`${url}/metrics`, { headers: admin })).status).toBe(200);
  });

  it.each<[string, Record<string, string>, number]>([
    ['localhost', { host: 'localhost:7443' }, 200],
    ['the loopback address of IPv6', { host: '[::1]:7443' }, 200],
    ['no port', { host: '127.0.0.1' }, 200],
    ['a name that somebody bound to 127.0.0.1', { host: 'rebound.example:7443' }, 401],
    ['a name that only begins like it', { host: '127.0.0.1.example' }, 401],
    ['a proxy that names itself', { via: '1.1 proxy' }, 401],
    ['a proxy that names its client', { 'x-real-ip': '203.0.113.7' }, 401],
    ['a proxy that names its own address', { 'x-forwarded-host': 'atp.example' }, 401],
  ])('asks by the name and the traces of proxies: %s', async (_name, headers, status) => {
    const { url } = await startForTest();
    expect((await call(`${url}/metrics`, { headers })).status).toBe(status);
  });

  it('is closed to what a default nginx passes on', async () => {
    const { router } = await startForTest();
    const { port } = router.server.address;
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET /metrics HTTP/1.0\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString().split('\r\n')[0]).toBe('HTTP/1.1 401 Unauthorized');
    socket.destroy();
  });

  test.skipIf(!has_promtool)('gives what Prometheus takes, named as its conventions ask', async () => {
    const running = await startForTest(await withFallback());
    await running.chat({ model: 'policy:review' });
    const { text } = await scrape(running);
    const ours = text.split('\n').filter((line) => !/^(# \w+ )?(process|nodejs)_/.test(line));
    const checked = promtool(['check', 'metrics'], { input: `${ours.join('\n')}\n` });
    expect(checked).toEqual({ status: 0, output: '' });
  });
});
