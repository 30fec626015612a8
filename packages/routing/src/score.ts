import { costUsdNanos, ZERO_USAGE } from '@atp-router/kernel';
import type { Observed, RequestFacts } from './facts.ts';
import { frontierOf } from './frontier.ts';
import { type Ranking, type ScoreTerms, STATIC_RANKING } from './ranking.ts';
import type { ModelEntry } from './registry.ts';

const NEUTRAL = 0.5;
const NEUTRAL_UNDERESTIMATE = 0.75;

export interface ScoredModel {
  readonly model: ModelEntry;
  readonly score: number;
  readonly terms: ScoreTerms;
  /** Undefined: it was not looked for. */
  readonly on_frontier: boolean | undefined;
}

/** Scores candidates against each other, best first; equal scores go by model id. */
export function rankModels(
  models: readonly ModelEntry[],
  facts: RequestFacts,
  observed: Observed,
  now_ms: number,
  { weights, frontier_first }: Ranking = STATIC_RANKING,
): ScoredModel[] {
  const cost = models.map((model) => expectedCost(model, facts, facts.out_tokens));
  const latency = models.map((model) => observed.p95_ms(model, now_ms) ?? model.expected_latency_ms);
  const context = models.map((model) => model.context);
  const cost_range = rangeOf(cost);
  const latency_range = rangeOf(latency);
  const context_range = rangeOf(context);
  const carbon = models.map((model) => observed.co2e_mg?.(model, facts));
  const carbon_range = rangeOf(carbon);
  const worse = models.map(({ expected_quality: right }) => (right === undefined ? undefined : -right));
  const on_frontier = frontier_first ? frontierOf([cost, latency, worse, carbon], models.length) : [];
  const ranked = models.map((model, i): ScoredModel => {
    const terms: ScoreTerms = {
      capability: capabilityShare(model, facts),
      performance: observed.successRate(model, now_ms) ?? NEUTRAL,
      cost: 1 - place(cost[i], cost_range),
      latency: 1 - place(latency[i], latency_range),
      context: place(context[i], context_range),
      predictability: predictability(observed.mape(model, now_ms)),
      underestimate: underPenalty(observed.underRate(model, now_ms)),
      quality: model.expected_quality ?? NEUTRAL,
      carbon: 1 - place(carbon[i], carbon_range),
    };
    return { model, score: weigh(terms, weights), terms, on_frontier: on_frontier[i] };
  });
  const ahead = (one: ScoredModel): number => (one.on_frontier === true ? 1 : 0);
  return ranked.sort((a, b) => ahead(b) - ahead(a) || b.score - a.score || (a.model.id < b.model.id ? -1 : 1));
}

/** Cost of this request at a model with `out_tokens` of output; undefined without a price. */
export function expectedCost(model: ModelEntry, facts: RequestFacts, out_tokens: number): number | undefined {
  if (model.price === undefined) return undefined;
  return costUsdNanos({ ...ZERO_USAGE, in_tokens: facts.in_tokens, out_tokens }, model.price);
}

function weigh(terms: ScoreTerms, weights: ScoreTerms): number {
  let [sum, all] = [0, 0];
  for (const term of TERMS) {
    sum += terms[term] * weights[term];
    all += weights[term];
  }
  return sum / all;
}

const TERMS = Object.keys(STATIC_RANKING.weights) as readonly (keyof ScoreTerms)[];

function capabilityShare(model: ModelEntry, facts: RequestFacts): number {
  const known = model.capabilities;
  if (known === undefined || facts.needs.length === 0) return NEUTRAL;
  return facts.needs.filter((need) => known.has(need)).length / facts.needs.length;
}

function predictability(mape: number | undefined): number {
  return mape === undefined ? NEUTRAL : 1 / (1 + mape);
}

function underPenalty(under_rate: number | undefined): number {
  return under_rate === undefined ? NEUTRAL_UNDERESTIMATE : 1 - Math.min(under_rate, 0.5);
}

interface Range {
  readonly low: number;
  readonly high: number;
}

function rangeOf(values: readonly (number | undefined)[]): Range {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value === undefined) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

/** 0 for the smallest known value, 1 for the largest; neutral when unknown or when all are equal. */
function place(value: number | undefined, { low, high }: Range): number {
  return value === undefined || high === low ? NEUTRAL : (value - low) / (high - low);
}
