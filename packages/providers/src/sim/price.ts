import { logNormal } from '@atp-router/kernel';
import { drawsFor, hashText } from './draw.ts';
import type { Quantiles } from './types.ts';

/** What simulated models cost, in US dollars per million tokens: a distribution over models, not over calls. */
export interface SimPrices {
  readonly in_usd_per_mtok: Quantiles;
  readonly out_usd_per_mtok: Quantiles;
}

/** No list price is near it; a tail of a wide distribution may be. */
const USD_PER_MTOK_MAX = 900;
/** Configured prices have so many decimals. */
const DECIMALS = 6;

/** The price of one simulated model: the same seed and model always cost the same. */
export function simPrice(
  seed: number,
  model: string,
  prices: SimPrices,
): { readonly in_usd_per_mtok: number; readonly out_usd_per_mtok: number } {
  const rng = drawsFor(hashText(model, seed), 'price');
  const draw = ({ p50, p95 }: Quantiles): number =>
    p50 <= 0 ? 0 : Number(Math.min(USD_PER_MTOK_MAX, logNormal(rng, p50, p95)).toFixed(DECIMALS));
  return { in_usd_per_mtok: draw(prices.in_usd_per_mtok), out_usd_per_mtok: draw(prices.out_usd_per_mtok) };
}
