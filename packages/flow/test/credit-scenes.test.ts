import type { Qos } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import type { AccountLimits } from '../src/amounts.ts';
import { DEFAULT_CREDIT } from '../src/credit/options.ts';
import { Draw } from '@atp-router/kernel/testing';
import { FAIR, type Plan, type PlannedCall, type PlannedEvent, type Setting } from '../src/credit/testing/plan.ts';
import { type HistoryResult, playPlan } from '../src/credit/testing/play.ts';

const DAY_MS = 86_400_000;

function call(event: Partial<PlannedCall> & { readonly at_ms: number; readonly worker: number }): PlannedCall {
  const plain = { tenant: 'a', model: 'm1', qos: 'silver' as Qos, tokens: 100, hold_ms: 100, used: 100 } as const;
  const rest = { wait_ms: undefined, cancel_ms: undefined, grows: 0, again: false, is_preemptible: true } as const;
  return { do: 'call', ...plain, ...rest, ...event };
}

function played(
  limits: Readonly<Record<string, AccountLimits>>,
  events: readonly PlannedEvent[],
  setting: Partial<Setting> = {},
): HistoryResult {
  const plan: Plan = {
    seed: 1,
    setting: {
      workers: 4,
      limits: new Map(Object.entries(limits)),
      wall_ms: 20_000 * DAY_MS + DAY_MS / 2,
      rates: [1, 1.01, 0.99, 1, 1.02, 1, 1, 1, 1, 1, 1, 1],
      weather: FAIR,
      is_calm: true,
      ...setting,
    },
    events: [...events].sort((a, b) => a.at_ms - b.at_ms),
    heal_ms: (events.at(-1)?.at_ms ?? 0) + 1,
  };
  const result = playPlan(plan);
  expect(result.problems).toEqual([]);
  return result;
}

describe('leased credit', () => {
  test('costs less than one message for twenty calls where there is plenty', () => {
    const draw = new Draw(3);
    const calls = 4 * 50 * 20;
    const events = Array.from({ length: calls }, (_, i) => {
      const tokens = draw.skewed(20, 2_000);
      const used = Math.ceil(tokens * (0.4 + 0.6 * draw.next()));
      return call({ at_ms: (i * 20_000) / calls, worker: i % 4, hold_ms: draw.skewed(50, 1_500), tokens, used });
    });
    const { world } = played(
      {
        router: { max_parallel: 1_000 },
        'tenant:a': { tokens_per_day: 1e9, usd_nanos_per_day: 1e12 },
        'provider:p': { max_parallel: 600, max_tokens: 1_000_000 },
      },
      events,
      { options: DEFAULT_CREDIT },
    );
    expect(world.facts.granted).toBe(calls + 4);
    expect(world.facts.messages / calls).toBeLessThan(0.05);
  });

  test.each([1, 2, 5])('spends a budget to its last call over %d workers, and no further', (workers) => {
    const events = Array.from({ length: 60 }, (_, i) => call({ at_ms: i * 40, worker: i % workers, hold_ms: 30 }));
    const { world } = played({ 'tenant:a': { tokens_per_day: 3_000 } }, events, { workers });
    // The probes at the end of a history are granted by other limits.
    expect(world.ended.filter(({ tokens }) => tokens === 100).length).toBe(30);
  });

  test('serves tenants alike in tokens, whether they come through one worker or all', () => {
    const draw = new Draw(5);
    const events: PlannedEvent[] = [];
    for (let i = 0; i < 3_000; i += 1) {
      const [large, small] = [draw.int(100, 400), draw.int(10, 200)];
      const at_ms = i * 10;
      const rest = { at_ms, hold_ms: 80, wait_ms: 60_000 };
      events.push(call({ ...rest, tenant: 'a', worker: i % 4, tokens: large, used: Math.ceil(large / 2) }));
      events.push(call({ ...rest, tenant: 'b', worker: 0, tokens: small, used: small }));
    }
    const { world } = played({ 'provider:p': { max_parallel: 8 } }, events, { options: { wants: 10_000 } });
    const served = (tenant: string): number =>
      world.ended
        .filter((one) => one.tenant === tenant && one.at_ms > 3_000 && one.at_ms < 28_000)
        .reduce((sum, { tokens }) => sum + tokens, 0);
    const [a, b] = [served('a'), served('b')];
    // Two largest costs, and what eight calls in flight are expected to cost and do not.
    expect(Math.abs(a - b)).toBeLessThan(2 * 400 + 8 * 400);
    expect(a).toBeGreaterThan(100_000);
  });

  test('is called back for gold, and then the oldest calls of bronze are stopped', () => {
    const bronze = Array.from({ length: 8 }, (_, i) =>
      call({ at_ms: 100 + i * 20, worker: 1, qos: 'bronze', hold_ms: 4_000, used: i }),
    );
    const gold = call({ at_ms: 1_000, worker: 0, qos: 'gold', tenant: 'b', wait_ms: 2_000, hold_ms: 50, used: 77 });
    const { world } = played({ 'provider:p': { max_parallel: 8 } }, [...bronze, gold], { workers: 2 });
    expect(world.stopped.map(({ used }) => used)).toEqual([0]);
    const served = world.ended.find(({ tokens }) => tokens === 77);
    expect(served?.at_ms).toBeLessThan(1_200);
  });

  test('leaves those who wait in their order when the owner dies', () => {
    const first = call({ at_ms: 10, worker: 0, hold_ms: 6_000, used: 1 });
    const waiting = [2, 3, 4, 5, 6].map((used) =>
      call({ at_ms: 100 * used, worker: used % 3, wait_ms: 30_000, hold_ms: 200, used }),
    );
    const death = { do: 'owner_dies', at_ms: 700, for_ms: 100, zombie: false, knows_workers: true } as const;
    const { world } = played({ 'provider:p': { max_parallel: 1 } }, [first, ...waiting, death], {
      workers: 3,
      is_calm: false,
    });
    expect(world.facts.takeovers).toBe(1);
    expect(world.ended.map(({ tokens }) => tokens).slice(0, 6)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('that a dead worker held is debited in doubt, and settled when its journal is read', () => {
    const calls = Array.from({ length: 6 }, (_, i) => call({ at_ms: 100 + i, worker: 0, hold_ms: 3_000 }));
    const crash = { do: 'crash', at_ms: 1_000, worker: 0, for_ms: 9_000, recovery: 'nobody' } as const;
    const later = call({ at_ms: 6_000, worker: 1, tokens: 1_300, used: 1_300 });
    const spent = (recovery: 'nobody' | 'other'): number => {
      const { world } = played({ 'tenant:a': { tokens_per_day: 1_900 } }, [...calls, { ...crash, recovery }, later], {
        workers: 2,
        is_calm: false,
      });
      return world.ended.filter(({ tokens }) => tokens === 1_300).length;
    };
    // Six calls hold 600, and used half of that when they were cut off.
    expect(spent('nobody')).toBe(0);
    expect(spent('other')).toBe(1);
  });

  test('that is idle elsewhere is found by a call that does not wait', () => {
    // The first worker is left with credit for most of what there is.
    const first = Array.from({ length: 40 }, (_, i) => call({ at_ms: 10 + i, worker: 0, hold_ms: 300 }));
    const second = Array.from({ length: 40 }, (_, i) => call({ at_ms: 800 + i, worker: 1, hold_ms: 2_000 }));
    const { world } = played({ router: { max_parallel: 40 } }, [...first, ...second], { workers: 2 });
    expect(world.facts.refused).toBe(0);
  });
});
