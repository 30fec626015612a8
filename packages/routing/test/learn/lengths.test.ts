import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layoutOf } from '../../src/learn/layout.ts';
import { LENGTHS_MAX, TenantLearned } from '../../src/learn/learned.ts';
import { LengthView } from '../../src/learn/lengths.ts';

const tokens = fc.integer({ min: 1, max: 30_000 });
/** Enough answers to be known, around `middle`. */
const known = fc.array(tokens, { minLength: 20, maxLength: 60 });
/** What a tenant has learned of lengths. */
class Told extends LengthView {
  readonly #learned: TenantLearned;

  constructor(learned: TenantLearned = new TenantLearned(layoutOf(4), 720, 0, false)) {
    super(learned.lengths);
    this.#learned = learned;
  }

  add(model: string, topic: number | undefined, tokens: number): void {
    this.#learned.addLength(model, topic, tokens, 1);
  }
}

const told = (list: readonly number[], topic?: number, model: string = 'm'): Told => {
  const lengths = new Told();
  for (const one of list) lengths.add(model, topic, one);
  return lengths;
};
const average = (list: readonly number[]): number => list.reduce((sum, one) => sum + one, 0) / list.length;

describe('tokens to expect', () => {
  test('are the usual ones of a model and of a topic nobody has seen', () => {
    const lengths = told([900, 900], 1);
    expect(new Told().expected('m', undefined, 500)).toBe(500);
    expect(new Told().expected('m', 3, 500)).toBe(500);
    expect(lengths.expected('other', 1, 500)).toBe(500);
    expect(lengths.expected('m', 2, 500)).toBe(lengths.expected('m', undefined, 500));
  });

  test('lie between the usual ones and the mean of what came, ever nearer to it', () => {
    fc.assert(
      fc.property(tokens, tokens, fc.integer({ min: 1, max: 200 }), (each, usual, answers) => {
        const lengths = new Told();
        let before = Math.abs(usual - each);
        for (let i = 0; i < answers; i += 1) {
          lengths.add('m', undefined, each);
          const off = lengths.expected('m', undefined, usual) - each;
          expect(Math.abs(off)).toBeLessThanOrEqual(before + 1e-9);
          expect(off * (usual - each)).toBeGreaterThanOrEqual(-1e-6);
          before = Math.abs(off);
        }
        // What is usual counts for ten answers.
        expect(before).toBeCloseTo((Math.abs(usual - each) * 10) / (answers + 10), 6);
      }),
      { seed: 1_401, numRuns: 50 },
    );
  });

  test('of a topic shrink toward those of the model, and these toward the usual', () => {
    fc.assert(
      fc.property(known, known, tokens, (here, there, usual) => {
        const lengths = told(here, 1);
        for (const one of there) lengths.add('m', 2, one);
        const all = lengths.expected('m', undefined, usual);
        const sure = here.length + there.length;
        expect(all).toBeCloseTo((average([...here, ...there]) * sure + 10 * usual) / (sure + 10), 6);
        const of_topic = lengths.expected('m', 1, usual);
        expect(of_topic).toBeCloseTo((average(here) * here.length + 10 * all) / (here.length + 10), 6);
      }),
      { seed: 1_402, numRuns: 200 },
    );
  });

  test('are those of the model alone: nobody else counts, whatever the name', () => {
    const names = fc.oneof(fc.string(), fc.constantFrom('m', ' m', '1 m', '1', '', ' ', 'undefined m'));
    const topics = fc.option(fc.nat(3), { nil: undefined });
    fc.assert(
      fc.property(names, topics, names, topics, (one, topic, other, of_other) => {
        fc.pre(one !== other);
        const lengths = new Told();
        for (let i = 0; i < 30; i += 1) lengths.add(one, topic, 1_000);
        expect(lengths.expected(other, of_other, 77)).toBe(77);
        expect(lengths.beyond(other, of_other, 9_000)).toBe(0);
      }),
      { seed: 1_403, numRuns: 500 },
    );
  });

  test('of more models than are kept stay the usual ones, and those kept go on', () => {
    const lengths = new Told();
    for (let i = 0; i < LENGTHS_MAX; i += 1) lengths.add(`m${i}`, undefined, 100);
    lengths.add('one more', undefined, 100);
    expect(lengths.expected('one more', undefined, 900)).toBe(900);
    lengths.add('m0', undefined, 100);
    expect(lengths.expected('m0', undefined, 900)).toBe((2 * 100 + 10 * 900) / 12);
    // No place for a topic of it either: what is known of the model is what is expected there.
    lengths.add('m0', 5, 100);
    expect(lengths.expected('m0', 5, 900)).toBe(lengths.expected('m0', undefined, 900));
  });
});

