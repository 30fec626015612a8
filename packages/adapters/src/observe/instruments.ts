/**
 * What one series is counted in. Plain numbers: the data plane adds to them for every call, and their text is made only
 * when somebody scrapes.
 */
export class Counter {
  value = 0;

  inc(by = 1): void {
    this.value += by;
  }
}

/** Observations by bucket. `bounds` are upper bounds in ascending order; what is above the last one is in `+Inf` only. */
export class Histogram {
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let at = 0;
    // A walk from below beats a binary search: most observations are in the first half of a dozen buckets.
    while (at < bounds.length && value > (bounds[at] as number)) at += 1;
    counts[at] = (counts[at] as number) + 1;
    this.sum += value;
  }
}

/** Makes a value for each key the first time it is asked for. For keys from a closed set; open ones need `PairTable`. */
export class Lazy<T> {
  readonly #make: (key: string) => T;
  readonly #known: Map<string, T> = new Map();

  constructor(make: (key: string) => T) {
    this.#make = make;
  }

  get(key: string): T {
    let value = this.#known.get(key);
    if (value === undefined) {
      value = this.#make(key);
      this.#known.set(key, value);
    }
    return value;
  }
}

export interface PairLimits {
  /** Values of the second label beside one value of the first; further ones share `_other`. */
  readonly per_first: number;
  /** Pairs in all; further ones share `_other`, `_other`. */
  readonly total: number;
}

/** Stands in for label values beyond a limit. Ids begin with a letter or a digit, so it is never one of theirs. */
export const OTHER = '_other';

/**
 * Values by two labels whose values operators or clients name, such as tenant and model. They would otherwise grow the
 * registry without end; nobody can take more than `per_first` places. Places are given back by a restart only, because a
 * counter that goes away and comes back reads as a reset.
 */
export class PairTable<T> {
  readonly #make: (first: string, second: string) => T;
  readonly #limits: PairLimits;
  readonly #known: Map<string, Map<string, T>> = new Map();
  #total = 0;
  #rest: T | undefined;

  constructor(make: (first: string, second: string) => T, limits: PairLimits) {
    this.#make = make;
    this.#limits = limits;
  }

  get(first: string, second: string): T {
    return this.#known.get(first)?.get(second) ?? this.#open(first, second);
  }

  #open(first: string, second: string): T {
    const seconds = this.#known.get(first) ?? new Map<string, T>();
    const name = seconds.size < this.#limits.per_first ? second : OTHER;
    const known = seconds.get(name);
    if (known !== undefined) return known;
    if (this.#total >= this.#limits.total) {
      this.#rest ??= this.#make(OTHER, OTHER);
      return this.#rest;
    }
    const value = this.#make(first, name);
    seconds.set(name, value);
    this.#known.set(first, seconds);
    this.#total += 1;
    return value;
  }
}
