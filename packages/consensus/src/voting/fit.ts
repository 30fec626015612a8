import type { Moments } from './moments.ts';
import type { PairCounts } from './pairs.ts';
import { dot, solve, times } from './solve.ts';
import { spectralWeights } from './spectral.ts';
import { at } from './triangle.ts';

/** Before so many prompts each vote counts the same. */
const PROMPTS_MIN = 5;
/** Among fewer, one that outweighs the others makes the vote that it is then measured against: weights stay with agreement. */
const SOURCES_MIN = 5;
/** How far weights stay with those of agreement, since the votes that stand for the truth are not it: prompts, and a part of all. */
const STAY_PROMPTS = 30;
const STAY_PART = 1;
/** What was learned without labels counts as so many labelled prompts. */
const LABEL_FREE_PROMPTS = 100;
/** What was learned of all clusters counts for one as so many labelled prompts of its own. */
const GLOBAL_PROMPTS = 200;
const JITTER = 1e-3;

export interface LabelFree {
  /** By agreement alone. Its vote stands for the truth in `Moments`; taking the final weights there feeds on itself. */
  readonly agreement: Float64Array;
  readonly weights: Float64Array;
}

/** Weights without labels: by agreement, then by least squares against the vote of these, which discounts correlated sources. */
export function fitLabelFree(pairs: PairCounts, self: Moments, rows: number): LabelFree {
  if (self.count < PROMPTS_MIN) {
    const alike = new Float64Array(rows).fill(1);
    return { agreement: alike, weights: alike };
  }
  const agreement = spectralWeights(pairs, rows);
  if (rows < SOURCES_MIN) return { agreement, weights: agreement };
  const stay = STAY_PROMPTS + STAY_PART * self.count;
  const unit = inSquares(agreement, self, rows);
  const matrix = self.gram.slice(0, at(rows, 0));
  const target = self.pull.slice(0, rows);
  for (let i = 0; i < rows; i += 1) {
    matrix[at(i, i)] = (matrix[at(i, i)] ?? 0) + stay;
    target[i] = (target[i] ?? 0) + stay * (agreement[i] ?? 0) * unit;
  }
  return { agreement, weights: solve(matrix, target, rows).map((x) => Math.max(0, x)) };
}

/** The factor with which weights predict best, in squares. */
function inSquares(weights: Float64Array, self: Moments, rows: number): number {
  const below = dot(weights, times(self.gram, weights, rows));
  return below > 0 ? Math.max(0, dot(weights, self.pull.subarray(0, rows)) / below) : 1;
}

/** Weights with labels: least squares, drawn to what was learned without them. */
export function fitLabelled(label_free: Float64Array, self: Moments, labelled: Moments, rows: number): Float64Array {
  const unit = inSquares(label_free, seenIn(self, labelled), rows);
  const prior = label_free.map((x) => x * unit);
  return drawn(prior, LABEL_FREE_PROMPTS, self, labelled, rows);
}

/** Weights of a cluster, drawn to those of all. */
export function fitCluster(all: Float64Array, self: Moments, labelled: Moments, rows: number): Float64Array {
  return drawn(all, GLOBAL_PROMPTS, self, labelled, rows);
}

/** Who agrees with whom: from all prompts, or where only labelled ones were handed in, from these. */
function seenIn(self: Moments, labelled: Moments): Moments {
  return self.count > 0 ? self : labelled;
}

/** Least squares of labelled prompts and of `prompts` more that look like those seen, which are predicted as `prior` does. */
function drawn(prior: Float64Array, prompts: number, self: Moments, labelled: Moments, rows: number): Float64Array {
  const { gram, count } = seenIn(self, labelled);
  const length = at(rows, 0);
  const factor = prompts / Math.max(1, count);
  const matrix = new Float64Array(length);
  for (let cell = 0; cell < length; cell += 1) matrix[cell] = (labelled.gram[cell] ?? 0) + factor * (gram[cell] ?? 0);
  const target = times(gram, prior, rows).map((x, i) => factor * x + (labelled.pull[i] ?? 0));
  for (let i = 0; i < rows; i += 1) {
    matrix[at(i, i)] = (matrix[at(i, i)] ?? 0) + JITTER;
    target[i] = (target[i] ?? 0) + JITTER * (prior[i] ?? 0);
  }
  return solve(matrix, target, rows);
}
