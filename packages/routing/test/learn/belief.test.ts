import { type Rng, randomInt, seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Belief, type BeliefSettings } from '../../src/learn/belief.ts';
import { layoutOf } from '../../src/learn/layout.ts';
import { commonBelief } from '../../src/learn/settings.ts';
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

function beliefOf({ settings, seen }: Pick<Problem, 'settings' | 'seen'>): Belief {
  const belief = new Belief(settings);
  for (const { row, y, weight } of seen) belief.observe(sparse(row), y, weight);
  return belief;
}

function within(actual: number, expected: number, off: number): void {
  expect(Math.abs(actual - expected), `${actual} beside ${expected}`).toBeLessThanOrEqual(off);
}

describe('what is expected', () => {
  test('is the posterior of the normal equations', () => {
    fc.assert(
      fc.property(problem(), ({ settings, seen, asked }) => {
        const belief = beliefOf({ settings, seen });
        const closed = posterior(settings, seen);
        within(belief.mean(sparse(asked)), closed.mean(asked), 1e-6);
        within(belief.variance(sparse(asked)), closed.variance(asked), 1e-6);
        within(
          belief.seen,
          seen.reduce((sum, { weight }) => sum + weight, 0),
          1e-9,
        );
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
    const belief = beliefOf({ settings, seen });
    const closed = posterior(settings, seen);
    for (let i = 0; i < 50; i += 1) {
      const asked = taskRow(rng, layout.dims);
      within(belief.mean(sparse(asked)), closed.mean(asked), 1e-9);
      within(belief.variance(sparse(asked)), closed.variance(asked), 1e-9);
    }
  });

  test('is the prior before anything is seen', () => {
    const belief = new Belief({ means: Float64Array.of(0.5, -1), spreads: Float64Array.of(2, 3), noise: 1 });
    const features = { at: [0, 1], value: [2, 1] };
    expect(belief.seen).toBe(0);
    expect(belief.mean(features)).toBe(0);
    expect(belief.variance(features)).toBe(4 * 4 + 9);
    expect(belief.mean({ at: [], value: [] })).toBe(0);
    expect(belief.variance({ at: [], value: [] })).toBe(0);
  });

  test('one feature: precisions add up', () => {
    const belief = new Belief({ means: Float64Array.of(0), spreads: Float64Array.of(1), noise: 0.5 });
    for (const y of [1, 2, 3]) belief.observe({ at: [0], value: [1] }, y);
    expect(belief.variance({ at: [0], value: [1] })).toBeCloseTo(1 / (1 + 3 / 0.5), 12);
    expect(belief.mean({ at: [0], value: [1] })).toBeCloseTo(6 / 0.5 / 7, 12);
  });

  test('a weight that is sure stays as it is told', () => {
    const belief = new Belief({ means: Float64Array.of(0.3, 0), spreads: Float64Array.of(0, 1), noise: 0.1 });
    for (let i = 0; i < 100; i += 1) belief.observe({ at: [0, 1], value: [1, 1] }, 5);
    expect(belief.mean({ at: [0], value: [1] })).toBe(0.3);
    expect(belief.variance({ at: [0], value: [1] })).toBe(0);
    expect(belief.mean({ at: [1], value: [1] })).toBeCloseTo(4.7, 1);
  });
});

describe('what is seen', () => {
  test('counts the same in any order', () => {
    const shuffled = problem().chain((one) =>
      fc.tuple(fc.constant(one), fc.shuffledSubarray([...one.seen], { minLength: one.seen.length })),
    );
    fc.assert(
      fc.property(shuffled, ([{ settings, seen, asked }, other]) => {
        const [a, b] = [beliefOf({ settings, seen }), beliefOf({ settings, seen: other })];
        within(a.mean(sparse(asked)), b.mean(sparse(asked)), 1e-6);
        within(a.variance(sparse(asked)), b.variance(sparse(asked)), 1e-6);
      }),
      { seed: 1_303, numRuns: 500 },
    );
  });

  test('never makes anything less sure, whatever came, and nothing surer than sure', () => {
    fc.assert(
      fc.property(problem(), ({ settings, seen, asked }) => {
        const belief = new Belief(settings);
        const dims = settings.means.length;
        const rows = [asked, ...Array.from({ length: dims }, (_, i) => asked.map((_, j) => (i === j ? 1 : 0)))];
        let before = rows.map((row) => belief.variance(sparse(row)));
        for (const { row, y, weight } of seen) {
          belief.observe(sparse(row), y, weight);
          const after = rows.map((one) => belief.variance(sparse(one)));
          for (const [i, variance] of after.entries()) {
            expect(variance).toBeGreaterThanOrEqual(0);
            expect(variance).toBeLessThanOrEqual((before[i] as number) * (1 + 1e-9) + 1e-12);
          }
          before = after;
        }
      }),
      { seed: 1_304, numRuns: 500 },
    );
  });

  test('makes what it was seen with surer, and moves it toward what came', () => {
    fc.assert(
      fc.property(problem(), real(-3, 3), ({ settings, seen, asked }, y) => {
        fc.pre(asked.some((value) => Math.abs(value) > 0.1));
        const belief = beliefOf({ settings, seen });
        const [mean, variance] = [belief.mean(sparse(asked)), belief.variance(sparse(asked))];
        belief.observe(sparse(asked), y);
        // The gain of one measurement: variance / (variance + noise).
        const gain = variance / (variance + settings.noise);
        within(belief.variance(sparse(asked)), variance * (1 - gain), 1e-6);
        within(belief.mean(sparse(asked)), mean + gain * (y - mean), 1e-6);
      }),
      { seed: 1_305, numRuns: 500 },
    );
  });

  test('twice is the same as once with a weight of 2, and with none it is nothing', () => {
    fc.assert(
      fc.property(problem(), ({ settings, seen, asked }) => {
        const whole = seen.map((one) => ({ ...one, weight: 1 }));
        const twice = beliefOf({ settings, seen: whole.flatMap((one) => [one, one]) });
        const double = beliefOf({ settings, seen: whole.map((one) => ({ ...one, weight: 2 })) });
        within(twice.mean(sparse(asked)), double.mean(sparse(asked)), 1e-6);
        within(twice.variance(sparse(asked)), double.variance(sparse(asked)), 1e-6);
        const none = beliefOf({ settings, seen: whole.map((one) => ({ ...one, weight: 0 })) });
        expect(none.mean(sparse(asked))).toBe(new Belief(settings).mean(sparse(asked)));
        expect(none.variance(sparse(asked))).toBe(new Belief(settings).variance(sparse(asked)));
        expect(none.seen).toBe(0);
      }),
      { seed: 1_306, numRuns: 300 },
    );
  });

  test('does not change the settings, nor another belief made of them', () => {
    const settings = { means: Float64Array.of(1, 2), spreads: Float64Array.of(1, 1), noise: 1 };
    const [one, other] = [new Belief(settings), new Belief(settings)];
    for (let i = 0; i < 10; i += 1) one.observe({ at: [0, 1], value: [1, -1] }, 7);
    expect([...settings.means, ...settings.spreads]).toEqual([1, 2, 1, 1]);
    expect(other.mean({ at: [1], value: [1] })).toBe(2);
  });
});

describe('a slice', () => {
  const split = problem(2).chain((one) =>
    fc.tuple(fc.constant(one), fc.integer({ min: 1, max: one.settings.means.length - 1 })),
  );

  test('and what comes in addition say what all features together do', () => {
    fc.assert(
      fc.property(split, ([{ settings, seen, asked }, from]) => {
        const belief = beliefOf({ settings, seen });
        const known = asked.map((value, i) => (i < from ? value : 0));
        const slice = belief.slice(sparse(known), from, asked.length - from);
        const [mean, variance] = together(slice, asked.slice(from));
        within(mean, belief.mean(sparse(asked)), 1e-9);
        within(variance, belief.variance(sparse(asked)), 1e-9);
        expect([slice.mean, slice.variance]).toEqual([belief.mean(sparse(known)), belief.variance(sparse(known))]);
      }),
      { seed: 1_307, numRuns: 500 },
    );
  });

  test('may be of features in the middle, and with nothing known', () => {
    fc.assert(
      fc.property(problem(4), ({ settings, seen, asked }) => {
        const belief = beliefOf({ settings, seen });
        const [mean, variance] = together(belief.slice({ at: [], value: [] }, 1, 2), asked.slice(1, 3));
        const middle = asked.map((value, i) => (i === 1 || i === 2 ? value : 0));
        within(mean, belief.mean(sparse(middle)), 1e-9);
        within(variance, belief.variance(sparse(middle)), 1e-9);
        // Here nothing hides a variance below 0.
        expect(variance).toBeGreaterThanOrEqual(-1e-9);
      }),
      { seed: 1_308, numRuns: 300 },
    );
  });

  test('stays as it was when more is seen', () => {
    const belief = new Belief({ means: Float64Array.of(1, 2), spreads: Float64Array.of(1, 1), noise: 1 });
    const slice = belief.slice({ at: [0], value: [1] }, 1, 1);
    const copy = structuredClone(slice);
    belief.observe({ at: [0, 1], value: [1, 1] }, 9);
    expect(slice).toEqual(copy);
    expect(belief.slice({ at: [0], value: [1] }, 1, 1)).not.toEqual(copy);
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
