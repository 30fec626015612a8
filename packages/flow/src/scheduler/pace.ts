/** Calls take seconds to a minute: enough of them for a mean, few enough to follow a change. */
const HALF_LIFE_MS = 10_000;
/** A queue in which nothing moves is asked again after this. */
const LONGEST_MS = 60_000;
/** Sooner than this a client gains nothing. */
const SHORTEST_MS = 50;

/**
 * How fast an account has room again: an exponentially decaying count of what ended there, so that a pause makes it slower. Monotone time, in
 * milliseconds. For `retry-after` and for demands whose deadline is nearer than their turn.
 */
export class Pace {
  #count = 0;
  #weight_ms = 0;
  #at_ms: number | undefined;

  ended(now_ms: number): void {
    this.#pass(now_ms);
    this.#count += 1;
  }

  /** When the demand behind so many others would have its turn; undefined before anything has ended. */
  wait_ms(ahead: number, now_ms: number): number | undefined {
    this.#pass(now_ms);
    if (this.#count <= 0 || this.#weight_ms <= 0) return undefined;
    const wait_ms = ((ahead + 1) * this.#weight_ms) / this.#count;
    return Math.ceil(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, wait_ms)));
  }

  #pass(now_ms: number): void {
    const passed_ms = Math.max(0, now_ms - (this.#at_ms ?? now_ms));
    this.#at_ms = now_ms;
    if (passed_ms === 0) return;
    const kept = 0.5 ** (passed_ms / HALF_LIFE_MS);
    this.#count *= kept;
    // The time that the count is of, each moment weighted as the ends in it are.
    this.#weight_ms = this.#weight_ms * kept + ((1 - kept) * HALF_LIFE_MS) / Math.LN2;
  }
}
