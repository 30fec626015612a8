import type { PriceConfig } from '@atp-router/adapters';
import { NANOS_PER_USD, type Price } from '@atp-router/kernel';

const MICROS_PER_USD = 1_000_000;

/** Dollars per million tokens as written → exact integers. What is not given costs as its nearest relative. */
export function priceOf(config: PriceConfig): Price {
  const input = micros(config.in_usd_per_mtok);
  const output = micros(config.out_usd_per_mtok);
  return {
    in_usd_micros_per_mtok: input,
    out_usd_micros_per_mtok: output,
    cached_in_usd_micros_per_mtok: micros(config.cached_in_usd_per_mtok) ?? input,
    cache_write_usd_micros_per_mtok: micros(config.cache_write_usd_per_mtok) ?? input,
    reasoning_usd_micros_per_mtok: micros(config.reasoning_usd_per_mtok) ?? output,
    per_request_usd_nanos: Math.round(config.per_request_usd * NANOS_PER_USD),
  };
}

function micros(usd_per_mtok: number): number;
function micros(usd_per_mtok: number | undefined): number | undefined;
function micros(usd_per_mtok: number | undefined): number | undefined {
  return usd_per_mtok === undefined ? undefined : Math.round(usd_per_mtok * MICROS_PER_USD);
}
