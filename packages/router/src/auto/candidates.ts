import { NANOS_PER_USD } from '@atp-router/kernel';
import type { Who } from './types.ts';
import {
  expectedCost,
  type ModelEntry,
  type Observed,
  type RequestFacts,
  type RouteCandidate,
} from '@atp-router/routing';

/** Prices are told of so many tokens, so that fractions of a nano-dollar count. */
const MANY_TOKENS = 1_000_000;

/** Who may be asked as routing weighs them: what an answer costs, with what the time is worth that it takes. */
export function candidatesOf(
  whos: readonly Who[],
  facts: RequestFacts,
  observed: Observed,
  now_ms: number,
  second_usd: number,
): readonly RouteCandidate[] {
  const priced = whos.flatMap(({ model }) => priceOf(model, facts) ?? []);
  const usual = meanOf(priced);
  return whos.map(({ id, model }) => {
    const { in_usd, out_usd_per_token } = priceOf(model, facts) ?? (model.is_local === true ? FREE : usual);
    const seconds = (observed.p95_ms(model, now_ms) ?? model.expected_latency_ms ?? 0) / 1_000;
    return { id, in_usd: in_usd + second_usd * seconds, out_usd_per_token };
  });
}

type Priced = Omit<RouteCandidate, 'id'>;

const FREE: Priced = { in_usd: 0, out_usd_per_token: 0 };

/** Undefined: nobody has said what it costs. */
function priceOf(model: ModelEntry, facts: RequestFacts): Priced | undefined {
  const read = expectedCost(model, facts, 0);
  const written = expectedCost(model, facts, MANY_TOKENS);
  if (read === undefined || written === undefined) return undefined;
  return { in_usd: read / NANOS_PER_USD, out_usd_per_token: (written - read) / NANOS_PER_USD / MANY_TOKENS };
}

/** Of whom no price is known is taken to cost as the others do: else it would be asked because nobody knows. */
function meanOf(priced: readonly Priced[]): Priced {
  if (priced.length === 0) return FREE;
  const sum = (of: (one: Priced) => number): number => priced.reduce((all, one) => all + of(one), 0) / priced.length;
  return { in_usd: sum((one) => one.in_usd), out_usd_per_token: sum((one) => one.out_usd_per_token) };
}
