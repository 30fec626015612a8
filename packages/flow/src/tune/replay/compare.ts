import { seededRng, unreachable } from '@atp-router/kernel';
import { DEFAULT_LEARNED, type LearnedOptions, type LearnedState, learnedTuner } from '../learned.ts';
import type { Load } from '../load/format.ts';
import { pidTuner } from '../pid.ts';
import { staticTuner } from '../static.ts';
import { TUNER_KINDS, type Tuner, type TunerKind } from '../tuner.ts';
import { Score, type Result } from './score.ts';
import { INTERVAL_MS, run, type Sample, type Watcher } from './simulate.ts';

/** Seeds of the learned tuner when none are named: one lucky run proves nothing. */
export const DEFAULT_SEEDS: readonly number[] = [1, 2, 3, 4, 5];

/** Intervals that are learned from before the scored run: some twenty rewards for each cell. Twice as many change little. */
const TRAINED_INTERVALS = 20_000;
const EPOCHS_MAX = 100;

/** Options of the learned tuner for a load: what recurs there is in its header. */
export function learnedOptions({ cycle_ms }: Load): LearnedOptions {
  return { ...DEFAULT_LEARNED, cycle_ms };
}

/** Runs through the part for learning before the scored run. */
export function epochsOf({ train_ms }: Load): number {
  return Math.min(EPOCHS_MAX, Math.max(1, Math.ceil((TRAINED_INTERVALS * INTERVAL_MS) / train_ms)));
}

/**
 * Runs a load from its beginning through a tuner and scores what comes after `train_ms`. The learned one has gone through
 * the part before that `epochsOf` times; it never saw the scored part. It goes on to learn while it is scored, as it
 * would in a router. Equal loads and seeds give equal results.
 */
export function replay(load: Load, kind: TunerKind, seed: number, onSample?: (sample: Sample) => void): Result {
  switch (kind) {
    case 'static':
      return scored(load, staticTuner(load.factors), seed, onSample);
    case 'pid':
      return scored(load, pidTuner(load.factors, load.goal), seed, onSample);
    case 'learned':
      return scoredLearned(load, seed, onSample);
    default:
      return unreachable(kind);
  }
}

/** All tuners, or some: those without randomness once, the learned one with every seed. */
export function compare(
  load: Load,
  kinds: readonly TunerKind[] = TUNER_KINDS,
  seeds: readonly number[] = DEFAULT_SEEDS,
): readonly Result[] {
  return kinds.flatMap((kind) =>
    (kind === 'learned' ? seeds : seeds.slice(0, 1)).map((seed) => replay(load, kind, seed)),
  );
}

/** What the learned tuner knows after the part for learning. */
export function train(load: Load, seed: number): LearnedState {
  const tuner = learnedTuner(load.factors, load.goal, learnedOptions(load));
  return trained(load, tuner, seed).state;
}

function trained(load: Load, tuner: Tuner<LearnedState>, seed: number) {
  const rng = seededRng(seed);
  const epochs = epochsOf(load);
  let { state } = tuner.begin();
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    // The choice that stands at the end has nothing to do with the beginning.
    state = { ...run(load, { tuner, state, rng, until_ms: load.train_ms }, {}), standing: null };
  }
  return { state, rng, epochs };
}

function scoredLearned(load: Load, seed: number, onSample: ((sample: Sample) => void) | undefined): Result {
  const tuner = learnedTuner(load.factors, load.goal, learnedOptions(load));
  const { state, rng, epochs } = trained(load, tuner, seed);
  const score = new Score(load);
  run(load, { tuner, state, rng, until_ms: load.duration_ms }, watching(score, onSample));
  return score.result({ tuner: 'learned', seed, epochs });
}

function scored<State>(
  load: Load,
  tuner: Tuner<State>,
  seed: number,
  onSample: ((sample: Sample) => void) | undefined,
): Result {
  const score = new Score(load);
  const { state } = tuner.begin();
  run(load, { tuner, state, rng: seededRng(seed), until_ms: load.duration_ms }, watching(score, onSample));
  return score.result({ tuner: tuner.kind, seed, epochs: 0 });
}

function watching(score: Score, onSample: ((sample: Sample) => void) | undefined): Watcher {
  return {
    answered: (call, at_ms) => score.answered(call, at_ms),
    timedOut: (at_ms) => score.timedOut(at_ms),
    refused: (at_ms) => score.refused(at_ms),
    interval: (sample) => {
      score.interval(sample);
      onSample?.(sample);
    },
  };
}
