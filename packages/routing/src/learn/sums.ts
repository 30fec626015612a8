import { isNumber, isTime, shapeOf } from '@atp-router/kernel';
import type { Features } from './belief.ts';
import { factorize } from './solve.ts';
import { isSparse, type Sparse, sparseOf } from './sparse.ts';

/** No feature is farther from 0. */
const FEATURE_MAX = 4;
const OBSERVATIONS_MAX = 1e12;
/** Records are rounded to seven digits: as much may be missing of what has to hold of sums. */
const ROUNDED = 1e-5;

/** Sums of observations as JSON. `a`: the lower half of Σ x xᵀ by rows; `b`: Σ x y. */
export interface SumsRecord {
  readonly n: number;
  readonly better: number;
  readonly a: Sparse;
  readonly b: Sparse;
}

/**
 * All that a linear regression has to know of what was observed, as sums: those of several origins add up in any order, and
 * what is old counts less by a factor.
 */
export class RegressionSums {
  readonly dims: number;
  /** Observations, by their weight. */
  n = 0;
  /** Sum of how much better than the average model it was expected to be before. */
  better = 0;
  /** The lower half of Σ x xᵀ, by rows. */
  readonly a: Float64Array;
  /** Σ x y. */
  readonly b: Float64Array;

  constructor(dims: number) {
    this.dims = dims;
    this.a = new Float64Array((dims * (dims + 1)) / 2);
    this.b = new Float64Array(dims);
  }

  observe({ at, value }: Features, y: number, weight: number, better: number = 0): void {
    this.n += weight;
    this.better += weight * better;
    for (let i = 0; i < at.length; i += 1) {
      const own = at[i] ?? 0;
      const x = weight * (value[i] ?? 0);
      this.b[own] = (this.b[own] ?? 0) + x * y;
      for (let j = 0; j <= i; j += 1) {
        const other = at[j] ?? 0;
        const place = own > other ? (own * (own + 1)) / 2 + other : (other * (other + 1)) / 2 + own;
        this.a[place] = (this.a[place] ?? 0) + x * (value[j] ?? 0);
      }
    }
  }

  /** Takes back what was observed with the same. Sums that were kept meanwhile are rounded: of what nothing is left nothing stays. */
  remove(features: Features, y: number, weight: number, better: number): void {
    this.observe(features, y, -weight, better);
    if (this.n < ROUNDED) {
      this.times(0);
      return;
    }
    for (const at of features.at) {
      if ((this.a[(at * (at + 1)) / 2 + at] ?? 0) < ROUNDED) this.forget(at, at + 1);
    }
  }

  times(factor: number): void {
    this.n *= factor;
    this.better *= factor;
    for (let i = 0; i < this.a.length; i += 1) this.a[i] = (this.a[i] ?? 0) * factor;
    for (let i = 0; i < this.b.length; i += 1) this.b[i] = (this.b[i] ?? 0) * factor;
  }

  add(other: RegressionSums, factor: number): void {
    this.n += factor * other.n;
    this.better += factor * other.better;
    for (let i = 0; i < this.a.length; i += 1) this.a[i] = (this.a[i] ?? 0) + factor * (other.a[i] ?? 0);
    for (let i = 0; i < this.b.length; i += 1) this.b[i] = (this.b[i] ?? 0) + factor * (other.b[i] ?? 0);
  }

  /** Nothing is known any more of features from `from` to before `to`. */
  forget(from: number, to: number): void {
    for (let i = from; i < to; i += 1) {
      this.b[i] = 0;
      for (let j = 0; j <= i; j += 1) this.a[(i * (i + 1)) / 2 + j] = 0;
      for (let k = i; k < this.dims; k += 1) this.a[(k * (k + 1)) / 2 + i] = 0;
    }
  }

  record(): SumsRecord {
    const [n, better] = [rounded(this.n), rounded(this.better)];
    return { n, better, a: sparseOf(this.a, rounded), b: sparseOf(this.b, rounded) };
  }

  /** `record` was found to be one of `dims` features. */
  static of({ n, better, a, b }: SumsRecord, dims: number): RegressionSums {
    const sums = new RegressionSums(dims);
    sums.n = n;
    sums.better = better;
    for (const [i, place] of a.at.entries()) sums.a[place] = a.value[i] ?? 0;
    for (const [i, place] of b.at.entries()) sums.b[place] = b.value[i] ?? 0;
    return sums;
  }
}

const rounded = (value: number): number => Number(value.toPrecision(7));

const hasSums = shapeOf({ n: isTime, better: isNumber });

/** Whether observations can have made these: `y` lies from 0 to 1, and the first feature is always 1. */
export function isSumsRecord(value: unknown, dims: number): value is SumsRecord {
  if (!hasSums(value)) return false;
  const { n, better, a, b } = value as SumsRecord;
  if (n > OBSERVATIONS_MAX || Math.abs(better) > n * FEATURE_MAX) return false;
  if (!isSparse(a, (dims * (dims + 1)) / 2) || !isSparse(b, dims)) return false;
  const sums = RegressionSums.of(value as SumsRecord, dims);
  const room = ROUNDED * (n + 1);
  if (Math.abs((sums.a[0] ?? 0) - n) > room) return false;
  const matrix = new Float64Array(dims * dims);
  for (let i = 0; i < dims; i += 1) {
    for (let j = 0; j <= i; j += 1) matrix[i * dims + j] = sums.a[(i * (i + 1)) / 2 + j] ?? 0;
    const own = matrix[i * dims + i] ?? 0;
    const most = own > 0 ? Math.sqrt(own * n) : 0;
    if (own < 0 || own > FEATURE_MAX ** 2 * n + room || Math.abs(sums.b[i] ?? 0) > most + room) return false;
    matrix[i * dims + i] = own + FEATURE_MAX ** 2 * room;
  }
  return factorize(matrix, dims);
}
