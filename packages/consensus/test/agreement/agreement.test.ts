import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  agreementOf,
  comparable,
  cosineScorer,
  findingAgreement,
  hashedEmbedder,
  JACCARD,
  ROUGE_1,
  ROUGE_L,
  type Scorer,
  Vectors,
  wordsOf,
} from '../../src/index.ts';
import { align, lcsLength, placesOf } from '../../src/agreement/lcs.ts';
import { anyFinding, finding } from '../findings/support.ts';

const score = <T>(scorer: Scorer<T>, a: string, b: string): number =>
  scorer.score(scorer.prepare(a), scorer.prepare(b));
const COSINE = cosineScorer(hashedEmbedder());
const letters = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 150, size: 'max' });
const prose = fc
  .array(fc.constantFrom(...'the cat sat on a mat and 猫 purred'.split(' ')), { maxLength: 30 })
  .map((w) => w.join(' '));

describe('scores of words', () => {
  test('are those of the papers', () => {
    const [a, b] = ['police killed the gunman', 'police kill the gunman'];
    expect(score(JACCARD, a, b)).toBe(3 / 5);
    expect(score(ROUGE_1, a, b)).toBe(3 / 4);
    // The example of Lin 2004: the same words in another order have a shorter common subsequence.
    expect(score(ROUGE_L, a, b)).toBe(3 / 4);
    expect(score(ROUGE_L, a, 'the gunman kill police')).toBe(2 / 4);
    expect(score(ROUGE_1, 'a a b', 'a b b')).toBe(2 / 3);
    expect(score(ROUGE_1, '', '')).toBe(1);
    expect(score(ROUGE_L, 'a', '')).toBe(0);
  });

  test.each([
    ['jaccard', (a: string, b: string) => score(JACCARD, a, b)],
    ['rouge_1', (a: string, b: string) => score(ROUGE_1, a, b)],
    ['rouge_l', (a: string, b: string) => score(ROUGE_L, a, b)],
    ['cosine', (a: string, b: string) => score(COSINE, a, b)],
  ])('%s is symmetric, within 0 and 1, and 1 for the same', (_, of) => {
    const text = fc.oneof(prose, fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(of(a, b)).toBeCloseTo(of(b, a), 12);
        expect(of(a, b)).toBeGreaterThanOrEqual(0);
        expect(of(a, b)).toBeLessThanOrEqual(1);
        expect(of(a, a)).toBeCloseTo(1, 6);
      }),
    );
  });

  test('the words of a script without blanks are its characters', () => {
    expect(wordsOf('我喜欢猫 and dogs')).toEqual(['我', '喜', '欢', '猫', 'and', 'dogs']);
  });

  test('of a long text both ends are compared', () => {
    const middle = 'word '.repeat(50_000);
    const words = wordsOf(`begin ${middle} end`);
    expect(words).toHaveLength(1_024);
    expect([words[0], words.at(-1)]).toEqual(['begin', 'end']);
  });
});

/** The textbook's table, as an oracle. */
function slowLcs(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const one of a) {
    const next = [0];
    for (const [j, other] of b.entries()) {
      next.push(one === other ? (row[j] ?? 0) + 1 : Math.max(row[j + 1] ?? 0, next[j] ?? 0));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

describe('the longest common subsequence', () => {
  test('is as long as the table says, and is one', () => {
    fc.assert(
      fc.property(letters, letters, (a, b) => {
        const length = lcsLength(placesOf(a), b);
        expect(length).toBe(slowLcs(a, b));
        const marks = align(a, b);
        const picked = a.filter((_, i) => marks.a[i] === 1);
        expect(picked).toEqual(b.filter((_, j) => marks.b[j] === 1));
        expect(picked).toHaveLength(length);
      }),
    );
  });
});

describe('agreement of answers', () => {
  test('is the mean over pairs', () => {
    const { mean, weighted, matrix } = agreementOf(['a b', 'a b', 'c d'], JACCARD, [1, 1, 0]);
    expect(mean).toBeCloseTo(1 / 3);
    expect(weighted).toBe(1);
    expect(matrix).toEqual([
      [1, 1, 0],
      [1, 1, 0],
      [0, 0, 1],
    ]);
    expect(agreementOf(['a', 'b'], JACCARD, [0, -1])).toMatchObject({ mean: 0, weighted: 0 });
  });

  test('fewer than two agree with nobody; more than 64 are not compared', () => {
    expect(agreementOf([], JACCARD)).toEqual({ mean: undefined, weighted: undefined, matrix: [] });
    expect(agreementOf(['a'], JACCARD).mean).toBeUndefined();
    expect(agreementOf(Array<string>(70).fill('a'), ROUGE_L).matrix).toHaveLength(64);
  });

  test('does not depend on their order', () => {
    fc.assert(
      fc.property(fc.array(prose, { minLength: 2, maxLength: 8 }), (texts) => {
        const one = agreementOf(texts, ROUGE_L).mean ?? -1;
        expect(agreementOf([...texts].reverse(), ROUGE_L).mean).toBeCloseTo(one, 12);
        expect(one).toBeGreaterThanOrEqual(0);
        expect(one).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('agreement of findings', () => {
  const vectors = new Vectors(hashedEmbedder());
  const of = (a: Parameters<typeof comparable>[0], b: typeof a, floor?: number): number =>
    findingAgreement(comparable(a, vectors), comparable(b, vectors), floor);

  test('has the published weights', () => {
    const other = { claim: 'xyzzy' };
    expect(of(finding(), finding())).toBe(1);
    expect(of(finding(other), finding(other))).toBe(1);
    // Half of the lines: 10-12 and 11-13 share two of four.
    expect(of(finding(), finding({ span: { start_line: 11, end_line: 13 } }))).toBeCloseTo(0.5 + 0.3 * 0.5 + 0.2);
    expect(of(finding(), finding({ severity: 'low' }))).toBeCloseTo(0.5 + 0.3 + 0.1);
    expect(of(finding({ tests: ['a'] }), finding({ tests: ['b'] }))).toBeCloseTo(0.5 + 0.3 + (0.2 * 2) / 3);
    expect(of(finding(), finding({ file: 'src/b.ts' }))).toBeCloseTo(0.5 + 0.2);
  });

  test('what neither has leaves its weight to the rest', () => {
    const nowhere = { file: '', span: undefined };
    expect(of(finding(nowhere), finding({ ...nowhere, severity: 'low' }))).toBeCloseTo((0.5 + 0.1) / 0.7);
  });

  test('a range of ten million lines costs no more than another', () => {
    const wide = finding({ span: { start_line: 1, end_line: 10_000_000 } });
    expect(of(wide, finding())).toBeCloseTo(0.7, 3);
  });

  test('is symmetric, within 0 and 1, 1 for the same, and exact above its floor', () => {
    fc.assert(
      fc.property(anyFinding, anyFinding, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, floor) => {
        const value = of(a, b);
        expect(value).toBeCloseTo(of(b, a), 12);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(of(a, a)).toBeCloseTo(1, 12);
        if (value >= floor) expect(of(a, b, floor)).toBe(value);
        expect(of(a, b, value)).toBe(value);
        const echo = { ...b, claim: a.claim };
        expect(of(a, echo, of(a, echo))).toBe(of(a, echo));
      }),
    );
  });
});
