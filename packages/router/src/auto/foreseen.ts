import type { PriceConfig } from '@atp-router/adapters';
import { Estimator } from '@atp-router/flow';
import { costUsdNanos, NANOS_PER_USD, type Price, ZERO_USAGE } from '@atp-router/kernel';
import type { RouteCandidate } from '@atp-router/routing';
import { priceOf } from '../generation/prices.ts';
import { parseBody, promptSize } from '../http/json-body.ts';

/** What an answer is foreseen to cost: for reading the prompt, and for each token that is written. */
export type Foreseen = Omit<RouteCandidate, 'id'>;

/** Prices are told of so many tokens, so that fractions of a nano-dollar count. */
const MANY_TOKENS = 1_000_000;

/** `cached_in_tokens`: of `in_tokens`, as many as are expected in the provider's prompt cache. */
export function foreseenOf(price: Price, in_tokens: number, cached_in_tokens: number = 0): Foreseen {
  const usage = { ...ZERO_USAGE, in_tokens, cached_in_tokens };
  const costOf = (out_tokens: number): number => costUsdNanos({ ...usage, out_tokens }, price);
  const read = costOf(0);
  const written = costOf(MANY_TOKENS) - read;
  return { in_usd: read / NANOS_PER_USD, out_usd_per_token: written / NANOS_PER_USD / MANY_TOKENS };
}

/** Of a request that says `auto` and this, as a router foresees it before it has met anybody; without one, for evaluations. */
export function foreseenWithout(
  text: string,
  prices: readonly Omit<PriceConfig, 'per_request_usd'>[],
): readonly Foreseen[] {
  const request = { model: 'auto', messages: [{ role: 'user', content: text }] };
  const body = parseBody(Buffer.from(JSON.stringify(request)), { json_depth: 4, json_values: 16 });
  const in_tokens = new Estimator().inTokens('auto', promptSize(body, 0, { messages: 1, tools: 0, media: 0 }));
  return prices.map((price) => foreseenOf(priceOf({ per_request_usd: 0, ...price }), in_tokens));
}
