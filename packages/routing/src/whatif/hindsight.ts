import type { Observation } from './estimate.ts';
import { EFFECTIVE_MIN, effectiveBy, type Guessed, guessedOf, NOTHING_GUESSED, zOfBest } from './guessed.ts';

/** A call as it is on record, and what a right answer in place of a wrong one was worth to it. */
export interface PricedObservation extends Observation {
  readonly quality_usd: number;
}

/** What one model, asked of each call that it could have been asked for, would have been worth more than what was. */
export interface Hindsight {
  /** The best of those of which enough can be said; undefined: there is none. */
  readonly model: string | undefined;
  /** Calls of which somebody has said how right they were, and that it could have been asked for. */
  readonly told: number;
  /** As many calls of its own would be as sure. */
  readonly effective: number;
  /** Models of which enough can be said: the more, the wider the bounds. */
  readonly compared: number;
  /** Of a call, in US dollars of quality and cost together. Below 0: what was has been worth more than any one model. */
  readonly regret_usd: Guessed;
  readonly doubts: readonly string[];
}

interface Sums {
  told: number;
  sum: number;
  squares: number;
  weight: number;
  weight_squares: number;
}

/**
 * Regret against the best fixed model in hindsight, by the words on results: of each model and call the doubly robust estimate
 * (Dudík, Langford, Li 2011) of right and cost, less what was. The best is picked by the same words that its bounds are made of, so these
 * are as wide as the number of models asks for.
 */
export function hindsight(observations: readonly PricedObservation[]): Hindsight {
  const models = new Map<string, Sums>();
  let told = 0;
  for (const one of observations) {
    if (one.right === undefined || !(one.propensity > 0)) continue;
    told += 1;
    addCall(models, one, one.right);
  }
  const sure = [...models].filter(
    ([, { weight, weight_squares }]) => effectiveBy(weight, weight_squares) >= EFFECTIVE_MIN,
  );
  const best = sure.reduce<(typeof sure)[number] | undefined>(
    (most, one) => (most === undefined || one[1].sum > most[1].sum ? one : most),
    undefined,
  );
  if (best === undefined) {
    const why =
      told === 0
        ? 'nobody has said of any of these calls how right it was'
        : `no model answered enough of the calls with a word on them (as good as ${EFFECTIVE_MIN}) for anything to be said`;
    return { model: undefined, told, effective: 0, compared: 0, regret_usd: NOTHING_GUESSED, doubts: [why] };
  }
  const [model, { weight, weight_squares, ...of }] = best;
  return {
    model,
    told: of.told,
    effective: effectiveBy(weight, weight_squares),
    compared: sure.length,
    regret_usd: guessedOf(of.told, of.sum, of.squares, zOfBest(sure.length)),
    doubts: sure.length < models.size ? [`of ${models.size - sure.length} models too little is known`] : [],
  };
}

/** Each candidate once: a pass over what is on record, however many models there are. */
function addCall(models: Map<string, Sums>, one: PricedObservation, right: number): void {
  const { candidates, first, is_single, propensity, cost_usd, quality_usd } = one;
  const seen = candidates.find(({ model }) => model === first);
  for (const { model, chance, cost_usd: expected_usd } of candidates) {
    const weight = is_single && model === first && seen !== undefined ? 1 / propensity : 0;
    const of_right = chance + weight * (right - (seen?.chance ?? 0));
    const of_cost = expected_usd + weight * (cost_usd - (seen?.cost_usd ?? 0));
    const gain = quality_usd * (of_right - right) - (of_cost - cost_usd);
    const sums = models.get(model) ?? { told: 0, sum: 0, squares: 0, weight: 0, weight_squares: 0 };
    models.set(model, sums);
    sums.told += 1;
    sums.sum += gain;
    sums.squares += gain * gain;
    sums.weight += weight;
    sums.weight_squares += weight * weight;
  }
}
