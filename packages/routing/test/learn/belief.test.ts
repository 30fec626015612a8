import { type Rng, randomInt, seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Belief, BeliefSettings } from '../../src/learn/belief.ts';
import { beliefOf } from '../../src/learn/fit.ts';
import { layoutOf } from '../../src/learn/layout.ts';
import { commonBelief } from '../../src/learn/settings.ts';
import { RegressionSums } from '../../src/learn/sums.ts';
import { posterior, type Seen, sparse, together } from './closed-form.ts';

const real = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });
const rowOf = (dims: number): fc.Arbitrary<number[]> =>
  fc.array(fc.oneof(fc.constant(0), real(-2, 2)), { minLength: dims, maxLength: dims });

interface Problem {
  readonly settings: BeliefSettings;
  readonly seen: readonly Seen[];
  readonly asked: readonly number[];
}

/** `least`: features that there are at least. */
const problem = (least: number = 1): fc.Arbitrary<Problem> =>
  fc.integer({ min: least, max: 6 }).chain((dims) =>
    fc.record({
      settings: fc.record({
        means: fc.array(real(-1, 1), { minLength: dims, maxLength: dims }).map((list) => Float64Array.from(list)),
        spreads: fc.array(real(0.05, 2), { minLength: dims, maxLength: dims }).map((list) => Float64Array.from(list)),
        noise: real(0.01, 1),
      }),
      seen: fc.array(fc.record({ row: rowOf(dims), y: real(-3, 3), weight: fc.oneof(fc.constant(1), real(0, 3)) }), {
        maxLength: 20,
      }),
      asked: rowOf(dims),
    }),
  );

function sumsOf({ settings, seen }: Pick<Problem, 'settings' | 'seen'>): RegressionSums {
  const sums = new RegressionSums(settings.means.length);
  for (const { row, y, weight } of seen) sums.observe(sparse(row), y, weight);
  return sums;
}

function believed(problem: Pick<Problem, 'settings' | 'seen'>): Belief {
  return beliefOf(problem.settings, sumsOf(problem)) as Belief;
}

function within(actual: number, expected: number, off: number): void {
  expect(Math.abs(actual - expected), `${actual} beside ${expected}`).toBeLessThanOrEqual(off);
}

describe('what is expected', () => {
  test('is the posterior of the normal equations', () => {
    fc.assert(
      fc.property(problem(), ({ settings, seen, asked }) => {
        const belief = believed({ settings, seen });
        const closed = posterior(settings, seen);
        within(belief.mean(sparse(asked)), closed.mean(asked), 1e-6);
        within(belief.variance(sparse(asked)), closed.variance(asked), 1e-4);
        const seen_once = seen.reduce((sum, { weight }) => sum + weight, 0);
        within(sumsOf({ settings, seen }).n, seen_once, 1e-9);
      }),
      { seed: 1_301, numRuns: 1_000 },
    );
  });

  test('stays so with thousands of tasks, with the priors and features that routing has', () => {
    const layout = layoutOf(32);
    const settings = commonBelief(layout);
    const rng = seededRng(1_302);
    const seen = Array.from({ length: 3_000 }, () => ({
      row: taskRow(rng, layout.dims),
      y: randomInt(rng, 0, 1),
      weight: 1,
    }));
    const belief = believed({ settings, seen });
    const closed = posterior(settings, seen);
    for (let i = 0; i < 50; i += 1) {
      const asked = taskRow(rng, layout.dims);
      within(belief.mean(sparse(asked)), closed.mean(asked), 1e-9);
      within(belief.variance(sparse(asked)), closed.variance(asked), 1e-6);
    }
  });

  test('is the prior before anything is seen', () => {
    const settings = { means: Float64Array.of(0.5, -1), spreads: Float64Array.of(2, 3), noise: 1 };
    const belief = believed({ settings, seen: [] });
    const features = { at: [0, 1], value: [2, 1] };
    expect(belief.mean(features)).toBeCloseTo(0, 12);
    expect(belief.variance(features)).toBeCloseTo(4 * 4 + 9, 5);
    expect(belief.mean({ at: [], value: [] })).toBe(0);
    expect(belief.variance({ at: [], value: [] })).toBe(0);
  });

  test('one feature: precisions add up', () => {
    const settings = { means: Float64Array.of(0), spreads: Float64Array.of(1), noise: 0.5 };
    const belief = believed({ settings, seen: [1, 2, 3].map((y) => ({ row: [1], y, weight: 1 })) });
    expect(belief.variance({ at: [0], value: [1] })).toBeCloseTo(1 / (1 + 3 / 0.5), 6);
    expect(belief.mean({ at: [0], value: [1] })).toBeCloseTo(6 / 0.5 / 7, 12);
  });

  test('is nothing where sums are none that observations can have made', () => {
    const sums = new RegressionSums(1);
    for (const a of [-10, Number.NaN, Number.POSITIVE_INFINITY]) {
      sums.a[0] = a;
      expect(beliefOf({ means: Float64Array.of(0), spreads: Float64Array.of(1), noise: 1 }, sums)).toBeUndefined();
    }
  });
});

