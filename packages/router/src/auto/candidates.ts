import type { ModelEntry, Observed, RequestFacts, RouteCandidate } from '@atp-router/routing';
import { type Foreseen, foreseenOf } from './foreseen.ts';
import type { Who } from './types.ts';

/** Who may be asked as routing weighs them: what an answer costs, with what the time is worth that it takes. */
export function candidatesOf(
  whos: readonly Who[],
  facts: RequestFacts,
  observed: Observed,
  now_ms: number,
  second_usd: number,
  cached: (model: ModelEntry) => number = NONE,
): readonly RouteCandidate[] {
  const priced = whos.map(({ model }) => model.price && foreseenOf(model.price, facts.in_tokens, cached(model)));
  const usual = meanOf(priced.filter((one) => one !== undefined));
  return whos.map(({ id, model }, i) => {
    const { in_usd, out_usd_per_token } = priced[i] ?? (model.is_local === true ? FREE : usual);
    const seconds = (observed.p95_ms(model, now_ms) ?? model.expected_latency_ms ?? 0) / 1_000;
    const { expected_quality } = model;
    return {
      id,
      in_usd: in_usd + second_usd * seconds,
      out_usd_per_token,
      ...(expected_quality !== undefined && { expected_quality }),
    };
  });
}

const NONE = (): number => 0;
const FREE: Foreseen = { in_usd: 0, out_usd_per_token: 0 };

/** Of whom no price is known is taken to cost as the others do: else it would be asked because nobody knows. */
function meanOf(priced: readonly Foreseen[]): Foreseen {
  if (priced.length === 0) return FREE;
  const sum = (of: (one: Foreseen) => number): number => priced.reduce((all, one) => all + of(one), 0) / priced.length;
  return { in_usd: sum((one) => one.in_usd), out_usd_per_token: sum((one) => one.out_usd_per_token) };
}
