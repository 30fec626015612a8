import { QOS_TIERS } from '@atp-router/kernel';
import { type Flow, readFlow } from '../../src/top/flow.ts';
import type { Glyphs } from '../../src/top/glyphs.ts';
import { frame } from '../../src/top/frame.ts';
import type { Size } from '../../src/top/plan.ts';
import { textOf } from '../../src/top/spans.ts';
import { answered, initialState, type TopState } from '../../src/top/state.ts';

// Answers of `/admin/v1/flow` for tests of the pure part.

export type Json = Record<string, unknown>;

const NOW_MS = Date.UTC(2026, 10, 22, 9, 12, 33);

export function tierJson(qos: string, more: Json = {}): Json {
  const totals = { granted_total: 0, waited_total: 0, denied_total: 0, expired_total: 0, shed_total: 0 };
  return {
    ...{ qos, waiting: 0, in_flight: 0, tokens_outstanding: 0, jain: 1, wait_p50_ms: 0, wait_p99_ms: 0 },
    ...{ ...totals, failed_total: 0, cancelled_total: 0, preempted_total: 0, starved_total: 0 },
    ...more,
  };
}

export function accountJson(account: string, more: Json = {}): Json {
  const none = { gold: 0, silver: 0, bronze: 0 };
  return {
    ...{ account, level: account.split(':')[0], waiting: none, in_flight: none, shares: null, pressed: false },
    ...{ calls: { outstanding: 0, window: 10, limit: 10 }, tokens: { outstanding: 0, limit: null } },
    ...{ usd_micros: { outstanding: 0, limit: null }, wait_ms: null, ...more },
  };
}

/** What was used today, and of what limits. */
export function todayJson(more: Json = {}): Json {
  const none = { used: 0, limit: null };
  return { calls: none, tokens: none, usd_micros: none, ...more };
}

export function tenantJson(tenant: string, more: Json = {}): Json {
  return {
    ...{ tenant, weight: 1, waiting: 0, calls: { outstanding: 0, limit: 64 } },
    ...{ tokens: { outstanding: 0, limit: 4_000_000 }, usd_micros: { outstanding: 0, limit: 100_000_000 } },
    ...{ today: todayJson(), burn_usd_micros_per_minute: 0, exhaustion_minutes: null, ...more },
  };
}

export function flowJson(more: Json = {}): Json {
  return {
    ...{ node_id: 'node-1', uptime_s: 11_000, now_ms: NOW_MS, calls_in_flight: 0, waiting: 0, max_waiting: 200 },
    ...{ lapsed_total: 0, tiers: QOS_TIERS.map((qos) => tierJson(qos)) },
    ...{ accounts_total: 0, accounts: [], tenants_total: 0, tenants: [], ...more },
  };
}

export function flowOf(json: Json): Flow {
  const flow = readFlow(json);
  if (flow === undefined) throw new Error('no flow');
  return flow;
}

/** A router with something of everything: full, narrowed and free windows, names of every kind. */
export function busy(step: number): Flow {
  return flowOf(
    flowJson({
      ...{ uptime_s: 11_220 + step, now_ms: NOW_MS + step * 1_000, calls_in_flight: 42, waiting: 30 + step },
      lapsed_total: 2,
      tiers: [
        tierJson('gold', { waiting: step, in_flight: 12, wait_p99_ms: 12, granted_total: 100 + 34 * step }),
        tierJson('silver', {
          ...{ waiting: 6, in_flight: 20, wait_p50_ms: 480, wait_p99_ms: 2_310, granted_total: 50 + 8 * step },
          ...{ preempted_total: 3 * step, jain: 0.93, tokens_outstanding: 48_200 },
        }),
        tierJson('bronze', {
          ...{ waiting: 24, in_flight: 10, wait_p50_ms: 9_000, wait_p99_ms: 84_000, granted_total: 9 + step },
          ...{ shed_total: 2 * step, denied_total: step, starved_total: 4, jain: 0.61, tokens_outstanding: 12_000 },
        }),
      ],
      accounts_total: 6,
      accounts: [
        accountJson('router', { calls: { outstanding: 42, window: 100, limit: 100 } }),
        accountJson('tenant:acme'),
        accountJson('key:acme/ci', { calls: { outstanding: 3, window: 4, limit: 4 } }),
        accountJson('provider:openai', {
          ...{ calls: { outstanding: 13, window: 20, limit: 40 }, tokens: { outstanding: 48_200, limit: 60_000 } },
          ...{ waiting: { gold: 1, silver: 6, bronze: 24 }, in_flight: { gold: 8, silver: 5, bronze: 0 } },
          ...{ pressed: true, wait_ms: 12_400, usd_micros: { outstanding: 1_234_000, limit: 2_000_000 } },
        }),
        accountJson('deployment:モデル-大きい-very-long-name-of-a-deployment-somewhere', {
          calls: { outstanding: 8, window: 8, limit: 8 },
        }),
        accountJson('model:evil\x1b]0;owned\x07\u202e', { calls: { outstanding: 0, window: null, limit: null } }),
      ],
      tenants_total: 4,
      tenants: [
        tenantJson('acme', {
          ...{ waiting: 20, calls: { outstanding: 30, limit: 32 }, weight: 4 },
          today: todayJson({
            usd_micros: { used: 9_710_000, limit: 10_000_000 },
            tokens: { used: 3_000_000, limit: 4_000_000 },
          }),
        }),
        tenantJson('beta', {
          ...{ burn_usd_micros_per_minute: 1_250_000, exhaustion_minutes: 42 },
          today: todayJson({ usd_micros: { used: 1_250_000, limit: 50_000_000 }, calls: { used: 640, limit: 1_000 } }),
        }),
        tenantJson('gamma', { waiting: 11, burn_usd_micros_per_minute: 310, exhaustion_minutes: 5_000 }),
        tenantJson('idle'),
      ],
    }),
  );
}

export const TARGET = { url: 'http://127.0.0.1:7443', interval_ms: 1_000, tenant: undefined };

/** After answers a second apart, the first at 0 ms. */
export function stateOf(...flows: readonly Flow[]): TopState {
  return flows.reduce((state, flow, at) => answered(state, flow, at * 1_000), initialState(TARGET, 'waiting'));
}

/** What is seen, without colours. */
export function shownAs(state: TopState, size: Size, now_ms: number, glyphs?: Glyphs): string {
  return frame(state, size, now_ms, glyphs)
    .map((line) => `${textOf(line)}\n`)
    .join('');
}
