/** Where a feature is, and its value; what is not named is 0. */
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
 * Bayesian linear regression: what is expected of a sum of weighted features, and how sure that is (Lindley, Smith 1972;
 * Bishop 2006, 3.3), after any number of observations in any order.
 */
export class Belief {
  readonly #settings: BeliefSettings;
  readonly #dims: number;
  readonly #covariance: Float64Array;
  readonly #weights: Float64Array;
  #seen = 0;

  constructor(settings: BeliefSettings) {
    this.#settings = settings;
    this.#dims = settings.means.length;
    this.#covariance = new Float64Array(this.#dims * this.#dims);
    for (let i = 0; i < this.#dims; i += 1) this.#covariance[i * this.#dims + i] = (settings.spreads[i] ?? 0) ** 2;
    this.#weights = Float64Array.from(settings.means);
  }

  /** Observations, by their weight. */
  get seen(): number {
    return this.#seen;
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
      for (let j = 0; j < at.length; j += 1)
        sum += (value[i] ?? 0) * (value[j] ?? 0) * (this.#covariance[row + (at[j] ?? 0)] ?? 0);
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
      for (let i = 0; i < at.length; i += 1)
        cross[k] = (cross[k] ?? 0) + (value[i] ?? 0) * (this.#covariance[row + (at[i] ?? 0)] ?? 0);
      for (let l = 0; l < count; l += 1) square[k * count + l] = this.#covariance[row + from + l] ?? 0;
    }
    return { mean: this.mean(features), variance: this.variance(features), weights, cross, square };
  }

  /** `y` is finite. `weight`: how many observations it counts for. */
  observe({ at, value }: Features, y: number, weight: number = 1): void {
    this.#seen += weight;
    this.#update(at, value, y, weight / this.#settings.noise);
  }

  /** Sherman, Morrison 1950. */
  #update(at: readonly number[], value: readonly number[], y: number, scale: number): void {
    const dims = this.#dims;
    const gain = new Float64Array(dims);
    for (let i = 0; i < dims; i += 1) {
      let sum = 0;
      for (let j = 0; j < at.length; j += 1) sum += (this.#covariance[i * dims + (at[j] ?? 0)] ?? 0) * (value[j] ?? 0);
      gain[i] = sum;
    }
    let spread = 0;
    let expected = 0;
    for (let j = 0; j < at.length; j += 1) {
      spread += (gain[at[j] ?? 0] ?? 0) * (value[j] ?? 0);
      expected += (this.#weights[at[j] ?? 0] ?? 0) * (value[j] ?? 0);
    }
    const factor = scale / (1 + scale * spread);
    for (let i = 0; i < dims; i += 1) {
      const own = gain[i] ?? 0;
      this.#weights[i] = (this.#weights[i] ?? 0) + factor * own * (y - expected);
      if (own === 0) continue;
      for (let j = 0; j < dims; j += 1)
        this.#covariance[i * dims + j] = (this.#covariance[i * dims + j] ?? 0) - factor * own * (gain[j] ?? 0);
    }
  }
}
