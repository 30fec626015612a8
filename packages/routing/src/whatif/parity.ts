import type { Observation } from './estimate.ts';
import { EFFECTIVE_MIN, effectiveBy, type Guessed, guessedOf } from './guessed.ts';

/** What another model is thought to have come to on one call. */
export interface Compared {
  /** How right its answer would have been: doubly robust, so that it can lie outside of 0 to 1. */
  readonly right: number;
  /** 1 over how likely it was to be asked, where it was it that was asked; else 0. */
  readonly weight: number;
}

/** Undefined where nothing was thought of the model. `right`: how right the result was, 0 to 1. */
export function comparedWith(
  model: string,
  { candidates, is_single, first, propensity }: Pick<Observation, 'candidates' | 'is_single' | 'first' | 'propensity'>,
  right: number,
): Compared | undefined {
  const chance = candidates.find((one) => one.model === model)?.chance;
  if (chance === undefined || !(propensity > 0)) return undefined;
  const weight = is_single && first === model ? 1 / propensity : 0;
  return { right: chance + weight * (right - chance), weight };
}

/** Sums over calls, in shares of 1: of how much more right results were than the other's, of its squares, of weights and theirs. */
export interface ParityOf {
  readonly words: number;
  readonly gap: number;
  readonly gap_squared: number;
  readonly weight: number;
  readonly weight_squared: number;
}

export interface Parity {
  /** `proven`: not below by more than the margin, nineteen times of twenty. `below`: it is. `unproven`: neither can be said. */
  readonly kind: 'proven' | 'below' | 'unproven';
  /** How much more right results were. */
  readonly gap: Guessed;
  /** As many calls of the other's own would be as sure. */
  readonly effective: number;
}

/** Whether results were as right as those of another model would have been. */
export function parityOf({ words, gap, gap_squared, weight, weight_squared }: ParityOf, margin: number): Parity {
  const guessed = guessedOf(words, gap, gap_squared);
  const effective = effectiveBy(weight, weight_squared);
  // Weights are 1 on the average where the other might have been asked on all calls. Where it never was on most, nobody has seen what it
  // would have said there: what was thought of it stands alone, and proves nothing.
  const is_seen = effective >= EFFECTIVE_MIN && weight >= SEEN_MIN * words;
  return { kind: is_seen ? kindOf(guessed, margin) : 'unproven', gap: guessed, effective };
}

/** Of the calls, so many have to be like some on which the other was asked. */
const SEEN_MIN = 0.5;

function kindOf({ low, high }: Guessed, margin: number): Parity['kind'] {
  if (low >= -margin) return 'proven';
  return high < -margin ? 'below' : 'unproven';
}

/** What of savings is shared: nothing where it is not proven that results were as right, and never less than nothing. In nano-dollars. */
export function gainShareOf(saved_usd_nanos: number, { kind }: Parity, share: number): number {
  return kind === 'proven' ? Math.max(0, Math.floor(saved_usd_nanos * share)) : 0;
}
