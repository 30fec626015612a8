import type { Rng } from '@atp-router/kernel';

const BASE_MS = 250;
/** A router that is back is found again within half a minute, and one that is gone costs two attempts a minute. */
const CAP_MS = 30_000;
/** Beyond this the power of two says nothing new. */
const DOUBLINGS_MAX = 20;

/** Pauses between attempts: doubled up to a cap, and each spread over its whole length. */
export class Backoff {
  readonly #rng: Rng;
  readonly #base_ms: number;
  readonly #cap_ms: number;
  #failed = 0;

  constructor(rng: Rng, { base_ms = BASE_MS, cap_ms = CAP_MS }: { base_ms?: number; cap_ms?: number } = {}) {
    this.#rng = rng;
    this.#base_ms = base_ms;
    this.#cap_ms = cap_ms;
  }

  /** Failures since the last success. */
  get failed(): number {
    return this.#failed;
  }

  /** Counts a failure. How long to wait then; `retry_after_ms` is what the router asked for, up to the cap. */
  next_ms(retry_after_ms: number = 0): number {
    const most_ms = Math.min(this.#cap_ms, this.#base_ms * 2 ** Math.min(this.#failed, DOUBLINGS_MAX));
    this.#failed += 1;
    // Full jitter: a router that comes back is not met by all of its clients at once.
    return Math.min(retry_after_ms, this.#cap_ms) + this.#rng.next() * most_ms;
  }

  reset(): void {
    this.#failed = 0;
  }
}
