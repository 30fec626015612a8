import { cosine, type Embedder } from '../embed/embedder.ts';
import { type Places, placesOf } from './lcs.ts';
import { jaccard, rouge1, rougeL } from './scores.ts';
import { wordsOf } from './words.ts';

/** Answers that are compared, those of the first lanes; the rest is not. A fan-out has no more. */
export const ANSWERS_MAX = 64;

/** How near two texts are, 0 to 1. Each is prepared once and then compared with all others. */
export interface Scorer<Prepared> {
  readonly id: string;
  prepare(text: string): Prepared;
  /** Symmetric; 1 for a text with itself. */
  score(a: Prepared, b: Prepared): number;
}

export const JACCARD: Scorer<ReadonlySet<string>> = {
  id: 'jaccard',
  prepare: (text) => new Set(wordsOf(text)),
  score: jaccard,
};

export const ROUGE_1: Scorer<readonly string[]> = { id: 'rouge_1', prepare: wordsOf, score: rouge1 };

export const ROUGE_L: Scorer<Places> = {
  id: 'rouge_l',
  prepare: (text) => placesOf(wordsOf(text)),
  score: rougeL,
};

/** Cosine of embeddings; what points away from each other agrees as little as what has nothing in common. */
export function cosineScorer(embedder: Embedder): Scorer<Float32Array> {
  return {
    id: `cosine/${embedder.id}`,
    prepare: (text) => embedder.embed([text])[0] ?? new Float32Array(embedder.dims),
    score: vectorAgreement,
  };
}

/** The cosine, 0 where it is negative; 1 for two texts without words. */
export function vectorAgreement(a: Float32Array, b: Float32Array): number {
  if (a === b || (a.every((value) => value === 0) && b.every((value) => value === 0))) return 1;
  return Math.max(0, cosine(a, b));
}

/** How answers agree with each other. */
export interface Agreement {
  /** Mean over all pairs; undefined with fewer than two answers, which agree with nobody. */
  readonly mean: number | undefined;
  /** The same with each pair counted by the product of its weights; as `mean` where all weights are 0. */
  readonly weighted: number | undefined;
  /** Symmetric, 1 on the diagonal; in the order of the answers. */
  readonly matrix: readonly (readonly number[])[];
}

/** Sums what a matrix says of the agreement of all. Weights below 0 count as 0; absent ones as 1. */
export function agreementIn(matrix: readonly (readonly number[])[], weights: readonly number[] = []): Agreement {
  const weightAt = (at: number): number => Math.max(0, weights[at] ?? 1);
  let sum = 0;
  let pairs = 0;
  let weightedSum = 0;
  let weightSum = 0;
  matrix.forEach((row, i) => {
    for (let j = i + 1; j < row.length; j += 1) {
      const weight = weightAt(i) * weightAt(j);
      sum += row[j] ?? 0;
      pairs += 1;
      weightedSum += weight * (row[j] ?? 0);
      weightSum += weight;
    }
  });
  const mean = pairs === 0 ? undefined : sum / pairs;
  return { mean, weighted: weightSum > 0 ? weightedSum / weightSum : mean, matrix };
}

/** The symmetric matrix of scores of all pairs of so many things; each pair is scored once. */
export function pairMatrix(size: number, score: (i: number, j: number) => number): number[][] {
  const matrix = Array.from({ length: size }, () => new Array<number>(size).fill(1));
  for (let i = 0; i < size; i += 1) {
    for (let j = i + 1; j < size; j += 1) {
      const value = score(i, j);
      (matrix[i] ?? [])[j] = value;
      (matrix[j] ?? [])[i] = value;
    }
  }
  return matrix;
}

/** How texts agree, pair by pair. Of more than `ANSWERS_MAX` the first so many are compared. */
export function agreementOf<Prepared>(
  texts: readonly string[],
  scorer: Scorer<Prepared>,
  weights: readonly number[] = [],
): Agreement {
  const prepared = texts.slice(0, ANSWERS_MAX).map((text) => scorer.prepare(text));
  const matrix = pairMatrix(prepared.length, (i, j) => scorer.score(prepared[i] as Prepared, prepared[j] as Prepared));
  return agreementIn(matrix, weights);
}
