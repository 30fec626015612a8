/** What one interval of a target looked like, mostly a second. All that a tuner is told. */
export interface Interval {
  /** When it began, in milliseconds of whatever clock the hour of the day is read from. */
  readonly start_ms: number;
  readonly length_ms: number;
  /** Calls answered before they timed out. */
  readonly answered: number;
  /** Those of them that took longer than the objective. */
  readonly missed: number;
  /** Dispatch to answer; 0 when nothing was answered. */
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly timeouts: number;
  /** Answers with a congestion mark. */
  readonly ecn_marks: number;
  /** At its end. */
  readonly in_flight: number;
  readonly window: number;
  /** Calls that wait for the window, at its end. */
  readonly waiting: number;
  /** Input and output tokens of what was answered. */
  readonly tokens: number;
}

/** What a tuner is to reach. */
export interface TuneGoal {
  /** 95 of 100 calls are to be answered within this time of their dispatch. */
  readonly p95_ms: number;
  /** What the target serves when it is full and well, as a measure of goodput. It need not be exact. */
  readonly capacity_tokens_per_s: number;
}

/** No count and no time of an interval is larger; what is, was not measured. */
const SANE_MAX = 1e15;

/** Whether an interval can be true. One that cannot moves no tuner: a fault of measuring must not open a window. */
export function isSound(seen: Interval): boolean {
  const { start_ms, length_ms, answered, missed, p50_ms, p95_ms, timeouts } = seen;
  const { ecn_marks, in_flight, window, waiting, tokens } = seen;
  const amounts = [
    length_ms,
    answered,
    missed,
    p50_ms,
    p95_ms,
    timeouts,
    ecn_marks,
    in_flight,
    window,
    waiting,
    tokens,
  ];
  const are_sane = amounts.every((amount) => amount >= 0 && amount <= SANE_MAX);
  return are_sane && Math.abs(start_ms) <= SANE_MAX && length_ms > 0 && missed <= answered && p50_ms <= p95_ms;
}

/** What a missed objective and a timeout cost, where the whole capacity is worth 1. */
export const REWARD_WEIGHTS = { missed: 0.5, timeouts: 1 } as const;

/**
 * The reward of an interval, from -1.5 to 1:
 *
 *     tokens / (capacity_tokens_per_s * seconds), at most 1
 *     - 0.5 * missed / answered
 *     - 1.0 * timeouts / (answered + timeouts)
 *
 * A late answer still has worth, a timeout has none and has cost the target its work.
 */
export function rewardOf(seen: Interval, { capacity_tokens_per_s }: TuneGoal): number {
  const { answered, missed, timeouts, tokens, length_ms } = seen;
  const goodput = Math.min(1, (tokens * 1_000) / (capacity_tokens_per_s * length_ms));
  const late = answered === 0 ? 0 : missed / answered;
  const lost = timeouts === 0 ? 0 : timeouts / (answered + timeouts);
  return goodput - REWARD_WEIGHTS.missed * late - REWARD_WEIGHTS.timeouts * lost;
}
