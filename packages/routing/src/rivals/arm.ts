import type { Rng } from '@atp-router/kernel';
import type { PromptFeatures } from '../features/reader.ts';
import type { RegressionSums } from '../learn/sums.ts';

/** One of those who may be asked, as a rule is told of it. */
export interface ArmFacts {
  /** What one answer costs, in points of quality (1 is all of it). */
  readonly cost: number;
  /** What came of it; undefined: nothing yet. */
  readonly sums: RegressionSums | undefined;
}

/** One of those who may be asked, as a rule sees it. */
export interface Arm {
  /** Chance that it is right, and one standard deviation of it. */
  readonly mean: number;
  readonly spread: number;
  /** The arm of which this is most is asked. Without chance: nothing is tried. */
  worth(rng: Rng | undefined): number;
}

/** How a rival decides. */
export interface Rule {
  /** Draws of which one decides; 1 where nothing is left to chance. */
  readonly draws: number;
  /** In the order of `facts`. */
  arms(facts: readonly ArmFacts[], prompt: PromptFeatures): readonly Arm[];
}
