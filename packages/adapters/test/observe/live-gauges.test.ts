import { expect, it } from 'vitest';
import {
  type LiveGauges,
  registerLiveGauges,
  type TargetGauges,
  type TenantGauges,
} from '../../src/observe/live-gauges.ts';
import { MetricRegistry } from '../../src/observe/registry.ts';
import { samplesOf, valueIn } from './support.ts';

const NONE = { calls: 0, tokens: 0, usd_micros: 0 };
const UNLIMITED = { calls: null, tokens: null, usd_micros: null };

function tenant(id: string, more: Partial<TenantGauges> = {}): TenantGauges {
  return {
    ...{ tenant: id, outstanding: NONE, window_limit: UNLIMITED, day_used: NONE, day_limit: UNLIMITED, debt: NONE },
    ...more,
  };
}

function target(model: string, more: Partial<TargetGauges> = {}): TargetGauges {
  return {
    ...{ provider: 'up', model, breaker: 0, ready: true, in_flight: 0, waiting: 0 },
    ...{ mape: undefined, under_rate: undefined },
    ...more,
  };
}

function live(more: Partial<LiveGauges> = {}): LiveGauges {
  const journal = {
    ...{ failed: false, pending_chars: 10, waiting_barriers: 2, records_total: 7, blocks_total: 3 },
    ...{ bytes_total: 900, syncs_total: 1, write_errors_total: 0, lost_records_total: 0 },
  };
  return {
    ready: () => true,
    calls_in_flight: () => 5,
    config_generation: () => 3,
    journal: () => journal,
    projection_lag_blocks: () => 4,
    idempotency_entries: () => 6,
    shared_unconfirmed: () => undefined,
    kill_switches: () => ({ key: 0, model: 1, provider: 0, tenant: 2 }),
    processes: () => ({ answered: 1, silent: 0, missing: 0 }),
    listener_errors: () => 0,
    traces: () => undefined,
    tenants: () => [],
    providers: () => [],
    targets: () => [],
    ...more,
  };
}

async function scrape(gauges: LiveGauges): Promise<string> {
  const registry = new MetricRegistry();
  registerLiveGauges(registry, gauges);
  return await registry.render();
}

it('shows the process: readiness, calls, configuration, keys in memory, switches', async () => {
  const text = await scrape(live());
  const values = ['atp_ready', 'atp_calls_in_flight', 'atp_config_generation', 'atp_idempotency_entries'];
  expect(values.map((name) => valueIn(text, name))).toEqual([1, 5, 3, 6]);
  expect(valueIn(text, 'atp_kill_switches', { scope: 'tenant' })).toBe(2);
  expect(valueIn(await scrape(live({ ready: () => false })), 'atp_ready')).toBe(0);
});

it('shows the journal and how far the tables are behind', async () => {
  const text = await scrape(live());
  const names = ['failed', 'pending_chars', 'waiting_barriers', 'records_total', 'blocks_total', 'bytes_total'];
  expect(names.map((name) => valueIn(text, `atp_journal_${name}`))).toEqual([0, 10, 2, 7, 3, 900]);
  expect(valueIn(text, 'atp_journal_fsyncs_total')).toBe(1);
  expect(valueIn(text, 'atp_projection_lag_blocks')).toBe(4);
});

it('has trace series only where traces are exported', async () => {
  expect(samplesOf(await scrape(live()), 'atp_trace_spans_exported_total')).toEqual([]);
  const traces = { exported_total: 8, failed_total: 1, dropped_total: 2 };
  const text = await scrape(live({ traces: () => traces }));
  expect(valueIn(text, 'atp_trace_spans_dropped_total')).toBe(2);
});

it('shows windows, day use, limits and debt of each tenant; what is not limited has no limit', async () => {
  const acme = tenant('acme', {
    outstanding: { calls: 2, tokens: 300, usd_micros: 40 },
    window_limit: { calls: 32, tokens: 400_000, usd_micros: null },
    day_used: { calls: 9, tokens: 1_000, usd_micros: 700 },
    day_limit: { calls: null, tokens: null, usd_micros: 600 },
    debt: { calls: 0, tokens: 0, usd_micros: 100 },
  });
  const text = await scrape(live({ tenants: () => [acme, tenant('beta')] }));
  const of = (name: string): number | undefined => valueIn(text, `atp_tenant_${name}`, { tenant: 'acme' });
  expect(['outstanding_calls', 'outstanding_tokens', 'outstanding_usd_micros'].map(of)).toEqual([2, 300, 40]);
  expect(['window_limit_calls', 'window_limit_tokens', 'window_limit_usd_micros'].map(of)).toEqual([
    32,
    400_000,
    undefined,
  ]);
  expect(['day_used_calls', 'day_used_tokens', 'day_used_usd_micros'].map(of)).toEqual([9, 1_000, 700]);
  expect(['day_limit_calls', 'day_limit_usd_micros', 'debt_usd_micros'].map(of)).toEqual([undefined, 600, 100]);
  expect(valueIn(text, 'atp_tenant_outstanding_calls', { tenant: 'beta' })).toBe(0);
});

it('adds tenants up that are more than a scrape should hold', async () => {
  const many = Array.from({ length: 600 }, (_, i) => tenant(`t${i}`, { outstanding: { ...NONE, calls: 1 } }));
  const samples = samplesOf(await scrape(live({ tenants: () => many })), 'atp_tenant_outstanding_calls');
  expect(samples.length).toBe(501);
  expect(samples.at(-1)).toEqual({ labels: { tenant: '_other' }, value: 100 });
});

it('has a series of shared state only where state is shared', async () => {
  expect(samplesOf(await scrape(live()), 'atp_shared_unconfirmed_ends')).toEqual([]);
  expect(valueIn(await scrape(live({ shared_unconfirmed: () => 3 })), 'atp_shared_unconfirmed_ends')).toBe(3);
});

it('shows how full each provider is', async () => {
  const text = await scrape(live({ providers: () => [{ provider: 'up', in_flight: 3, waiting: 2 }] }));
  const names = ['atp_provider_calls_in_flight', 'atp_provider_calls_waiting'];
  expect(names.map((name) => valueIn(text, name, { provider: 'up' }))).toEqual([3, 2]);
});

it('shows each target, without estimates that nothing is known of', async () => {
  const bad = target('small', { breaker: 2, ready: false, in_flight: 3, waiting: 1, mape: 0.25, under_rate: 0.1 });
  const text = await scrape(live({ targets: () => [bad, target('big')] }));
  const of = (name: string): number | undefined => valueIn(text, name, { provider: 'up', model: 'small' });
  expect(['atp_breaker_state', 'atp_target_ready', 'atp_target_calls_in_flight'].map(of)).toEqual([2, 0, 3]);
  expect(['atp_target_calls_waiting', 'atp_estimate_mape_ratio', 'atp_estimate_under_ratio'].map(of)).toEqual([
    1, 0.25, 0.1,
  ]);
  expect(samplesOf(text, 'atp_estimate_mape_ratio').length).toBe(1);
});

it('computes no more targets than it shows', async () => {
  let computed = 0;
  const endless = function* (): Generator<TargetGauges> {
    for (;;) {
      computed += 1;
      yield target(`m${computed}`);
    }
  };
  expect(samplesOf(await scrape(live({ targets: endless })), 'atp_breaker_state').length).toBe(500);
  expect(computed).toBeLessThanOrEqual(501);
});
