import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { RequestVerdict, Stage } from '@atp-router/call';
import type { GenEvent, GenRequest } from '@atp-router/dialects';
import { AtpError, assert } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { errorOf, hashOf, type Running, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { call, type Reply } from '../admin/http.ts';
import { upstream } from '../admin/upstream.ts';
import { scrape } from '../observe/scrape.ts';

const TOLD = 4_321;
const MODEL = { provider: 'up', context: 128_000, capabilities: ['chat', 'tools', 'reasoning'] };

/** An Anthropic provider that counts every prompt as the same, or does with a request what the test says. */
async function provider(answer = tell): Promise<{ config: Record<string, unknown>; seen: string[]; bodies: string[] }> {
  const seen: string[] = [];
  const bodies: string[] = [];
  const { base_url } = await upstream((req, res) => {
    seen.push(`${req.url}`);
    req.setEncoding('utf8');
    let body = '';
    req.on('data', (piece: string) => {
      body += piece;
    });
    req.on('end', () => {
      bodies.push(body);
      answer(req, res);
    });
  });
  const config = {
    providers: [{ id: 'up', type: 'anthropic', base_url: base_url.replace(/\/v1$/, ''), api_key: 'x' }],
    models: [
      { ...MODEL, id: 'small' },
      { ...MODEL, id: 'internal', data_scopes: ['internal'] },
    ],
    tenants: [{ id: 'acme', data_scopes: ['internal', 'public'], keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] }],
  };
  return { config, seen, bodies };
}

function tell(_req: IncomingMessage, res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ input_tokens: TOLD }));
}

type Headers = Readonly<Record<string, string>>;
const BODY = { model: 'small', messages: [{ role: 'user', content: 'How many tokens are these?' }] };

const sent = (body: object, headers: Headers = {}): { method: string; headers: Headers; body: string } => ({
  method: 'POST',
  headers: { authorization: `Bearer ${TENANT_KEY}`, ...headers },
  body: JSON.stringify(body),
});

function count({ url }: Running, over: object = {}, headers: Headers = {}): Promise<Reply> {
  return call(`${url}/v1/messages/count_tokens`, sent({ ...BODY, ...over }, headers));
}

const methodOf = (reply: Reply): unknown => (reply.json['atp'] as { method: string } | undefined)?.method;

test('the provider counts, and the answer says so', async () => {
  const { config, seen } = await provider();
  const running = await startForTest(config);
  const reply = await count(running);
  expect([reply.status, reply.json]).toEqual([
    200,
    { input_tokens: TOLD, atp: { method: 'provider', model: 'small' } },
  ]);
  expect(reply.headers).toMatchObject({ 'x-atp-model': 'small', 'x-atp-request-id': expect.stringMatching(/^call_/) });
  expect(seen).toEqual(['/v1/messages/count_tokens']);
});

test('a provider of the same shape gets the body as it is, and the betas', async () => {
  const betas: unknown[] = [];
  const { config, bodies } = await provider((req, res) => {
    betas.push(req.headers['anthropic-beta']);
    tell(req, res);
  });
  const more = {
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }] }],
    thinking: { type: 'enabled', budget_tokens: 4_000 },
    context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] },
    mcp_servers: [{ type: 'url', url: 'https://x/mcp', name: 'x' }],
    cache_control: { type: 'ephemeral' },
  };
  const running = await startForTest(config);
  const reply = await count(running, more, { 'anthropic-beta': 'context-management-2025-06-27' });
  expect([reply.json['input_tokens'], reply.headers['x-atp-ignored']]).toEqual([TOLD, undefined]);
  expect(JSON.parse(bodies[0] ?? '')).toEqual({ ...BODY, ...more });
  expect(betas).toEqual(['context-management-2025-06-27']);
  const refused = await count(running, more, { 'anthropic-beta': 'a b' });
  expect([refused.status, errorOf(refused).param]).toEqual([400, 'anthropic-beta']);
});

test('betas that nobody could act on are told', async () => {
  const { config } = await provider((_req, res) => void res.writeHead(404).end());
  const reply = await count(await startForTest(config), {}, { 'anthropic-beta': 'x-1' });
  expect([methodOf(reply), reply.headers['x-atp-ignored']]).toEqual(['o200k_base', 'anthropic-beta']);
});