describe('what is seen', () => {
  test('counts the same in any order', () => {
    const shuffled = problem().chain((one) =>
      fc.tuple(fc.constant(one), fc.shuffledSubarray([...one.seen], { minLength: one.seen.length })),
    );
    fc.assert(
      fc.property(shuffled, ([{ settings, seen, asked }, other]) => {
        const [a, b] = [believed({ settings, seen }), believed({ settings, seen: other })];
        within(a.mean(sparse(asked)), b.mean(sparse(asked)), 1e-6);
        within(a.variance(sparse(asked)), b.variance(sparse(asked)), 1e-4);
      }),
      { seed: 1_303, numRuns: 500 },
    );
  });

  test('never makes anything less sure, whatever came, and nothing surer than sure', () => {
    fc.assert(
      fc.property(problem(), ({ settings, seen, asked }) => {
        const rows = [asked, ...asked.map((_, i) => asked.map((__, j) => (i === j ? 1 : 0)))];
        let before = rows.map((row) => believed({ settings, seen: [] }).variance(sparse(row)));
        for (let count = 1; count <= seen.length; count += 1) {
          const belief = believed({ settings, seen: seen.slice(0, count) });
          const after = rows.map((one) => belief.variance(sparse(one)));
          for (const [i, variance] of after.entries()) {
            expect(variance).toBeGreaterThanOrEqual(0);
            expect(variance).toBeLessThanOrEqual((before[i] as number) * (1 + 1e-6) + 1e-6);
          }
          before = after;
        }
      }),
      { seed: 1_304, numRuns: 300 },
    );
  });

  test('makes what it was seen with surer, and moves it toward what came', () => {
    fc.assert(
      fc.property(problem(), real(-3, 3), ({ settings, seen, asked }, y) => {
        fc.pre(asked.some((value) => Math.abs(value) > 0.1));
        const [before, after] = [seen, [...seen, { row: asked, y, weight: 1 }]].map((all) =>
          believed({ settings, seen: all }),
        ) as [Belief, Belief];
        const [mean, variance] = [before.mean(sparse(asked)), before.variance(sparse(asked))];
        // The gain of one measurement: variance / (variance + noise).
        const gain = variance / (variance + settings.noise);
        within(after.variance(sparse(asked)), variance * (1 - gain), 1e-4);
        within(after.mean(sparse(asked)), mean + gain * (y - mean), 1e-4);
      }),
      { seed: 1_305, numRuns: 500 },
    );
  });

  test('twice is the same as once with a weight of 2, and with none it is nothing', () => {
    fc.assert(
      fc.property(problem(), ({ settings, seen, asked }) => {
        const whole = seen.map((one) => ({ ...one, weight: 1 }));
        const twice = believed({ settings, seen: whole.flatMap((one) => [one, one]) });
        const double = believed({ settings, seen: whole.map((one) => ({ ...one, weight: 2 })) });
        within(twice.mean(sparse(asked)), double.mean(sparse(asked)), 1e-6);
        within(twice.variance(sparse(asked)), double.variance(sparse(asked)), 1e-4);
        const none = believed({ settings, seen: whole.map((one) => ({ ...one, weight: 0 })) });
        const prior = believed({ settings, seen: [] });
        expect(none.mean(sparse(asked))).toBe(prior.mean(sparse(asked)));
        expect(none.variance(sparse(asked))).toBe(prior.variance(sparse(asked)));
      }),
      { seed: 1_306, numRuns: 300 },
    );
  });

  test('does not change the settings', () => {
    const settings = { means: Float64Array.of(1, 2), spreads: Float64Array.of(1, 1), noise: 1 };
    believed({ settings, seen: [{ row: [1, -1], y: 7, weight: 10 }] });
    expect([...settings.means, ...settings.spreads]).toEqual([1, 2, 1, 1]);
  });

  test('of several origins adds up, in any order, also through JSON', () => {
    const parted = problem().chain((one) => fc.tuple(fc.constant(one), fc.array(fc.nat(2), { minLength: 20 })));
    fc.assert(
      fc.property(parted, ([{ settings, seen, asked }, whose]) => {
        const parts = [0, 1, 2].map((origin) => sumsOf({ settings, seen: seen.filter((_, i) => whose[i] === origin) }));
        const whole = believed({ settings, seen });
        for (const order of [parts, parts.toReversed()]) {
          const sums = new RegressionSums(asked.length);
          for (const one of order)
            sums.add(RegressionSums.of(JSON.parse(JSON.stringify(one.record())), asked.length), 1);
          const belief = beliefOf(settings, sums) as Belief;
          within(belief.mean(sparse(asked)), whole.mean(sparse(asked)), 1e-3);
          within(belief.variance(sparse(asked)), whole.variance(sparse(asked)), 1e-3);
        }
      }),
      { seed: 1_309, numRuns: 300 },
    );
  });
});

