import type { DayUse } from './account.ts';
import type { OwnHold } from './reservation.ts';
import { divideHalfUp, type Price, type UsdNanos } from '@atp-router/kernel';

/** What budgets leave; `Infinity` where nothing limits it. */
export interface BudgetRoom {
  readonly tokens: number;
  readonly usd_nanos: UsdNanos;
}

/** The least that the budgets of a day leave; what a reservation holds beyond what stays in use is free for its own call. */
export function roomOf(uses: readonly DayUse[], own: OwnHold | undefined): BudgetRoom {
  let tokens = Number.POSITIVE_INFINITY;
  let usd_nanos = Number.POSITIVE_INFINITY;
  for (const use of uses) {
    tokens = Math.min(tokens, use.available_tokens());
    usd_nanos = Math.min(usd_nanos, use.available_usd_nanos());
  }
  if (own === undefined) return { tokens, usd_nanos };
  const { reservation, kept } = own;
  return {
    tokens: tokens + reservation.tokens - kept.tokens,
    usd_nanos: usd_nanos + reservation.usd_nanos - kept.usd_nanos,
  };
}

/** What to reserve for a call: input at the plain input price, output at the dearer of output and reasoning. */
export function reservedUsdNanos(price: Price, in_tokens: number, out_tokens: number): UsdNanos {
  const usd_picos = in_tokens * price.in_usd_micros_per_mtok + out_tokens * outRate(price);
  return divideHalfUp(usd_picos, 1_000) + price.per_request_usd_nanos;
}

function outRate(price: Price): number {
  return Math.max(price.out_usd_micros_per_mtok, price.reasoning_usd_micros_per_mtok);
}

/** The most output tokens whose reservation, with its input, stays within `usd_nanos`. */
export function tokensForMoney(price: Price, in_tokens: number, usd_nanos: UsdNanos): number {
  const rate = outRate(price);
  const base = reservedUsdNanos(price, in_tokens, 0);
  if (rate === 0) return base === 0 || base <= usd_nanos ? Number.POSITIVE_INFINITY : 0;
  // Half up means a sum of picos up to 499 above a whole nano still rounds down to it.
  const picos = (usd_nanos - price.per_request_usd_nanos) * 1_000 + 499 - in_tokens * price.in_usd_micros_per_mtok;
  const tokens = Math.floor(picos / rate);
  if (!(tokens > 0)) return 0;
  // Above 9,000 dollars picos are no longer exact in a double; one token less is then always enough.
  return tokens < Number.POSITIVE_INFINITY && reservedUsdNanos(price, in_tokens, tokens) > usd_nanos
    ? tokens - 1
    : tokens;
}
