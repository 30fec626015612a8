import { describe, expect, test } from 'vitest';
import { recovered } from '../../src/eval/routing/apgr.ts';
import type { RouteCase } from '../../src/eval/routing/cases.ts';
import { areaUnder, heightAt, upperHull } from '../../src/eval/routing/curve.ts';
import { fixedCascade } from '../../src/eval/routing/fixed.ts';
import { type RouteReport, routeReport, type Run } from '../../src/eval/routing/report.ts';
import type { Routed } from '../../src/eval/routing/stream.ts';
import { swept } from '../../src/eval/routing/sweep.ts';

/** Of each model what it said and what that cost; `x` is right, nothing is not asked. */
function caseOf(id: string, category: string, said: readonly string[], costs: readonly number[]): RouteCase {
  const outcomes = said.map((key, model) =>
    key === ''
      ? undefined
      : {
          ...{ key: key === '-' ? undefined : key, right: key === 'x' ? 1 : 0, out_tokens: 1 },
          ...{ in_usd: 0, out_usd_per_token: costs[model] ?? 0, cost_usd: costs[model] ?? 0 },
        },
  );
  return { id, text: id, category, held_out: Number(id) % 2 === 0, outcomes };
}

/** In the order of the cases. */
function routedBy(cases: readonly RouteCase[], choose: (i: number) => number): readonly Routed[] {
  return cases.map(({ outcomes }, place) => {
    const model = choose(place);
    const { right = 0, cost_usd = 0 } = outcomes[model] ?? {};
    return { place, right, cost_usd, asked: [model] };
  });
}

const FACTS = {
  ...{ layout: 'answers', set: null, prompts: 10, has_answers: true, usual_out_tokens: null },
  left_out: { contaminated: 0, not_asked: 0, again: 0 },
};

function reported(cases: readonly RouteCase[], runs: readonly Run[]): RouteReport {
  const models = ['weak', 'strong'];
  return routeReport({}, { data: FACTS, warm: null, models, cases, cascade: undefined, runs, drifts: [] });
}

/** Ten prompts: the weak one (1 USD) is right on the even ones, the strong one (4 USD) on the first nine. */
const CASES = Array.from({ length: 10 }, (_, i) =>
  caseOf(String(i), i < 5 ? 'early' : 'late', [i % 2 === 0 ? 'x' : 'a', i < 9 ? 'x' : 'b'], [1, 4]),
);

