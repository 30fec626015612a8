import type { RouterEvent } from '@atp-router/ledger';
import { expect, it } from 'vitest';
import { RouterMetrics } from '../../src/observe/metrics.ts';
import { attemptOf, endedOf, own, samplesOf, USAGE, valueIn } from './support.ts';

async function scrape(...events: readonly RouterEvent[]): Promise<string> {
  const metrics = new RouterMetrics('1.2.3');
  for (const event of events) metrics.observe(event);
  return await metrics.render();
}

it('counts a call by tenant, model, endpoint and outcome, and times it', async () => {
  const text = await scrape(endedOf(), endedOf(), endedOf({ outcome: 'error', error: 'upstream_error' }));
  const labels = { tenant: 'acme', model: 'small', endpoint: 'chat.completions' };
  expect(samplesOf(text, 'atp_calls_total')).toEqual([
    { labels: { ...labels, outcome: 'ok' }, value: 2 },
    { labels: { ...labels, outcome: 'error' }, value: 1 },
  ]);
  const ok = { endpoint: 'chat.completions', outcome: 'ok' };
  expect(valueIn(text, 'atp_call_duration_seconds_count', ok)).toBe(2);
  expect(valueIn(text, 'atp_call_duration_seconds_sum', ok)).toBeCloseTo(0.12);
  expect(valueIn(text, 'atp_call_duration_seconds_bucket', { ...ok, le: '0.05' })).toBe(0);
  expect(valueIn(text, 'atp_call_duration_seconds_bucket', { ...ok, le: '0.1' })).toBe(2);
});

it('charges each attempt to its own model and the call to the last', async () => {
  const failed = attemptOf({ outcome: 'error', error: 'upstream_error', usage_source: 'counted', cost_usd_nanos: 500 });
  const second = attemptOf({ n: 2, kind: 'retry', outcome: 'error', error: 'upstream_timeout', usage_source: 'none' });
  const third = attemptOf({ n: 3, kind: 'fallback', model: 'big', provider: 'other', cost_usd_nanos: 2_001 });
  const text = await scrape(endedOf({ attempts: [failed, second, third], cost_usd_nanos: 2_501 }));
  expect(samplesOf(text, 'atp_calls_total').map((s) => s.labels['model'])).toEqual(['big']);
  expect(valueIn(text, 'atp_cost_usd_micros_total', { model: 'small' })).toBe(0.5);
  expect(valueIn(text, 'atp_cost_usd_micros_total', { model: 'big' })).toBe(2.001);
  expect(samplesOf(text, 'atp_attempts_total').map((s) => Object.values(s.labels).join(' '))).toEqual([
    'up small primary error',
    'up small retry error',
    'other big fallback ok',
  ]);
  expect(samplesOf(text, 'atp_attempt_errors_total').map((s) => [s.labels['error'], s.value])).toEqual([
    ['upstream_error', 1],
    ['upstream_timeout', 1],
  ]);
  expect(valueIn(text, 'atp_attempts_counted_usage_total', { provider: 'up' })).toBe(1);
  expect(valueIn(text, 'atp_time_to_first_byte_seconds_count', { provider: 'up' })).toBe(2);
  // Nothing is billable of the second attempt, so only the first counts for "small".
  expect(valueIn(text, 'atp_tokens_total', { model: 'small', kind: 'output' })).toBe(75);
});

it('counts each token in one kind only', async () => {
  const text = await scrape(endedOf());
  const samples = samplesOf(text, 'atp_tokens_total');
  expect(Object.fromEntries(samples.map((s) => [s.labels['kind'], s.value]))).toEqual({
    ...{ input: 90, cached_input: 20, cache_write_input: 10, output: 75, reasoning_output: 5 },
  });
  expect(samples.reduce((sum, s) => sum + s.value, 0)).toBe(USAGE.in_tokens + USAGE.out_tokens);
});

it('counts refusals by error', async () => {
  const refused = { type: 'call.refused', tenant: '', key_id: '', endpoint: 'messages' } as const;
  const text = await scrape(
    { ...refused, error: 'unauthorized' },
    { ...refused, error: 'not a code of the catalogue' },
  );
  expect(samplesOf(text, 'atp_calls_refused_total')).toEqual([
    { labels: { endpoint: 'messages', error: 'unauthorized' }, value: 1 },
    { labels: { endpoint: 'messages', error: 'internal_error' }, value: 1 },
  ]);
});