describe('nothing leaves the router, as with a message', () => {
  test.each<[string, number, object, Headers]>([
    ['of a scope that the model is not cleared for', 403, { model: 'internal' }, { 'x-atp-data-scope': 'public' }],
    ['that may be of such a scope', 403, { model: 'internal' }, {}],
    ['of a scope that the tenant may not send', 403, {}, { 'x-atp-data-scope': 'secret' }],
    ['with a header that is none', 400, {}, { 'x-atp-data-scope': 'a b' }],
    ['with too many messages', 400, { messages: Array(4).fill(BODY.messages[0]) }, {}],
    ['with too many tools', 400, { tools: Array(3).fill({ name: 'f', input_schema: { type: 'object' } }) }, {}],
    ['for a model that is not there', 404, { model: 'none' }, {}],
    ['that is a form', 415, {}, { 'content-type': 'Multipart/Form-Data; boundary=x' }],
    ['that is compressed', 415, {}, { 'content-encoding': 'gzip' }],
  ])('%s', async (_name, status, over, headers) => {
    const { config, seen } = await provider();
    const running = await startForTest({ ...config, limits: { messages: 3, tools: 2 } });
    const refused = await count(running, over, headers);
    expect(refused.status).toBe(status);
    const message = sent({ max_tokens: 5, ...BODY, ...over }, headers);
    expect((await call(`${running.url}/v1/messages`, message)).json['error']).toEqual(refused.json['error']);
    expect(seen).toEqual([]);
    const { code } = errorOf(refused);
    const labels = { endpoint: 'messages.count_tokens', error: code };
    expect((await scrape(running)).sum('atp_calls_refused_total', labels)).toBe(1);
  });

  test.each([
    ['tenant', 'acme'],
    ['key', 'acme/k1'],
  ])('of a %s that is switched off', async (scope, id) => {
    const { config, seen } = await provider();
    const running = await startForTest(config);
    await running.admin('POST', '/kill', { scope, id, on: true, reason: 'runaway' });
    const refused = await count(running);
    expect([refused.status, errorOf(refused).code]).toEqual([403, 'policy_denied']);
    expect(seen).toEqual([]);
  });

  test.each([
    ['model', 'small'],
    ['provider', 'up'],
  ])('to a %s that is switched off: the router counts', async (scope, id) => {
    const { config, seen } = await provider();
    const running = await startForTest(config);
    await running.admin('POST', '/kill', { scope, id, on: true, reason: 'leak' });
    const reply = await count(running);
    expect([reply.status, methodOf(reply)]).toEqual([200, 'o200k_base']);
    expect(seen).toEqual([]);
  });

  test('while the router drains', async () => {
    const { config, seen } = await provider();
    const running = await startForTest(config);
    await running.router.engine.drain();
    const refused = await count(running);
    expect([refused.status, errorOf(refused).code]).toEqual([503, 'draining']);
    expect(seen).toEqual([]);
  });

  test('while the provider has as many calls as it takes: the router counts', async () => {
    const { config, seen } = await provider();
    const [up] = config['providers'] as object[];
    const running = await startForTest({ ...config, providers: [{ ...up, max_concurrency: 1 }] });
    const { accounts } = running.router.engine.parts;
    const place = accounts.reserve(['provider:up'], { calls: 1, tokens: 0, usd_nanos: 0 }, 0);
    assert(place.ok, 'there was a place');
    expect(methodOf(await count(running))).toBe('o200k_base');
    expect(seen).toEqual([]);
    accounts.release(place.reservation);
    expect(methodOf(await count(running))).toBe('provider');
  });
});

test('a prompt that is too long for the model is counted all the same', async () => {
  const { config } = await provider();
  const running = await startForTest(config);
  const reply = await count(running, { messages: [{ role: 'user', content: 'word '.repeat(200_000) }] });
  expect([reply.status, reply.json['input_tokens']]).toEqual([200, TOLD]);
});

test('a tenant has a bounded number of counts in flight', async () => {
  const held: ServerResponse[] = [];
  const all = Promise.withResolvers<void>();
  let free = false;
  const { config } = await provider((req, res) => {
    if (free) tell(req, res);
    else if (held.push(res) === 16) all.resolve();
  });
  const running = await startForTest(config);
  const pending = Array.from({ length: 16 }, () => count(running));
  await all.promise;
  const refused = await count(running);
  expect([refused.status, errorOf(refused).code, refused.headers['retry-after']]).toEqual([429, 'rate_limited', '1']);
  free = true;
  for (const res of held) tell(res.req, res);
  expect((await Promise.all(pending)).map((reply) => reply.status)).toEqual(Array(16).fill(200));
  expect((await count(running)).status).toBe(200);
});

test('a client that leaves takes its question to the provider with it', async () => {
  const asked = Promise.withResolvers<ServerResponse>();
  const { config } = await provider((_req, res) => asked.resolve(res));
  const running = await startForTest(config);
  const { body, ...options } = sent(BODY);
  const leaving = request(`${running.url}/v1/messages/count_tokens`, { ...options, agent: false });
  leaving.on('error', () => undefined);
  leaving.end(body);
  const res = await asked.promise;
  const closed = new Promise((resolve) => res.once('close', resolve));
  leaving.destroy();
  await closed;
});

test('a provider that drips is not waited for', async () => {
  const { config } = await provider((_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    const timer = setInterval(() => res.write(' '), 5);
    res.once('close', () => clearInterval(timer));
  });
  const running = await startForTest(config);
  const reply = await count(running, {}, { 'x-atp-deadline-ms': '200' });
  expect([reply.status, methodOf(reply)]).toEqual([200, 'o200k_base']);
});

const stage = (onRequest: (request: GenRequest) => RequestVerdict<GenRequest>): Stage<GenRequest, GenEvent> => ({
  id: 'guard',
  claims: () => ({ request: true, body: 'none' }),
  open: () => ({ onRequest, openRun: () => ({}) }),
});

test('a stage sees the prompt before the provider does', async () => {
  const { config, bodies } = await provider();
  const guard = stage((request) => ({
    kind: 'replace',
    request: { ...request, messages: [{ role: 'user', parts: [{ type: 'text', text: 'redacted' }] }] },
  }));
  const running = await startForTest(config, { stages: [guard] });
  expect((await count(running)).json['input_tokens']).toBe(TOLD);
  expect(bodies.join()).toContain('redacted');
  expect(bodies.join()).not.toContain('How many');
});

test('what a stage refuses is not counted', async () => {
  const { config, seen } = await provider();
  const guard = stage(() => ({ kind: 'abort', error: new AtpError('policy_denied', 'Not this.') }));
  const running = await startForTest(config, { stages: [guard] });
  const refused = await count(running);
  expect([refused.status, errorOf(refused).message]).toEqual([403, 'Not this.']);
  expect(seen).toEqual([]);
});

test('the prompt of an agent counts', async () => {
  const { config, bodies } = await provider();
  const agents = [{ id: 'helper', model: 'small', system_prompt: 'Be brief.' }];
  const running = await startForTest({ ...config, agents });
  expect((await count(running, { model: 'helper' })).status).toBe(200);
  expect(bodies.join()).toContain('Be brief.');
});