describe('a report', () => {
  test('is what can be worked out by hand', () => {
    // The strong one on the odd prompts: right on 0 to 8, at 2.5 USD.
    const order = routedBy(CASES, (i) => i % 2);
    const report = reported(CASES, [{ usd_per_point: 0.1, orders: [order] }]);
    expect(report.models).toMatchObject([
      { right: 0.5, cost_usd: 1, cost_share: 0.25 },
      { right: 0.9, cost_usd: 4, cost_share: 1 },
    ]);
    const [point] = report.points;
    const part = (name: string) => point?.parts.find((one) => one.part === name);
    expect(part('all')).toMatchObject({ right: { mean: 0.9 }, cost_usd: { mean: 2.5 }, cost_share: { mean: 0.625 } });
    // The best single model is worth 90 - 4 / 0.1 = 50 points or 50 - 10 = 40; routing 90 - 25 = 65.
    expect(part('all')?.regret_points.mean).toBeCloseTo(-15, 9);
    // Half-way between 0.5 at 0.25 and 0.9 at 1 a mixture is right in 0.7.
    expect(part('all')?.over_mixture.mean).toBeCloseTo(0.2, 9);
    expect(part('held_out')).toMatchObject({ right: { mean: 1 }, cost_usd: { mean: 1 } });
    expect(part('tuned')).toMatchObject({ right: { mean: 0.8 }, cost_usd: { mean: 4 } });
    expect(part('last_half')?.right.mean).toBeCloseTo(0.8, 9);
    expect(point?.stretches.map(({ right }) => right.mean)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
    expect(point?.stretches.map(({ cost_usd }) => cost_usd.mean)).toEqual([1, 4, 1, 4, 1, 4, 1, 4, 1, 4]);
    // At 10 USD for all quality: early 0.6 * 10 - 1 against 1 * 10 - 4, late 0.4 * 10 - 1 against 0.8 * 10 - 4.
    expect(point?.by_category).toEqual({ right: 0.9, cost_usd: 4, cost_share: 1 });
    expect(point?.paths).toEqual([
      { models: ['weak'], share: 0.5 },
      { models: ['strong'], share: 0.5 },
    ]);
    expect(point?.calls).toBe(1);
  });

  test('recovers half of the gap at random, less than half where the strong one is asked for the wrong prompts', () => {
    const runsOf = (...choices: readonly ((i: number) => number)[]): readonly Run[] =>
      choices.map((choose, i) => ({ usd_per_point: i + 1, orders: [routedBy(CASES, choose)] }));
    const none = reported(
      CASES,
      runsOf(
        () => 0,
        () => 1,
      ),
    );
    expect(none.apgr?.all.mean).toBeCloseTo(0.5, 9);
    // 0.9 at half of the calls: 0.7 and 0.9 in the halves, of a gap from 0.5 to 0.9.
    const good = reported(
      CASES,
      runsOf((i) => i % 2),
    );
    expect(good.apgr?.all.mean).toBeCloseTo(((0.7 + 0.9) / 2 - 0.5) / 0.4, 9);
    const bad = reported(
      CASES,
      runsOf((i) => 1 - (i % 2)),
    );
    expect(bad.apgr?.all.mean).toBeCloseTo(((0.5 + 0.7) / 2 - 0.5) / 0.4, 9);
    // Prompts 1, 3, 5, 7 first, then those where nothing changes: 0.2 + 0.6 of the gap.
    expect(good.apgr?.oracle).toBeCloseTo(0.4 / 2 + 0.6, 9);
  });

  test('of more than two models, or of two of which none is better, has no gap', () => {
    const same = CASES.map((one) => ({ ...one, outcomes: [one.outcomes[0], one.outcomes[0]] }));
    expect(reported(same, [{ usd_per_point: 1, orders: [routedBy(same, () => 0)] }]).apgr).toBeNull();
  });
});

test('straight lines between shares, whatever the order of points', () => {
  expect(
    recovered([
      [0, 0.4],
      [1, 0.8],
    ]),
  ).toBeCloseTo(0.5, 12);
  const points: readonly (readonly [number, number])[] = [
    [0, 0.4],
    [0.5, 0.8],
    [0.25, 0.6],
    [1, 0.8],
  ];
  expect(recovered(points)).toBeCloseTo((0.125 + 0.175 + 0.4 - 0.4) / 0.4, 12);
});

test('the upper hull, its height, and its area up to the cost of the best', () => {
  const hull = upperHull([
    [0.5, 0.6],
    [0.4, 0.1],
    [1, 0.8],
    [2, 0.7],
  ]);
  expect(hull).toEqual([
    [0, 0],
    [0.5, 0.6],
    [1, 0.8],
  ]);
  expect(heightAt(hull, 0.75)).toBeCloseTo(0.7, 12);
  expect(heightAt(hull, 5)).toBe(0.8);
  expect(areaUnder(hull)).toBeCloseTo(0.5 * 0.3 + 0.5 * 0.7, 12);
  expect(areaUnder(upperHull([[2, 1]]))).toBeCloseTo(0.25, 12);
});

test('a fixed cascade takes what two agree on, also where both are wrong, else the third', () => {
  const costs = [1, 2, 10];
  const cases = [
    caseOf('1', 'a', ['x', 'x', 'b'], costs),
    caseOf('2', 'a', ['b', 'b', 'x'], costs),
    caseOf('3', 'a', ['b', 'x', 'x'], costs),
    caseOf('4', 'a', ['-', '-', 'x'], costs),
    caseOf('5', 'a', ['x', '', ''], costs),
  ];
  expect(fixedCascade([0, 1, 2], cases)).toEqual({ right: 3 / 5, cost_usd: (3 + 3 + 13 + 13 + 1) / 5 });
});

describe('prices of quality', () => {
  const FIXED = [
    { model: 'weak', right: 0.5, cost_usd: 1, answered: 10 },
    { model: 'strong', right: 0.9, cost_usd: 5, answered: 10 },
  ];
  /** The strong model from a price on. */
  const from =
    (least: number) =>
    (usd_per_point: number): Run => ({
      usd_per_point,
      orders: [routedBy(CASES, () => (usd_per_point >= least ? 1 : 0))],
    });

  test('span from a hundredth of what the dearest costs more to ten times that, and close in where cost jumps', () => {
    const prices = swept(FIXED, from(0.8)).map(({ usd_per_point }) => usd_per_point);
    expect([prices[0], prices.at(-1)]).toEqual([0.04, 40]);
    expect(prices).toHaveLength(11);
    expect(prices).toEqual([...prices].sort((a, b) => a - b));
    const above = prices.findIndex((price) => price >= 0.8);
    expect((prices[above] ?? 0) / (prices[above - 1] ?? 1)).toBeLessThan(1.06);
  });

  test('stay five where nothing jumps, and are one where all cost the same', () => {
    expect(swept(FIXED, from(0))).toHaveLength(5);
    expect(swept(FIXED.slice(1), from(0))).toHaveLength(1);
  });
});