it('counts replays, stage aborts, breaker changes, kills and recovered calls', async () => {
  const text = await scrape(
    { type: 'call.replayed', tenant: 'acme', key_id: 'k1', endpoint: 'ask', call_id: 'call_1' },
    { type: 'stage.aborted', call_id: 'call_2', tenant: 'acme', stage: 'pii', error: 'policy_denied' },
    { type: 'breaker.changed', provider: 'up', model: 'small', from: 'closed', to: 'open', reason: 'x' },
    { type: 'kill.set', scope: 'model', id: 'small', on: true, reason: 'x', by: 'root', stopped_calls: 3, since_ms: 1 },
    { type: 'node.started', version: '1.2.3', recovered_calls: 4 },
  );
  expect(valueIn(text, 'atp_idempotent_replays_total', { endpoint: 'ask' })).toBe(1);
  expect(valueIn(text, 'atp_stage_aborts_total', { stage: 'pii', error: 'policy_denied' })).toBe(1);
  expect(valueIn(text, 'atp_breaker_changes_total', { provider: 'up', model: 'small', to: 'open' })).toBe(1);
  expect(valueIn(text, 'atp_killed_calls_total')).toBe(3);
  expect(valueIn(text, 'atp_recovered_calls_total')).toBe(4);
});

it('says whether the last configuration came into force', async () => {
  expect(valueIn(await scrape(), 'atp_config_last_reload_ok')).toBe(1);
  const rejected = { type: 'config.rejected', problems: 1, first: 'x' } as const;
  const applied = { type: 'config.applied', generation: 2, hash: 'x' } as const;
  const text = await scrape(applied, rejected, rejected);
  expect(valueIn(text, 'atp_config_last_reload_ok')).toBe(0);
  expect(valueIn(text, 'atp_config_reloads_total', { result: 'rejected' })).toBe(2);
  expect(valueIn(await scrape(rejected, applied), 'atp_config_last_reload_ok')).toBe(1);
  // A key that is made through the admin API does not make the file any better.
  const made = { ...applied, source: 'admin' } as const;
  const still = await scrape(rejected, made);
  expect(valueIn(still, 'atp_config_last_reload_ok')).toBe(0);
  expect(valueIn(still, 'atp_config_reloads_total', { result: 'applied' })).toBe(0);
  expect(valueIn(await scrape(rejected, { ...applied, source: 'file' }), 'atp_config_last_reload_ok')).toBe(1);
});

it('has the series that alerts look at from the start', async () => {
  const text = await scrape();
  expect(valueIn(text, 'atp_config_reloads_total', { result: 'rejected' })).toBe(0);
  expect(valueIn(text, 'atp_killed_calls_total')).toBe(0);
  expect(valueIn(text, 'atp_decision_seconds_count')).toBe(0);
  expect(valueIn(text, 'atp_build_info', { version: '1.2.3' })).toBe(1);
});

it('times decisions in buckets around their aim of 20 microseconds', async () => {
  const metrics = new RouterMetrics('1');
  metrics.decided(15e-6);
  metrics.decided(0.5);
  const text = await metrics.render();
  expect(valueIn(text, 'atp_decision_seconds_bucket', { le: '0.00001' })).toBe(0);
  expect(valueIn(text, 'atp_decision_seconds_bucket', { le: '0.00002' })).toBe(1);
  expect(valueIn(text, 'atp_decision_seconds_count')).toBe(2);
});

it('keeps its size when tenants make up model names', async () => {
  const metrics = new RouterMetrics('1');
  for (let i = 0; i < 20_000; i += 1) {
    const model = `up/${i}`;
    metrics.observe(endedOf({ tenant: `t${i % 5}`, attempts: [attemptOf({ model })] }));
  }
  metrics.observe(endedOf({ tenant: 'late', attempts: [attemptOf({ model: 'big', provider: 'other' })] }));
  const text = await metrics.render();
  expect(own(text).length).toBeLessThan(20_000);
  const calls = samplesOf(text, 'atp_calls_total');
  expect(calls.reduce((sum, s) => sum + s.value, 0)).toBe(20_001);
  // Whoever comes later is still seen.
  expect(valueIn(text, 'atp_calls_total', { tenant: 'late', model: 'big' })).toBe(1);
  expect(valueIn(text, 'atp_attempts_total', { provider: 'other', model: 'big' })).toBe(1);
});
