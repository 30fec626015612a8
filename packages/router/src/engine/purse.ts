import { addUsdNanos, type UsdNanos } from '@atp-router/kernel';

export interface Demand {
  readonly tokens: number;
  readonly usd_nanos: UsdNanos;
}

export const NO_DEMAND: Demand = { tokens: 0, usd_nanos: 0 };

/** What a call itself may cost, whatever its tenant could afford (`x-atp-max-usd`, the policy's budget), or a part of that. */
export interface CallCaps {
  /** Infinite where nothing binds. */
  readonly usd_nanos: UsdNanos;
  readonly tokens: number;
}

export const NO_CAPS: CallCaps = { usd_nanos: Number.POSITIVE_INFINITY, tokens: Number.POSITIVE_INFINITY };

/** What some attempts may cost together: what those in flight hold, and what those that ended have used. */
export class Purse {
  readonly #caps: CallCaps;
  readonly #held: Map<number, Demand> = new Map();
  #spent_tokens = 0;
  #spent_usd_nanos: UsdNanos = 0;

  constructor(caps: CallCaps) {
    this.#caps = caps;
  }

  get spent(): Demand {
    return { tokens: this.#spent_tokens, usd_nanos: this.#spent_usd_nanos };
  }

  /** No attempt is in flight. */
  get is_idle(): boolean {
    return this.#held.size === 0;
  }

  /** All of it, where attempt `n` holds so much instead of what it does. */
  totalWith(n: number, demand: Demand): Demand {
    let tokens = this.#spent_tokens + demand.tokens;
    let usd_nanos = this.#spent_usd_nanos + demand.usd_nanos;
    for (const [key, held] of this.#held) {
      if (key === n) continue;
      tokens += held.tokens;
      usd_nanos += held.usd_nanos;
    }
    return { tokens, usd_nanos };
  }

  /** What the caps leave attempt `n`; less than nothing where others have used more than they were to. */
  left(n: number): Demand {
    const kept = this.totalWith(n, NO_DEMAND);
    return { tokens: this.#caps.tokens - kept.tokens, usd_nanos: this.#caps.usd_nanos - kept.usd_nanos };
  }

  /** Which cap such a total is above. */
  over(total: Demand): 'usd' | 'tokens' | undefined {
    if (total.usd_nanos > this.#caps.usd_nanos) return 'usd';
    if (total.tokens > this.#caps.tokens) return 'tokens';
    return undefined;
  }

  hold(n: number, demand: Demand): void {
    this.#held.set(n, demand);
  }

  /** Attempt `n` holds nothing any more. */
  give(n: number): void {
    this.#held.delete(n);
  }

  spend(used: Demand): void {
    this.#spent_tokens += used.tokens;
    this.#spent_usd_nanos = addUsdNanos(this.#spent_usd_nanos, used.usd_nanos);
  }

  giveAll(): void {
    this.#held.clear();
  }
}
