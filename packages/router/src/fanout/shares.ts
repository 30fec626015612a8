import { type FanoutPlan, splitBudget } from '@atp-router/consensus';
import { reservedUsdNanos } from '@atp-router/flow';
import type { Price, UsdNanos } from '@atp-router/kernel';
import type { CallCaps } from '../engine/purse.ts';

/** A lane that may begin: what its prompt takes, and its price. */
export interface Asking {
  readonly in_tokens: number;
  readonly price: Price | undefined;
}

/** An answer shorter than this is none. */
export const OUT_TOKENS_MIN = 16;

/** What each lane, each further question and the arbiter may use of the call's own budget. */
export interface Shares {
  /** The longest answer of each lane in output tokens; undefined: nothing is left for it. */
  readonly lanes: readonly (number | undefined)[];
  /** Of each lane and each further question. */
  readonly share: CallCaps;
  readonly arbiter_usd_nanos: UsdNanos;
}

/**
 * Equal parts of money and tokens, so that all together keep within the call's budget. Where the parts are too small for any
 * answer there are fewer lanes, the last ones first. What one leaves of its part is for whoever is asked later.
 */
export function sharesOf(plan: FanoutPlan, caps: CallCaps, lanes: readonly Asking[]): Shares {
  for (let n = lanes.length; ; n -= 1) {
    const { share, arbiter_usd_nanos } = splitBudget({ ...plan, members: plan.members.slice(0, n) }, caps);
    const most = lanes.slice(0, n).map((lane) => longest(lane, share));
    if (n > 0 && most.some((out_tokens) => out_tokens < OUT_TOKENS_MIN)) continue;
    return { lanes: lanes.map((_, i) => most[i]), share, arbiter_usd_nanos };
  }
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
