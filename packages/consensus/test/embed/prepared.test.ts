import { describe, expect, test } from 'vitest';
import {
  type FallBack,
  hashedEmbedder,
  overPrepared,
  PreparedVectors,
  type Reconciled,
  type Strategy,
  textsToEmbed,
  Vectors,
} from '../../src/index.ts';
import { decide, resultOf, said, sceneOf } from '../strategies/say.ts';
import { finding, SETTINGS, viewOf } from '../strategies/scenes.ts';
import { made } from '../strategies/tools.ts';

const CAT = 'The cat sat on the mat today';
const FELINE = 'A feline rested upon a rug';
const DOG = 'The cat sat on the mat today, barking';

/** Two texts of one meaning in other words, and one in their words that means something else. */
const MEANINGS: Readonly<Record<string, readonly number[]>> = { [CAT]: [1, 0], [FELINE]: [1, 0.1], [DOG]: [0, 1] };

function prepared(texts: readonly string[], baseline: number = 0): { vectors: PreparedVectors; told: FallBack[] } {
  const told: FallBack[] = [];
  const vectors = new PreparedVectors('toy/2', baseline, new Vectors(hashedEmbedder()), (why) => told.push(why));
  vectors.put(
    texts,
    texts.map((text) => Float32Array.from(MEANINGS[text] ?? [])),
  );
  return { vectors, told };
}

const scene = sceneOf([said('', FELINE), said('', CAT), said('', DOG)], { settings: { kind: 'weighted_merge' } });

test('the medoid is that of meanings where there are vectors of them, and of words where there are none', () => {
  const { vectors, told } = prepared([CAT, FELINE, DOG]);
  const byMeaning = resultOf(overPrepared(made('weighted_merge', { vectors }), vectors), scene);
  expect([byMeaning.text, byMeaning.why[0]]).toEqual([
    FELINE,
    'likeness of texts is that of their embeddings by toy/2',
  ]);
  expect(resultOf(made('weighted_merge'), scene).text).toBe(CAT);
  expect(told).toEqual([]);
});

test('a text without a vector has the whole session compare words, and it is said and told once', () => {
  const { vectors, told } = prepared([CAT, FELINE]);
  const strategy = overPrepared(made('weighted_merge', { vectors }), vectors);
  const first = resultOf(strategy, scene);
  expect(first.text).toBe(CAT);
  expect(first.agreement).toBe(resultOf(made('weighted_merge'), scene).agreement);
  expect(first.uncertainties[0]).toContain('compared by their words and not by toy/2');
  expect(resultOf(strategy, scene)).toEqual(first);
  expect(told.map(({ reason }) => reason)).toEqual(['not_embedded']);
  expect(vectors.missing([DOG])).toEqual([]);
});

test('nearness begins at what texts have in common that have nothing in common', () => {
  const agreement = (baseline: number): number => {
    const { vectors } = prepared([CAT, FELINE, DOG], baseline);
    return resultOf(overPrepared(made('weighted_merge', { vectors }), vectors), scene).agreement;
  };
  // Cosines of 0.995, 0.0995 and 0.
  expect(agreement(0)).toBeCloseTo((0.99504 + 0.0995 + 0) / 3, 4);
  expect(agreement(0.5)).toBeCloseTo((0.99504 - 0.5) / 0.5 / 3, 4);
});

test('a strategy that needs no vectors says nothing of them', () => {
  const { vectors, told } = prepared([]);
  const verdict = decide(overPrepared(made('majority', { vectors }), vectors), sceneOf(['A', 'A', 'B']), 3);
  expect(JSON.stringify(verdict)).not.toContain('toy/2');
  expect(told).toEqual([]);
});

