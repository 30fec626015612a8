import type { AimdOptions } from '../window/aimd.ts';
import type { TuneGoal } from './interval.ts';
import type { LearnedOptions, LearnedState } from './learned.ts';
import { LOAD_LIMITS, type Load, LoadError } from './load/format.ts';
import { readLoad } from './load/read.ts';
import { compare, DEFAULT_SEEDS, learnedOptions, train } from './replay/compare.ts';
import { rank } from './replay/rank.ts';
import type { Result } from './replay/score.ts';
import { INTERVAL_MS } from './replay/simulate.ts';

/**
 * Points by which the learned tuner has to beat PID: two hundredths of the capacity. On loads without a pattern its seeds
 * lie further apart than that.
 */
export const GATE_MARGIN = 0.02;

/** A scored part of less is luck. */
const SCORED_INTERVALS_MIN = 60;
const SCORED_CALLS_MIN = 200;

export type Judgement =
  | { readonly ok: true; readonly margin: number; readonly results: readonly Result[] }
  /** In words: what is wrong, and what to do. */
  | { readonly ok: false; readonly reason: string };

/** What a router needs to run the learned tuner as it was judged. */
export interface Proof {
  readonly factors: AimdOptions;
  readonly goal: TuneGoal;
  readonly options: LearnedOptions;
  readonly state: LearnedState;
}

export type Verdict =
  | { readonly ok: true; readonly margin: number; readonly results: readonly Result[]; readonly proof: Proof }
  | { readonly ok: false; readonly reason: string };

/**
 * Whether results of one load allow the learned tuner: the worst of its seeds beats PID by the margin, and is not below
 * the static factors, beside which it would be pointless.
 */
export function learnedMayRun(results: readonly Result[], margin: number = GATE_MARGIN): Judgement {
  const ranks = new Map(rank(results).map((one) => [one.tuner, one]));
  const [learned, pid, fixed] = [ranks.get('learned'), ranks.get('pid'), ranks.get('static')];
  if (learned === undefined || pid === undefined || fixed === undefined) {
    return refused('The results are not of all three tuners. Replay the load with all of them.');
  }
  if (!results.every(({ score }) => Number.isFinite(score))) return refused('A score is not a number.');
  const calls = Math.min(...results.map(({ answered, timeouts }) => answered + timeouts));
  if (calls < SCORED_CALLS_MIN) {
    return refused(`The scored part has ${calls} calls; ${SCORED_CALLS_MIN} are needed. Record a longer load.`);
  }
  const won = learned.worst.score - pid.best.score;
  if (!(won >= margin)) {
    return refused(
      `The learned tuner scores ${points(learned.worst.score)} (worst of ${learned.seeds} seeds), PID ` +
        `${points(pid.best.score)}: ${won < 0 ? 'it loses' : 'it wins'} by ${points(Math.abs(won))}, and has to win by ` +
        `${points(margin)}. Run pid or static on this target.`,
    );
  }
  if (learned.worst.score < fixed.best.score) {
    return refused(
      `The learned tuner beats PID, but scores ${points(learned.worst.score)} where the static factors score ` +
        `${points(fixed.best.score)}. Run static on this target.`,
    );
  }
  return { ok: true, margin: won, results };
}

export interface GateOptions {
  /** Points that have to be won by. */
  readonly margin?: number;
  /** As they are configured where the tuner is to run, in place of those of the load: a proof for other windows is none. */
  readonly factors?: AimdOptions;
  readonly goal?: TuneGoal;
}

/**
 * From the text of a load to the verdict: reads it, replays it with all tuners and five seeds, and judges. Never throws
 * for what the text holds. The largest load takes seconds.
 */
export function gateLearned(text: string, options: GateOptions = {}): Verdict {
  let load: Load;
  try {
    load = readLoad(text);
  } catch (error) {
    if (error instanceof LoadError) return refused(`The load cannot be read: ${error.message}.`);
    throw error;
  }
  const { factors = load.factors, goal = load.goal, margin = GATE_MARGIN } = options;
  const fault = tooShort(load) ?? tooLarge(factors);
  if (fault !== undefined) return refused(fault);
  const configured: Load = { ...load, factors, goal };
  const judgement = learnedMayRun(compare(configured), margin);
  if (!judgement.ok) return judgement;
  const [seed = 1] = DEFAULT_SEEDS;
  return { ...judgement, proof: { factors, goal, options: learnedOptions(load), state: train(configured, seed) } };
}

function tooLarge({ max }: AimdOptions): string | undefined {
  if (max <= LOAD_LIMITS.window) return undefined;
  return `The window may have ${max} calls; a replay takes ${LOAD_LIMITS.window} at most. Configure a smaller max.`;
}

function tooShort({ duration_ms, train_ms, cycle_ms }: Load): string | undefined {
  if (train_ms < cycle_ms) {
    return (
      `The part for learning is ${train_ms} ms, and things recur after ${cycle_ms} ms (cycle_ms): some phases would be ` +
      'met for the first time while calls depend on it. Record at least two cycles.'
    );
  }
  const scored_ms = duration_ms - train_ms;
  if (scored_ms >= SCORED_INTERVALS_MIN * INTERVAL_MS) return undefined;
  return `The scored part is ${scored_ms} ms; ${SCORED_INTERVALS_MIN * INTERVAL_MS} ms are needed. Record a longer load.`;
}

function refused(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

function points(score: number): string {
  return score.toFixed(3);
}
