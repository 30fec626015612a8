import type { AimdOptions } from '../window/aimd.ts';
import { type Interval, isSound, type TuneGoal } from './interval.ts';
import { type Decision, heldAt, type Tuner } from './tuner.ts';

/** Gains, for errors and windows as logarithms: beyond the knee a window of twice the size takes twice the time. */
export interface PidOptions {
  readonly kp: number;
  /** Per second. */
  readonly ki: number;
  /** In seconds. */
  readonly kd: number;
  /** Share of a new measurement in the filtered one: a p95 of ten answers is mostly the slowest of them. */
  readonly filter: number;
  /** Smallest window as a share of the base: an objective that no window reaches is not to close it. */
  readonly floor: number;
}

/**
 * Integral first, since what is measured began a call's length ago: half of the inverse dead time of three seconds, as
 * SIMC has it for such processes (Skogestad 2003), and less for the noise.
 */
export const DEFAULT_PID: PidOptions = { kp: 0.2, ki: 0.1, kd: 0.1, filter: 0.3, floor: 0.25 };

export interface PidState {
  readonly integral: number;
  /** Logarithm of the filtered p95 over the objective; null before the first answer. */
  readonly measured: number | null;
  /** Logarithm of the cap over the configured base. */
  readonly output: number;
}

/** Errors beyond this factor count as this factor: one stuck call is not to close the window. */
const ERROR_MAX: number = Math.log(2);
/** Of 100 calls so many may be late at the objective; when more time out the p95 of the rest says nothing. */
const LOST_MAX = 0.05;
/** A window is in use from here on. One that is not says nothing of a larger one, as in AIMD. */
const USED = 0.8;

/**
 * Holds the p95 latency at the objective by the size of the window. Proportional and integral on the error, derivative
 * on the measurement, so that a new objective does not kick; the integral is clamped to what the output can do, and
 * does not grow while the window is not used (Åström and Hägglund, Advanced PID Control, 2006, chapter 3; for servers,
 * Hellerstein et al., Feedback Control of Computing Systems, 2004, chapter 9).
 */
export function pidTuner(configured: AimdOptions, goal: TuneGoal, options: PidOptions = DEFAULT_PID): Tuner<PidState> {
  const { base, max } = configured;
  // From 0, since JSON has no -0.
  const low = Math.max(0 - Math.log(base), Math.log(options.floor));
  const high = Math.log(max / base);
  const decision = (state: PidState): Decision<PidState> => ({
    state,
    factors: heldAt(configured, base * Math.exp(state.output)),
  });
  return {
    kind: 'pid',
    begin: () => decision({ integral: 0, measured: null, output: 0 }),
    decide: (state, seen) => {
      const raw = isSound(seen) ? measurementOf(seen, goal) : undefined;
      if (raw === undefined) return decision(state);
      const { kp, ki, kd, filter } = options;
      const seconds = Math.min(seen.length_ms / 1_000, 10);
      const before = state.measured ?? raw;
      const measured = before + filter * (raw - before);
      const error = clamp(-measured, -ERROR_MAX, ERROR_MAX);
      const may_grow = seen.waiting > 0 || seen.in_flight >= USED * seen.window;
      const step = ki * error * seconds;
      const integral = clamp(state.integral + (may_grow ? step : Math.min(0, step)), low, high);
      const slope = (kd * (measured - before)) / seconds;
      const output = clamp(integral + kp * error - slope, low, high);
      return decision({ integral, measured, output });
    },
  };
}

/** Logarithm of the p95 over the objective. Undefined when nothing came back. */
function measurementOf({ answered, timeouts, p95_ms }: Interval, goal: TuneGoal): number | undefined {
  const lost = timeouts > LOST_MAX * (answered + timeouts);
  if (answered === 0 && !lost) return undefined;
  const ratio = Math.log(Math.max(1, p95_ms) / goal.p95_ms);
  return clamp(lost ? Math.max(ratio, ERROR_MAX) : ratio, -2 * ERROR_MAX, 2 * ERROR_MAX);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
