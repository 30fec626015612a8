import { type Rng, randomInt, seededRng } from '@atp-router/kernel';

/** Random choices, all from one seed. */
export class Draw {
  readonly #rng: Rng;

  constructor(seed: number) {
    this.#rng = seededRng(seed);
  }

  next(): number {
    return this.#rng.next();
  }

  chance(share: number): boolean {
    return this.#rng.next() < share;
  }

  int(min: number, max: number): number {
    return randomInt(this.#rng, min, max);
  }

  one<T>(values: readonly [T, ...T[]]): T {
    return values[this.int(0, values.length - 1)] ?? values[0];
  }

  /** Mostly small, at times large. */
  skewed(min: number, max: number): number {
    return min + Math.floor((max - min) * this.#rng.next() ** 3);
  }
}
