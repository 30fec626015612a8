import { assert } from '@atp-router/kernel';

const MINUTE_MS = 60_000;

export interface BurnOptions {
  /** Minutes after which a minute counts half. */
  readonly half_life_min: number;
  /** Standard deviations above the mean that make a spike. */
  readonly z_max: number;
  /** Minutes with spending before a spike can be told. */
  readonly minutes_min: number;
}

/** Ten minutes follow a working day; three sigma of ten minutes is one false alarm in a day of steady spending. */
export const DEFAULT_BURN: BurnOptions = { half_life_min: 10, z_max: 3, minutes_min: 10 };

export interface Spike {
  readonly per_minute: number;
  readonly expected_per_minute: number;
  readonly z: number;
}

/**
 * How fast something is spent: an exponentially weighted mean and variance of whole minutes (West 1979; Finch 2009), minutes
 * without spending included. Amounts are in the caller's unit. Time is wall time; a clock that goes back changes nothing.
 */
export class BurnRate {
  readonly #options: BurnOptions;
  readonly #alpha: number;
  #minute: number | undefined;
  #spent = 0;
  #mean = 0;
  #variance = 0;
  #minutes = 0;

  constructor(options: BurnOptions = DEFAULT_BURN) {
    assert(options.half_life_min > 0 && options.z_max > 0 && options.minutes_min >= 1, 'burn options are above 0');
    this.#options = options;
    this.#alpha = 1 - 0.5 ** (1 / options.half_life_min);
  }

  /** Returns a spike, once for each minute that was one, when the minute is over. */
  spend(amount: number, now_ms: number): Spike | undefined {
    const spike = this.pass(now_ms);
    this.#spent += amount;
    return spike;
  }

  /** Time passes without spending. */
  pass(now_ms: number): Spike | undefined {
    const minute = Math.floor(now_ms / MINUTE_MS);
    if (this.#minute === undefined) this.#minute = minute;
    if (minute <= this.#minute) return undefined;
    const spike = this.#close(this.#spent);
    const idle = minute - this.#minute - 1;
    this.#minute = minute;
    this.#spent = 0;
    this.#decay(idle);
    return spike;
  }

  /** Of the minutes that are over. */
  get per_minute(): number {
    return this.#mean;
  }

  /** Minutes until `remaining` is spent at this rate; `Infinity` when nothing is. */
  exhaustion_min(remaining: number): number {
    if (remaining <= 0) return 0;
    return this.#mean > 0 ? remaining / this.#mean : Number.POSITIVE_INFINITY;
  }

  #close(spent: number): Spike | undefined {
    const { z_max, minutes_min } = this.#options;
    const deviation = Math.sqrt(this.#variance);
    const by = spent - this.#mean;
    // A tenant that spends evenly has almost no deviation: a tenth of the mean is the least that is unusual.
    const z = by / Math.max(deviation, this.#mean / 10, Number.MIN_VALUE);
    const spike = this.#minutes >= minutes_min && z > z_max;
    const found = spike ? { per_minute: spent, expected_per_minute: this.#mean, z } : undefined;
    this.#learn(spent);
    return found;
  }

  #learn(spent: number): void {
    this.#minutes += 1;
    // The first minutes count alike: an average of what there is.
    const alpha = Math.max(this.#alpha, 1 / this.#minutes);
    const by = spent - this.#mean;
    this.#mean += alpha * by;
    this.#variance = (1 - alpha) * (this.#variance + alpha * by * by);
  }

  /** `idle` minutes in which nothing was spent, at once. */
  #decay(idle: number): void {
    let left = idle;
    // As long as all minutes count alike, which is for one and a half half-lives.
    for (; left > 0 && 1 / (this.#minutes + 1) > this.#alpha; left -= 1) this.#learn(0);
    if (left === 0) return;
    const kept = (1 - this.#alpha) ** left;
    const mean = this.#mean;
    this.#mean = mean * kept;
    this.#variance = kept * (this.#variance + (1 - kept) * mean * mean);
    this.#minutes += left;
  }
}