describe('a slice', () => {
  const split = problem(2).chain((one) =>
    fc.tuple(fc.constant(one), fc.integer({ min: 1, max: one.settings.means.length - 1 })),
  );

  test('and what comes in addition say what all features together do', () => {
    fc.assert(
      fc.property(split, ([{ settings, seen, asked }, from]) => {
        const belief = believed({ settings, seen });
        const known = asked.map((value, i) => (i < from ? value : 0));
        const slice = belief.slice(sparse(known), from, asked.length - from);
        const [mean, variance] = together(slice, asked.slice(from));
        within(mean, belief.mean(sparse(asked)), 1e-9);
        within(variance, belief.variance(sparse(asked)), 1e-4);
        expect([slice.mean, slice.variance]).toEqual([belief.mean(sparse(known)), belief.variance(sparse(known))]);
      }),
      { seed: 1_307, numRuns: 500 },
    );
  });

  test('may be of features in the middle, and with nothing known', () => {
    fc.assert(
      fc.property(problem(4), ({ settings, seen, asked }) => {
        const belief = believed({ settings, seen });
        const [mean, variance] = together(belief.slice({ at: [], value: [] }, 1, 2), asked.slice(1, 3));
        const middle = asked.map((value, i) => (i === 1 || i === 2 ? value : 0));
        within(mean, belief.mean(sparse(middle)), 1e-9);
        within(variance, belief.variance(sparse(middle)), 1e-4);
        // Here nothing hides a variance below 0.
        expect(variance).toBeGreaterThanOrEqual(-1e-4);
      }),
      { seed: 1_308, numRuns: 300 },
    );
  });
});

/** As of a task: a bias, three topics, four styles, and some of what answers show. */
function taskRow(rng: Rng, dims: number): number[] {
  const row = new Array<number>(dims).fill(0);
  row[0] = 1;
  for (const part of [0.6, 0.3, 0.1]) row[randomInt(rng, 1, 32)] = part;
  for (let i = 33; i < 37; i += 1) row[i] = 4 * rng.next() - 2;
  for (let i = 37; i < dims; i += 1) row[i] = rng.next() < 0.3 ? 2 * rng.next() - 1 : 0;
  return row;
}
