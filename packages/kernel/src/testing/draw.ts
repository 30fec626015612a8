import { type Rng, randomInt, seededRng } from '../rng.ts';

/** Random choices of a history, all from one seed. */
export class Draw {
  readonly rng: Rng;
  readonly #steepness: number;

  /** A seed, or numbers that others draw from as well. `steepness`: how rarely `skewed` is large. */
  constructor(source: number | Rng, steepness: number = 4) {
    this.rng = typeof source === 'number' ? seededRng(source) : source;
    this.#steepness = steepness;
  }

  next(): number {
    return this.rng.next();
  }

  chance(share: number): boolean {
    return this.rng.next() < share;
  }

  /** Both included. */
  int(min: number, max: number): number {
    return randomInt(this.rng, min, max);
  }

  one<T>(...values: readonly [T, ...T[]]): T {
    return values[this.int(0, values.length - 1)] ?? values[0];
  }

  from<T>(values: readonly T[]): T {
    const value = values[this.int(0, values.length - 1)];
    if (value === undefined) throw new Error('nothing to choose from');
    return value;
  }

  shuffled<T>(values: readonly T[]): T[] {
    const left = [...values];
    const out: T[] = [];
    while (left.length > 0) out.push(...left.splice(this.int(0, left.length - 1), 1));
    return out;
  }

  /** Mostly small, at times large: how long things take and how large they are. */
  skewed(min: number, max: number): number {
    return min + Math.floor((max - min) * this.rng.next() ** this.#steepness);
  }
}
