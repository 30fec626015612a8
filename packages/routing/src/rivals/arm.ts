import type { Rng } from '@atp-router/kernel';
import type { PromptFeatures } from '../features/reader.ts';
import { BIAS } from '../learn/layout.ts';
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

/** What came of one model on the topic of a prompt; while no topics are known, on all prompts. */
export interface Tally {
  /** Prompts, each by its part in the topic. */
  readonly n: number;
  /** Of these, how right it was together. */
  readonly right: number;
}

/** Features of topics are parts that sum to 1, and the first is always 1, so that both numbers stand in the sums. */
export function tallyOf(sums: RegressionSums | undefined, topic: number | undefined): Tally {
  if (sums === undefined) return { n: 0, right: 0 };
  const row = topic === undefined ? BIAS : 1 + topic;
  const n = sums.a[(row * (row + 1)) / 2 + BIAS] ?? 0;
  return { n, right: Math.max(0, Math.min(n, sums.b[row] ?? 0)) };
}
