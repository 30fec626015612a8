import { describe, expect, test } from 'vitest';
import { type AnswerRecord, lessonsOf, type RouteRecord } from '../../src/learn/record.ts';

const answer = (model: string, choice: number | undefined): AnswerRecord => ({
  ...{ model, choice, out_tokens: 9, length: 0, unusable: false, shown: [], better: 0 },
});
const record = (taken: string, ...answers: readonly AnswerRecord[]): RouteRecord => ({
  ...{ features: { at: [0], value: [1] }, lineage: '', topic: undefined, answers, taken },
});
const told = (of: RouteRecord, right: number) => lessonsOf(of, right).map(({ model, right: own }) => [model, own]);

describe('a word on a result', () => {
  test('says the same of who said the same, and that others are wrong beside a right one', () => {
    const came = [answer('a', 0), answer('b', 1), answer('c', 1)];
    expect(told(record('c', ...came), 1)).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 1],
    ]);
  });

  test('says nothing of who differs from a wrong one, or cannot be compared', () => {
    expect(told(record('b', answer('a', 0), answer('b', 1)), 0)).toEqual([['b', 0]]);
    expect(told(record('b', answer('a', undefined), answer('b', 1)), 1)).toEqual([['b', 1]]);
  });
});
