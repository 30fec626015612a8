import { type Rng, randomInt } from '@atp-router/kernel';

/** Random choices of a history, all from one seed. */
export class Draw {
  readonly rng: Rng;

  constructor(rng: Rng) {
    this.rng = rng;
  }

  chance(share: number): boolean {
    return this.rng.next() < share;
  }

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
}
