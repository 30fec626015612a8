import { normal, type Rng } from '@atp-router/kernel';
import type { AimdOptions } from '../window/aimd.ts';
import { type Interval, isSound, rewardOf, type TuneGoal } from './interval.ts';
import { type Decision, heldAt, type Tuner } from './tuner.ts';

export interface LearnedOptions {
  /** What recurs, recurs after this time; a day, where nothing else is known. */
  readonly cycle_ms: number;
  /** Parts of a cycle that are told apart. */
  readonly phases: number;
  /** Intervals that a choice stands, at least as long as a call takes: before, its reward is that of the choice before it. */
  readonly stay: number;
  /** Share of choices that are made at random, so that a target that changed is noticed. */
  readonly explore: number;
  /** Rewards that a cell remembers; older ones fade. */
  readonly memory: number;
}

export const DEFAULT_LEARNED: LearnedOptions = {
  cycle_ms: 86_400_000,
  phases: 24,
  stay: 5,
  explore: 0.03,
  memory: 40,
};

/** Rewards of one choice in one context. */
export interface Cell {
  /** At most `memory`. */
  readonly n: number;
  readonly mean: number;
  /** Mean squared distance from the mean. */
  readonly spread: number;
}

/** The choice that stands. */
export interface Standing {
  readonly phase: number;
  readonly cell: number;
  readonly arm: number;
  /** Intervals so far, and the reward of those that count. */
  readonly intervals: number;
  readonly counted: number;
  readonly reward: number;
}

export interface LearnedState {
  /** By context, then by arm. */
  readonly cells: readonly Cell[];
  readonly standing: Standing | null;
}

/**
 * The choices: windows as shares of the configured maximum, each half as large again as the one before. More would be
 * finer, and would take longer to learn.
 */
export const ARMS: readonly number[] = [0.09, 0.13, 0.2, 0.3, 0.44, 0.67, 1];
/** Whether calls waited. */
const PRESSURES = 2;
/** Rewards that a cell begins with, of mean 0.5 and this deviation: enough for every choice to be tried. */
const PRIOR = { n: 1, mean: 0.5, deviation: 0.3 } as const;
/** The first interval of a choice is still full of calls that began under the choice before it. */
const SKIPPED = 1;

/** Cells of a tuner with these options. */
export function cellCount({ phases }: LearnedOptions): number {
  return phases * PRESSURES * ARMS.length;
}

/**
 * A contextual bandit: the context is the phase of the cycle and whether calls wait, the choice one of a few windows, the
 * reward `rewardOf`, averaged over the intervals that the choice stands. Choices are made by Thompson sampling with a
 * normal posterior for each cell (Thompson 1933; Agrawal and Goyal 2013), and rewards fade, since targets change
 * (Garivier and Moulines 2011). It knows nothing of windows beside each other: a cell learns from its own rewards only,
 * which is why it has to be trained on a recorded load before it may run.
 */
export function learnedTuner(
  configured: AimdOptions,
  goal: TuneGoal,
  options: LearnedOptions = DEFAULT_LEARNED,
): Tuner<LearnedState> {
  const decision = (state: LearnedState): Decision<LearnedState> => ({
    state,
    factors: state.standing === null ? configured : heldAt(configured, configured.max * shareOf(state.standing.arm)),
  });
  return {
    kind: 'learned',
    begin: () => decision(freshState(options)),
    decide: (state, seen, rng) => {
      if (!isSound(seen)) return decision(state);
      const phase = phaseAt(seen.start_ms + seen.length_ms, options);
      const standing = state.standing === null ? null : withReward(state.standing, rewardOf(seen, goal));
      if (standing !== null && standing.phase === phase && standing.intervals < options.stay) {
        return decision({ ...state, standing });
      }
      const cells = standing === null ? state.cells : learn(state.cells, standing, options);
      return decision({ cells, standing: choose(cells, phase, seen, rng, options) });
    },
  };
}

export function freshState(options: LearnedOptions): LearnedState {
  const cell: Cell = { n: 0, mean: 0, spread: 0 };
  return { cells: Array<Cell>(cellCount(options)).fill(cell), standing: null };
}

function shareOf(arm: number): number {
  return ARMS[arm] ?? 1;
}

function phaseAt(at_ms: number, { cycle_ms, phases }: LearnedOptions): number {
  const within_ms = ((at_ms % cycle_ms) + cycle_ms) % cycle_ms;
  return Math.min(phases - 1, Math.floor((within_ms * phases) / cycle_ms));
}

function withReward(standing: Standing, reward: number): Standing {
  const counts = standing.intervals >= SKIPPED ? 1 : 0;
  return {
    ...standing,
    intervals: standing.intervals + 1,
    counted: standing.counted + counts,
    reward: standing.reward + counts * reward,
  };
}

/** A choice that a new phase cut off before any of its own calls could end teaches nothing. */
function learn(cells: readonly Cell[], standing: Standing, { memory }: LearnedOptions): readonly Cell[] {
  const old = cells[standing.cell];
  if (standing.counted === 0 || old === undefined) return cells;
  const reward = standing.reward / standing.counted;
  const n = Math.min(memory, old.n + 1);
  const distance = reward - old.mean;
  const mean = old.mean + distance / n;
  const spread = old.spread + (distance * (reward - mean) - old.spread) / n;
  return cells.with(standing.cell, { n, mean, spread: Math.max(0, spread) });
}

function choose(
  cells: readonly Cell[],
  phase: number,
  { waiting }: Interval,
  rng: Rng,
  { explore }: LearnedOptions,
): Standing {
  const first = (phase * PRESSURES + (waiting > 0 ? 1 : 0)) * ARMS.length;
  const drawn = ARMS.map((_, arm) => draw(cells[first + arm], rng));
  const best = drawn.indexOf(Math.max(...drawn));
  // Drawn always, so that the stream of randomness does not depend on what was learned.
  const [chance, at_random] = [rng.next(), Math.floor(rng.next() * ARMS.length)];
  const arm = chance < explore ? at_random : best;
  return { phase, cell: first + arm, arm, intervals: 0, counted: 0, reward: 0 };
}

/** A mean that the rewards of a cell allow. */
function draw(cell: Cell | undefined, rng: Rng): number {
  const { n, mean, spread } = cell ?? { n: 0, mean: 0, spread: 0 };
  const weight = n + PRIOR.n;
  const centre = (n * mean + PRIOR.n * PRIOR.mean) / weight;
  const variance = (n * spread + PRIOR.n * PRIOR.deviation ** 2) / weight;
  return centre + Math.sqrt(variance / weight) * normal(rng);
}
