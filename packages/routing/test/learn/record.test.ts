import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnswerRecord, lessonsOf, type RouteRecord } from '../../src/learn/record.ts';

const answer = (model: string, choice: number | undefined, expected?: number): AnswerRecord => ({
  ...{ model, choice, out_tokens: 9, length: 0, unusable: false, shown: [], better: 0 },
  ...(expected !== undefined && { expected }),
});
const record = (taken: string, ...answers: readonly AnswerRecord[]): RouteRecord => ({
  ...{ features: { at: [0], value: [1] }, lineage: '', topic: undefined, answers, taken },
});
const told = (of: RouteRecord, right: number) =>
  lessonsOf(of, right).map(({ model, right: own, weight }) => [model, own, weight] as const);

describe('a word on a result', () => {
  test('says the same of who said the same, and that others are wrong beside a right one', () => {
    const came = [answer('a', 0, 0.4), answer('b', 1, 0.3), answer('c', 1, 0.6)];
    expect(told(record('c', ...came), 1)).toEqual([
      ['a', 0, 1],
      ['b', 1, 1],
      ['c', 1, 1],
    ]);
  });

  test('that it is wrong leaves who differs as right as is to be expected then, for less than a word', () => {
    const [one, two] = told(record('b', answer('a', 0, 0.3), answer('b', 1, 0.4)), 0);
    // Of the chance that b is wrong, 0.6, half is that a is right.
    expect(one?.[1]).toBeCloseTo(0.5);
    expect(one?.[2]).toBe(0.5);
    expect(two).toEqual(['b', 0, 1]);
  });

  test('says nothing of who differs from a wrong one where nobody has said what was expected', () => {
    expect(told(record('b', answer('a', 0), answer('b', 1)), 0)).toEqual([['b', 0, 1]]);
    expect(told(record('b', answer('a', undefined, 0.5), answer('b', 1, 0.5)), 0)).toEqual([['b', 0, 1]]);
  });

  test('never holds anybody righter than is possible, whatever was expected', () => {
    const chance = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), chance), { minLength: 1, maxLength: 3 }), chance, (came, right) => {
        const answers = came.map(([choice, expected], i) => answer(`m${i}`, choice, expected));
        for (const { model } of answers)
          for (const lesson of lessonsOf(record(model, ...answers), right)) {
            expect(lesson.right).toBeGreaterThanOrEqual(0);
            expect(lesson.right).toBeLessThanOrEqual(1);
            expect(lesson.weight).toBeLessThanOrEqual(1);
          }
      }),
      { seed: 1_701, numRuns: 300 },
    );
  });
});
