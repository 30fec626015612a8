import { assert } from '@atp-router/kernel';

/** Fractions of a call that should make a whole one may miss it by so much. */
const ROUNDING = 1e-9;

/**
 * How many calls may begin: so many a second, and as many at once after a pause (a token bucket). Time is monotone, in
 * milliseconds. `Infinity` a second is no cap.
 */
export class BurstBucket {
  #per_s: number;
  #left: number;
  #at_ms = 0;

  constructor(per_s: number) {
    assert(per_s >= 1, 'a burst is one call at least');
    this.#per_s = per_s;
    this.#left = per_s;
  }

  /** Another cap; what there is of it stays, within the new one. */
  tune(per_s: number): void {
    assert(per_s >= 1, 'a burst is one call at least');
    this.#per_s = per_s;
    this.#left = Math.min(this.#left, per_s);
  }

  /** The most that may begin at once. */
  get size(): number {
    return this.#per_s;
  }

  /** Calls that may begin now. */
  left(now_ms: number): number {
    if (this.#per_s === Number.POSITIVE_INFINITY) return this.#per_s;
    const passed_ms = Math.max(0, now_ms - this.#at_ms);
    this.#left = Math.min(this.#per_s, this.#left + (passed_ms * this.#per_s) / 1_000);
    this.#at_ms = Math.max(this.#at_ms, now_ms);
    return Math.floor(this.#left + ROUNDING);
  }

  /** Takes one; false when there is none. */
  take(now_ms: number): boolean {
    if (this.left(now_ms) < 1) return false;
    this.#left = Math.max(0, this.#left - 1);
    return true;
  }

  /** Milliseconds from the last `left` or `take` until there are so many. */
  wait_ms(calls: number = 1): number {
    const missing = calls - ROUNDING - this.#left;
    return missing <= 0 ? 0 : Math.ceil((missing * 1_000) / this.#per_s);
  }
}
