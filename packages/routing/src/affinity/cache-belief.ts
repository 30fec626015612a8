/** What was expected of a provider's cache for one call, and how old it was. */
export interface Awaited {
  /** Tokens that would be there if everything is kept as long as the provider says. */
  readonly tokens: number;
  /** Ms since the part that was used longest ago. */
  readonly age_ms: number;
}

/** Below it nothing is learned of time: what is missing after moments was never kept. */
const TTL_MIN_MS = 10_000;
/** A hit brings back a tenth of the time that was lost, at least. */
const TTL_GROWTH = 1.1;
/** Of what was expected, from which on it counts as having come: providers cut at blocks of their own. */
const CAME_SHARE = 0.5;
/** Each observation makes those before it count a twentieth less. */
const KEPT_OF_OLD = 0.95;

/**
 * How far the cache of one target can be relied on: how long it keeps what was sent, and how much of what should be there is
 * found. Begins with what the operator says of the time, and with half of the tokens: whether a provider caches at all is
 * known only when it has said so.
 */
export class CacheBelief {
  readonly #ttl_max_ms: number;
  #ttl_ms: number;
  #came = 1;
  #of = 2;

  constructor(ttl_ms: number) {
    this.#ttl_max_ms = ttl_ms;
    this.#ttl_ms = ttl_ms;
  }

  /** How long it is believed to keep what was used. */
  get ttl_ms(): number {
    return this.#ttl_ms;
  }

  /** Part of the tokens that should be there of which it is believed that they are: 0 to 1. */
  get share(): number {
    return this.#came / this.#of;
  }

  /** What the provider says of an answer for which something should have been there. `cached_tokens`: what it read from its cache. */
  told({ tokens, age_ms }: Awaited, cached_tokens: number): void {
    if (tokens <= 0) return;
    const share = Math.min(1, cached_tokens / tokens);
    const is_within = age_ms <= this.#ttl_ms;
    if (share >= CAME_SHARE) {
      // Also one that was not believed in any more: it keeps longer than was thought.
      if (age_ms * 2 >= this.#ttl_ms)
        this.#ttl_ms = Math.min(this.#ttl_max_ms, Math.max(this.#ttl_ms, age_ms) * TTL_GROWTH);
    } else if (is_within) {
      // Half way to the age at which it was gone: a miss right after its use says more of the share than of time.
      this.#ttl_ms = Math.max(Math.min(TTL_MIN_MS, this.#ttl_max_ms), (this.#ttl_ms + age_ms) / 2);
    }
    if (!is_within) return;
    this.#came = this.#came * KEPT_OF_OLD + share;
    this.#of = this.#of * KEPT_OF_OLD + 1;
  }
}
