import type { Rng } from '@atp-router/kernel';
import type { AimdOptions } from '../window/aimd.ts';
import type { Interval } from './interval.ts';

export const TUNER_KINDS = ['static', 'pid', 'learned'] as const;
export type TunerKind = (typeof TUNER_KINDS)[number];

/** What a tuner knows after an interval, and the factors for the next. */
export interface Decision<State> {
  readonly state: State;
  readonly factors: AimdOptions;
}

/**
 * Sets the factors of an `Aimd` window from what its target looked like. Pure: everything that it remembers is in its
 * state, which is JSON, and randomness comes from outside. Whatever it is told, the factors stay within what is
 * configured: `max` is never above the configured one, hold and burst are never changed. An interval that cannot be
 * true (`isSound`) leaves state and factors as they are.
 */
export interface Tuner<State> {
  readonly kind: TunerKind;
  /** Before anything was seen. */
  begin(): Decision<State>;
  decide(state: State, seen: Interval, rng: Rng): Decision<State>;
}

/** A window may grow by this multiple of its cap, spread over a window of answers: a tuner's cap is reached at once. */
const FOLLOW = 4;
/** A tuner that holds the cap itself does not halve on top of it; a quarter is left to timeouts and marks. */
const SOFT_DECREASE = 0.75;

/**
 * Factors that hold the window at `cap` calls. Single slow answers do not move it, the tuner does; timeouts and marks do,
 * since they cannot wait for the next interval.
 */
export function heldAt(configured: AimdOptions, cap: number): AimdOptions {
  const max = Math.min(configured.max, Math.max(1, Math.round(cap)));
  const decrease = Math.max(configured.decrease, SOFT_DECREASE);
  return { ...configured, base: max, max, increase: Math.max(configured.increase, FOLLOW * max), decrease };
}
