import type { AttemptIntent, AttemptRecord } from '@atp-router/ledger';

/** Of all models. Odd enough for costs that have to be rounded, and with a fee that shows whether it was charged. */
export const KILL_PRICE = { in_usd_per_mtok: 0.0375, out_usd_per_mtok: 0.1505, per_request_usd: 0.000_003 };

/** The same as every intent has to promise it. */
const PROMISED: Readonly<Record<string, number>> = {
  in_usd_micros_per_mtok: 37_500,
  out_usd_micros_per_mtok: 150_500,
  cached_in_usd_micros_per_mtok: 37_500,
  cache_write_usd_micros_per_mtok: 37_500,
  reasoning_usd_micros_per_mtok: 150_500,
  per_request_usd_nanos: 3_000,
};

export function isPromised(intent: AttemptIntent): boolean {
  const price: Readonly<Record<string, number>> = { ...intent.price };
  return Object.entries(PROMISED).every(([name, value]) => price[name] === value);
}

/** What the usage of an attempt costs by its intent, in nano-dollars; in whole numbers, not with the router's arithmetic. */
export function costOf({ usage, usage_source }: AttemptRecord, { price }: AttemptIntent): bigint {
  if (usage_source === 'none' || price === undefined) return 0n;
  const { in_tokens, out_tokens } = usage;
  const picos =
    BigInt(in_tokens) * BigInt(price.in_usd_micros_per_mtok) +
    BigInt(out_tokens) * BigInt(price.out_usd_micros_per_mtok);
  return (picos + 500n) / 1_000n + BigInt(price.per_request_usd_nanos);
}
