import { describe, expect, test } from 'vitest';
import { type History, minuteOf, ratesBetween, remember } from '../../src/top/rates.ts';
import { answered } from '../../src/top/state.ts';
import { busy, flowJson, flowOf, type Json, shownAs, stateOf, tierJson } from './flows.ts';

const sample = (at_ms: number, more: Json) => ({ at_ms, flow: flowOf(flowJson(more)) });
const gold = (granted_total: number, more: Json = {}): Json => ({
  tiers: [tierJson('gold', { granted_total })],
  ...more,
});

describe('rates', () => {
  test('are differences of totals by the time between the answers', () => {
    const rates = ratesBetween(sample(1_000, gold(10)), sample(3_500, gold(60)));
    expect(rates?.gold.granted).toBe(20);
    expect(rates?.silver.granted).toBe(0);
  });

  test.each([
    ['there is no earlier answer', undefined, sample(1_000, gold(10))],
    ['no time has passed', sample(1_000, gold(10)), sample(1_000, gold(20))],
    ['a total is less', sample(0, gold(10)), sample(1_000, gold(9))],
    ['it runs for less long', sample(0, gold(1)), sample(1_000, gold(9, { uptime_s: 3 }))],
    ['another router answers', sample(0, gold(1)), sample(1_000, gold(9, { node_id: 'node-2' }))],
  ])('are not known when %s', (_why, before, now) => {
    expect(ratesBetween(before, now)).toBeUndefined();
  });

  test('after a restart are shown again from the second answer on, and nothing of before', () => {
    const before = stateOf(busy(0), busy(1));
    const restarted = answered(before, flowOf(flowJson({ uptime_s: 1 })), 2_000);
    expect(restarted.known.history).toHaveLength(1);
    expect(shownAs(restarted, { columns: 80, rows: 24 }, 2_000)).toContain('grants -/s');
    const second = answered(restarted, flowOf(flowJson({ uptime_s: 2, ...gold(5) })), 3_000);
    expect(shownAs(second, { columns: 80, rows: 24 }, 3_000)).toContain('grants 5.00/s');
  });
});

describe('the last minute', () => {
  const waiting = (n: number) => ({ gold: n, silver: 0, bronze: 0 });
  const filled = (...moments: readonly (readonly [at_ms: number, n: number | undefined])[]): History =>
    moments.reduce<History>(
      (history, [at_ms, n]) => remember(history, { at_ms, waiting: n === undefined ? undefined : waiting(n) }),
      [],
    );

  test('has the most of each part, and what held where nothing was heard', () => {
    const history = filled([0, 1], [10_000, 7], [12_000, 2], [40_000, 5]);
    expect(minuteOf(history, 'gold', 60_000, 6)).toEqual([7, 2, 2, 5, 5, 5]);
    expect(minuteOf(history, 'silver', 60_000, 2)).toEqual([0, 0]);
  });

  test('has gaps before the first answer, and while the router was gone', () => {
    const history = filled([20_000, 3], [35_000, undefined], [55_000, 4]);
    expect(minuteOf(history, 'gold', 60_000, 6)).toEqual([undefined, 3, 3, undefined, undefined, 4]);
  });

  test('is bounded, and keeps what held when it began', () => {
    const many = filled(...Array.from({ length: 1_000 }, (_, n) => [n * 10, n] as const));
    expect(many).toHaveLength(400);
    const old = filled([0, 1], [1_000, 2], [100_000, 3]);
    expect(old.map(({ at_ms }) => at_ms)).toEqual([1_000, 100_000]);
    expect(minuteOf(old, 'gold', 100_000, 2)).toEqual([2, 3]);
  });
});
