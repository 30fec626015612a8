/** When it is said that a model has changed. */
export interface DriftSettings {
  /** Results of which it is known what was expected, before anything is watched: a model that is new is only learned. */
  readonly known: number;
  /** Results behind an alarm, or behind a start, that are not looked at: they are what is being learned anew. */
  readonly rest: number;
  /** So much above or below what is expected, on the average, is no change: beliefs are off by as much. 0 to 1. */
  readonly slack: number;
  /** Sum of what is beyond it at which it is said. */
  readonly limit: number;
}

/**
 * A result is right or wrong, so it lies about 0.45 from what was expected. Tried on streams of a small world (`drift.test.ts`) with 0.05 to 0.1
 * of slack and limits of 12 to 20: with these a model that stays as it is was said to have changed once in 96,000 results, and one that lost
 * half of what it had right was found out after 25 to 60.
 */
export const DRIFT_SETTINGS: DriftSettings = { known: 50, rest: 30, slack: 0.08, limit: 12 };

/** What is known of a model by then: sums of what is beyond, and over how many results. */
export interface DriftState {
  /** Results since the start or the last alarm. */
  readonly seen: number;
  readonly worse: DriftSum;
  readonly better: DriftSum;
}

interface DriftSum {
  readonly sum: number;
  /** Results since the sum was 0. */
  readonly n: number;
}

const NOTHING: DriftSum = { sum: 0, n: 0 };
export const UNWATCHED: DriftState = { seen: 0, worse: NOTHING, better: NOTHING };

/** A model is another one now. */
export interface Drift {
  readonly direction: 'worse' | 'better';
  /** How far results are from what was expected, on the average, since the change; above 0. */
  readonly shift: number;
  /** Since the change, as far as can be told. */
  readonly results: number;
}

/**
 * Page's cumulative sums on both sides (Page 1954; the test of Page and Hinkley): what results are better or worse than expected by
 * more than the slack adds up, and never falls below 0. `surprise`: how right the result was less how right it was expected
 * to be, -1 to 1: which prompts a model gets, and how hard they are, is in what is expected of it.
 */
export function watched(
  state: DriftState,
  surprise: number,
  { rest, slack, limit }: DriftSettings,
): { readonly state: DriftState; readonly drift: Drift | undefined } {
  const seen = state.seen + 1;
  if (seen <= rest) return { state: { ...UNWATCHED, seen }, drift: undefined };
  const worse = added(state.worse, -surprise - slack);
  const better = added(state.better, surprise - slack);
  const [direction, { sum, n }] = worse.sum > better.sum ? (['worse', worse] as const) : (['better', better] as const);
  if (sum <= limit) return { state: { seen, worse, better }, drift: undefined };
  return { state: UNWATCHED, drift: { direction, shift: sum / n + slack, results: n } };
}

function added({ sum, n }: DriftSum, more: number): DriftSum {
  return sum + more <= 0 ? NOTHING : { sum: sum + more, n: n + 1 };
}
