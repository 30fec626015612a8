import { reservedUsdNanos } from '@atp-router/flow';
import type { Price } from '@atp-router/kernel';
import type { CallCaps } from '../engine/funds.ts';

/** A lane that may begin: what its prompt takes, and its price. */
export interface Asking {
  readonly in_tokens: number;
  readonly price: Price | undefined;
}

/** An answer shorter than this is none. */
export const OUT_TOKENS_MIN = 16;

/**
 * The longest answer of each lane, in output tokens, so that all of them together keep within the call's own budget: equal
 * parts of money and tokens. Where the parts are too small for any answer there are fewer lanes, the last ones first:
 * `undefined` for those. What a lane leaves of its part is for whoever is asked later.
 */
export function splitBudget(caps: CallCaps, lanes: readonly Asking[]): readonly (number | undefined)[] {
  for (let n = lanes.length; n > 0; n -= 1) {
    const split = lanes
      .slice(0, n)
      .map((lane) => longest(lane, { usd_nanos: caps.usd_nanos / n, tokens: caps.tokens / n }));
    if (split.every((out_tokens) => out_tokens >= OUT_TOKENS_MIN)) return lanes.map((_, i) => split[i]);
  }
  return lanes.map(() => undefined);
}

/** Output tokens that so much allows; `Infinity` when nothing binds. */
export function longest({ in_tokens, price }: Asking, caps: CallCaps): number {
  const by_tokens = caps.tokens - in_tokens;
  if (caps.usd_nanos === Number.POSITIVE_INFINITY || price === undefined) return Math.max(0, Math.floor(by_tokens));
  const prompt = reservedUsdNanos(price, in_tokens, 0);
  const each = (reservedUsdNanos(price, in_tokens, TOKENS) - prompt) / TOKENS;
  const by_money = each === 0 ? Number.POSITIVE_INFINITY : (caps.usd_nanos - prompt) / each;
  return Math.max(0, Math.floor(Math.min(by_tokens, by_money)));
}

/** Enough for the price of one to be exact. */
const TOKENS = 1_000_000;
