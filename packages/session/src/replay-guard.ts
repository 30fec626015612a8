/** Nonces of a session that would still be accepted (S36): each is good once. Wall clock, milliseconds. */
export class ReplayGuard {
  readonly #skew_ms: number;
  readonly #most: number;
  /** Nonce to the time up to which its signature is good. */
  readonly #seen: Map<string, number> = new Map();

  constructor(skew_ms: number, most: number) {
    this.#skew_ms = skew_ms;
    this.#most = most;
  }

  get size(): number {
    return this.#seen.size;
  }

  /** `seen`: it had it already; `full`: it cannot remember any more, so the frame must not be used. */
  check(nonce: string, ts: number, wall_ms: number): 'good' | 'stale' | 'seen' | 'full' {
    if (Math.abs(wall_ms - ts) > this.#skew_ms) return 'stale';
    if (this.#seen.has(nonce)) return 'seen';
    if (this.#seen.size >= this.#most) this.#forget(wall_ms);
    if (this.#seen.size >= this.#most) return 'full';
    this.#seen.set(nonce, ts + this.#skew_ms);
    return 'good';
  }

  #forget(wall_ms: number): void {
    for (const [nonce, good_until_ms] of this.#seen) if (good_until_ms < wall_ms) this.#seen.delete(nonce);
  }
}
