/** Where a feature is, and its value; what is not named is 0. No place is named twice. */
export interface Features {
  readonly at: readonly number[];
  readonly value: readonly number[];
}

export interface BeliefSettings {
  /** Expected weight of each feature before anything is seen. */
  readonly means: Float64Array;
  /** How far from it a weight may be, one standard deviation. */
  readonly spreads: Float64Array;
  /** Variance of what is observed around its expectation. */
  readonly noise: number;
}

/** What is expected of features of which some are known already. */
export interface Slice {
  readonly mean: number;
  readonly variance: number;
  /** Of those that are still to come: their weights, and how these go with the known ones and with each other. */
  readonly weights: Float64Array;
  readonly cross: Float64Array;
  readonly square: Float64Array;
}

/**
 * Weights of features that are known so far and so well: what is expected of a sum of weighted features, and how sure that is.
 * It does not change.
 */
export class Belief {
  readonly #dims: number;
  readonly #weights: Float64Array;
  readonly #covariance: Float32Array | Float64Array;

  /** `covariance`: rows of as many as there are weights. */
  constructor(weights: Float64Array, covariance: Float32Array | Float64Array) {
    this.#dims = weights.length;
    this.#weights = weights;
    this.#covariance = covariance;
  }

  mean({ at, value }: Features): number {
    let sum = 0;
    for (let i = 0; i < at.length; i += 1) sum += (this.#weights[at[i] ?? 0] ?? 0) * (value[i] ?? 0);
    return sum;
  }

  /** Of the mean, not of what is observed around it. */
  variance({ at, value }: Features): number {
    let sum = 0;
    for (let i = 0; i < at.length; i += 1) {
      const row = (at[i] ?? 0) * this.#dims;
      const own = value[i] ?? 0;
      let line = (own / 2) * (this.#covariance[row + (at[i] ?? 0)] ?? 0);
      for (let j = 0; j < i; j += 1) line += (value[j] ?? 0) * (this.#covariance[row + (at[j] ?? 0)] ?? 0);
      sum += 2 * own * line;
    }
    return Math.max(0, sum);
  }

  /** The same where `count` features from `from` on are added to these, which have none of them. */
  slice(features: Features, from: number, count: number): Slice {
    const { at, value } = features;
    const weights = this.#weights.slice(from, from + count);
    const cross = new Float64Array(count);
    const square = new Float64Array(count * count);
    for (let k = 0; k < count; k += 1) {
      const row = (from + k) * this.#dims;
      let sum = 0;
      for (let i = 0; i < at.length; i += 1) sum += (value[i] ?? 0) * (this.#covariance[row + (at[i] ?? 0)] ?? 0);
      cross[k] = sum;
      for (let l = 0; l < count; l += 1) square[k * count + l] = this.#covariance[row + from + l] ?? 0;
    }
    return { mean: this.mean(features), variance: this.variance(features), weights, cross, square };
  }
}
