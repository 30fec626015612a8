import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differenceOfRounds, median, ratioOfRounds } from '../src/stats.ts';

const rounds = (...values: number[]): Map<number, number> => new Map(values.map((value, index) => [index + 1, value]));

describe('median', () => {
  test('is the middle, or the mean of the middle two', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
  });

  test('leaves out what could not be measured', () => {
    expect(median([Number.NaN, 2, 4])).toBe(3);
    expect(median([])).toBeNaN();
  });

  test('lies between its neighbours whatever the order', () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(values, (list) => {
        const middle = median(list);
        const notAbove = list.filter((value) => value <= middle).length;
        const notBelow = list.filter((value) => value >= middle).length;
        expect(2 * notAbove).toBeGreaterThanOrEqual(list.length);
        expect(2 * notBelow).toBeGreaterThanOrEqual(list.length);
      }),
      { seed: 20261122, numRuns: 200 },
    );
  });
});

describe('ratioOfRounds', () => {
  test('is the median of ratios, not the ratio of medians', () => {
    // Each round is disturbed by its own factor; the target is always half as fast.
    const reference = rounds(100, 10, 1000);
    const target = rounds(50, 5, 500);
    expect(ratioOfRounds(target, reference)).toEqual({ median: 0.5, min: 0.5, max: 0.5 });
    expect(ratioOfRounds(rounds(50, 100, 10), rounds(100, 100, 100))).toEqual({ median: 0.5, min: 0.1, max: 1 });
  });

  test('pairs by round and leaves out rounds without a partner', () => {
    const target = new Map([
      [1, 10],
      [3, 30],
    ]);
    const reference = new Map([
      [2, 1],
      [3, 15],
    ]);
    expect(ratioOfRounds(target, reference)).toEqual({ median: 2, min: 2, max: 2 });
    expect(ratioOfRounds(target, new Map())).toBeNull();
    expect(ratioOfRounds(rounds(1), rounds(0))).toBeNull();
    expect(ratioOfRounds(rounds(Number.NaN), rounds(1))).toBeNull();
  });

  test('cancels any factor that a whole round suffers', () => {
    const factor = fc.double({ min: 0.01, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.array(factor, { minLength: 1, maxLength: 9 }), factor, (disturbances, ratio) => {
        const found = ratioOfRounds(rounds(...disturbances.map((one) => one * ratio)), rounds(...disturbances));
        expect(found?.median).toBeCloseTo(ratio, 6);
      }),
      { seed: 20261122, numRuns: 200 },
    );
  });
});

test('differenceOfRounds subtracts within a round', () => {
  expect(differenceOfRounds(rounds(30, 50), rounds(10, 20))).toEqual({ median: 25, min: 20, max: 30 });
  expect(differenceOfRounds(rounds(30), new Map())).toBeNull();
});