describe('what is kept of answers between two decisions', () => {
  /** Found in one place by nobody: only their words tell whether they are one. */
  const review = (claim: string): ReturnType<typeof said> => ({
    ...said('', claim),
    findings: [{ ...finding(0, 0, 1, 1, 5), file: '', span: undefined, evidence: [], claim }],
  });
  const view = viewOf(sceneOf([review(CAT), review(FELINE)], { settings: { kind: 'union' } }), 2);
  const decided = (strategy: Strategy): Reconciled => {
    const verdict = strategy.decide(view);
    if (verdict.kind !== 'done') throw new Error('all have answered');
    return verdict.result;
  };

  test('says again whose vectors it is of', () => {
    const { vectors } = prepared([CAT, FELINE]);
    const strategy = overPrepared(made('union', { vectors }), vectors);
    const first = decided(strategy);
    expect([first.findings?.length, first.why[0]]).toEqual([
      1,
      'likeness of texts is that of their embeddings by toy/2',
    ]);
    expect(decided(strategy)).toEqual(first);
  });

  test('is dropped when the session falls back', () => {
    const { vectors } = prepared([CAT, FELINE]);
    const strategy = overPrepared(made('union', { vectors }), vectors);
    expect(decided(strategy).findings).toHaveLength(1);
    vectors.fallBack({ reason: 'timeout', words: 'it took too long' });
    const hashed = decided(strategy);
    expect(hashed.findings).toEqual(decided(made('union')).findings);
    expect(hashed.findings).toHaveLength(2);
    expect(hashed.uncertainties[0]).toContain('compared by their words and not by toy/2');
  });

  test('is made anew where a vector is missing', () => {
    const { vectors } = prepared([CAT]);
    expect(decided(overPrepared(made('union', { vectors }), vectors)).findings).toEqual(
      decided(made('union')).findings,
    );
  });
});

test('a copy has the same vectors, and what it lacks changes nothing of the session', () => {
  const { vectors, told } = prepared([CAT, FELINE]);
  const copy = vectors.copy();
  expect(copy.of(CAT)).toBe(vectors.of(CAT));
  expect(resultOf(overPrepared(made('weighted_merge', { vectors: copy }), copy), scene).text).toBe(CAT);
  expect([copy.fallen?.reason, vectors.fallen, told]).toEqual(['not_embedded', undefined, []]);
});

describe('what cannot be compared has it fall back', () => {
  test.each([
    ['of another length', [[1, 0], [1]]],
    [
      'not numbers',
      [
        [1, 0],
        [Number.NaN, 1],
      ],
    ],
    ['empty', [[], []]],
    ['too few', [[1, 0]]],
  ])('%s', (_, rows) => {
    const { vectors, told } = prepared([]);
    vectors.put(
      ['a', 'b'],
      rows.map((row) => Float32Array.from(row)),
    );
    expect(told.map(({ reason }) => reason)).toEqual(['unfit']);
    expect(vectors.sees_meaning).toBe(false);
  });

  test('more texts than a session may have', () => {
    const { vectors, told } = prepared([]);
    const texts = Array.from({ length: 4_097 }, (_, i) => `${i}`);
    vectors.put(
      texts,
      texts.map(() => Float32Array.of(1)),
    );
    expect(told.map(({ reason }) => reason)).toEqual(['too_many']);
  });
});

describe('the texts that are embedded', () => {
  const { plan } = viewOf(scene, 0);
  const of = (kind: typeof SETTINGS.kind, findings: boolean): readonly string[] =>
    textsToEmbed(
      { ...plan, strategy: { ...SETTINGS, kind } },
      { text: 'words', findings: findings ? [finding(0, 0, 1, 1, 5)] : undefined },
    );

  test.each([
    ['majority', [], []],
    ['weighted_merge', ['words'], ['The cache is never cleared.']],
    ['union', [], ['The cache is never cleared.']],
    ['adaptive', [], ['The cache is never cleared.']],
  ] as const)('%s', (kind, texts, claims) => {
    expect([of(kind, false), of(kind, true)]).toEqual([texts, claims]);
  });
});
