import { AtpError } from './errors.ts';

/**
 * Money is an integer count of nano-dollars (1e-9 USD) inside the router and an integer count of micro-dollars
 * (1e-6 USD) on the wire. Both are exact in a double up to about 9 million dollars: what is configured is refused beyond
 * that (`usdToNanos`), and what a call costs is never counted as more (`costUsdNanos`, `addUsdNanos`).
 */
export type UsdNanos = number;

/** Largest amount one counter may hold: 9,000,000 USD. */
export const USD_NANOS_MAX: UsdNanos = 9_000_000_000_000_000;

/** Largest count of tokens or calls that a sum may hold, for the same reason. */
export const COUNT_MAX = 9_000_000_000_000_000;

/** Tokens that one answer can plausibly have used: a hundred times the largest context that is offered. */
export const USAGE_TOKENS_MAX = 1_000_000_000;

/** Uses of one tool that one answer can plausibly report. */
export const HOSTED_USES_MAX = 10_000;

export const NANOS_PER_MICRO = 1_000;
export const NANOS_PER_USD = 1_000_000_000;

/**
 * What a model charges. Token prices are integer micro-dollars per million tokens (0.25 USD/Mtok = 250,000); a token
 * then costs `price / 1000` nano-dollars. `per_request_usd_nanos` is added once for each billed attempt.
 */
export interface Price {
  readonly in_usd_micros_per_mtok: number;
  readonly out_usd_micros_per_mtok: number;
  readonly cached_in_usd_micros_per_mtok: number;
  readonly cache_write_usd_micros_per_mtok: number;
  readonly reasoning_usd_micros_per_mtok: number;
  readonly per_request_usd_nanos: UsdNanos;
}

/**
 * Tokens of one attempt. `in_tokens` includes `cached_in_tokens` and `cache_write_tokens`; `out_tokens` includes
 * `reasoning_tokens`.
 */
export interface Usage {
  readonly in_tokens: number;
  readonly out_tokens: number;
  readonly cached_in_tokens: number;
  readonly cache_write_tokens: number;
  readonly reasoning_tokens: number;
}

export const ZERO_USAGE: Usage = {
  in_tokens: 0,
  out_tokens: 0,
  cached_in_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0,
};

/**
 * Uses of tools that ran at the provider, by the tool's name without its date (`web_search_20250305` is `web_search`).
 * They are billed beside the tokens, and are no part of `Usage`.
 */
export type HostedUses = Readonly<Record<string, number>>;

/**
 * Micro-dollars per million tokens are pico-dollars per token; their sum is rounded once, half up. It is exact up to
 * about 9,000 dollars, where picos no longer fit in a double, and beyond that true to a few parts in 10^15. At most `USD_NANOS_MAX`.
 */
export function costUsdNanos(usage: Usage, price: Price): UsdNanos {
  const plain_in = Math.max(0, usage.in_tokens - usage.cached_in_tokens - usage.cache_write_tokens);
  const plain_out = Math.max(0, usage.out_tokens - usage.reasoning_tokens);
  const usd_picos =
    plain_in * price.in_usd_micros_per_mtok +
    usage.cached_in_tokens * price.cached_in_usd_micros_per_mtok +
    usage.cache_write_tokens * price.cache_write_usd_micros_per_mtok +
    plain_out * price.out_usd_micros_per_mtok +
    usage.reasoning_tokens * price.reasoning_usd_micros_per_mtok;
  return addUsdNanos(divideHalfUp(usd_picos, 1_000), price.per_request_usd_nanos);
}

/** A sum that stays a safe integer: at most `USD_NANOS_MAX`. */
export function addUsdNanos(a: UsdNanos, b: UsdNanos): UsdNanos {
  return Math.min(USD_NANOS_MAX, a + b);
}

/** As `addUsdNanos`, for tokens and calls. */
export function addCounts(a: number, b: number): number {
  return Math.min(COUNT_MAX, a + b);
}

/** The usage that a provider reported, if it can be true; of one that cannot, nothing is believed. */
export function plausibleUsage<T extends Partial<Usage>>(reported: T | undefined): T | undefined {
  if (reported === undefined) return undefined;
  const counts: readonly number[] = Object.values(reported);
  return counts.every((count) => count <= USAGE_TOKENS_MAX) ? reported : undefined;
}

/** What an answer used that was cut: as far as it was reported, else counted; of its output, the larger of both. */
export function usageOfCut(reported: Usage | undefined, in_tokens: number, out_tokens: number): Usage {
  if (reported === undefined) return { ...ZERO_USAGE, in_tokens, out_tokens };
  return { ...reported, out_tokens: Math.max(reported.out_tokens, out_tokens) };
}

/** The one rounding rule of the router: to the nearest integer, halves up, for non-negative integers. */
export function divideHalfUp(value: number, divisor: number): number {
  return Math.floor((value + divisor / 2) / divisor);
}

export function nanosToMicros(nanos: UsdNanos): number {
  return divideHalfUp(nanos, NANOS_PER_MICRO);
}

/** For configuration and headers only: dollars as a float become exact nano-dollars, refused outside the bound. */
export function usdToNanos(usd: number, what: string): UsdNanos {
  const nanos = Math.round(usd * NANOS_PER_USD);
  if (!Number.isFinite(usd) || nanos < 0 || nanos > USD_NANOS_MAX) {
    throw new AtpError('invalid_request', `${what} must be between 0 and 9000000 US dollars.`, { param: what });
  }
  return nanos;
}

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    in_tokens: addCounts(a.in_tokens, b.in_tokens),
    out_tokens: addCounts(a.out_tokens, b.out_tokens),
    cached_in_tokens: addCounts(a.cached_in_tokens, b.cached_in_tokens),
    cache_write_tokens: addCounts(a.cache_write_tokens, b.cache_write_tokens),
    reasoning_tokens: addCounts(a.reasoning_tokens, b.reasoning_tokens),
  };
}