describe('how far an answer is beyond the usual', () => {
  test('is 0 until twenty answers are known', () => {
    const lengths = new Told();
    for (let i = 0; i < 20; i += 1) {
      expect(lengths.beyond('m', undefined, 1_000_000)).toBe(0);
      expect(lengths.beyond('m', 4, 1)).toBe(0);
      lengths.add('m', 4, 100 + i);
    }
    expect(lengths.beyond('m', undefined, 1_000_000)).toBe(3);
    expect(lengths.beyond('m', 4, 1)).toBe(-3);
    expect(lengths.beyond('other', 4, 1)).toBe(0);
  });

  test('stays within 3 either way, and is right in its sign', () => {
    fc.assert(
      fc.property(known, fc.integer({ min: 0, max: 1_000_000 }), (list, one) => {
        const beyond = told(list).beyond('m', undefined, one);
        expect(beyond).toBeGreaterThanOrEqual(-3);
        expect(beyond).toBeLessThanOrEqual(3);
        const off = Math.log1p(one) - average(list.map(Math.log1p));
        if (Math.abs(off) > 1e-9) expect(Math.sign(beyond)).toBe(Math.sign(off));
      }),
      { seed: 1_404, numRuns: 500 },
    );
  });

  test('is in standard deviations of the logarithm', () => {
    fc.assert(
      fc.property(known, tokens, (list, one) => {
        const logs = list.map(Math.log1p);
        const variance = average(logs.map((log) => (log - average(logs)) ** 2));
        // Of almost equal lengths the deviation is set to a least one.
        fc.pre(variance > 0.01);
        const plain = (Math.log1p(one) - average(logs)) / Math.sqrt(variance);
        expect(told(list).beyond('m', undefined, one)).toBeCloseTo(Math.max(-3, Math.min(3, plain)), 3);
      }),
      { seed: 1_405, numRuns: 300 },
    );
  });

  test('never falls with the length', () => {
    fc.assert(
      fc.property(known, tokens, tokens, (list, a, b) => {
        const lengths = told(list);
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        expect(lengths.beyond('m', undefined, less)).toBeLessThanOrEqual(lengths.beyond('m', undefined, more));
      }),
      { seed: 1_406, numRuns: 200 },
    );
  });

  test('does not depend on the order of answers', () => {
    const shuffled = known.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, tokens, ([list, other], one) => {
        expect(told(other).beyond('m', undefined, one)).toBeCloseTo(told(list).beyond('m', undefined, one), 6);
        expect(told(other).expected('m', undefined, 9)).toBeCloseTo(told(list).expected('m', undefined, 9), 6);
      }),
      { seed: 1_407, numRuns: 200 },
    );
  });

  test('is that of the topic once it is known, and of the model until then', () => {
    const lengths = told(
      Array.from({ length: 40 }, (_, i) => 1_000 + 10 * i),
      1,
    );
    for (let i = 0; i < 19; i += 1) lengths.add('m', 2, 40 + i);
    // Short for the model, as topic 2 is not known yet.
    expect(lengths.beyond('m', 2, 100)).toBe(lengths.beyond('m', undefined, 100));
    expect(lengths.beyond('m', 2, 100)).toBeLessThan(0);
    lengths.add('m', 2, 60);
    expect(lengths.beyond('m', 2, 100)).toBe(3);
    expect(lengths.beyond('m', 1, 100)).toBe(-3);
  });

  test('answers that are all the same are beyond nothing', () => {
    const lengths = told(Array.from({ length: 25 }, () => 300));
    expect(lengths.beyond('m', undefined, 300)).toBeCloseTo(0, 6);
    expect(lengths.beyond('m', undefined, 3_000)).toBe(3);
  });
});
