import { LEARNER_SETTINGS, type LearnerSettings, RouteLearner } from '../learn/learner.ts';
import type { RoutingLearner } from '../learn/routing-learner.ts';
import { linUcb } from './linucb.ts';
import { RivalLearner } from './rival-learner.ts';
import { thompson } from './thompson.ts';
import { ucb } from './ucb.ts';

export const LEARNER_KINDS = ['default', 'ucb', 'thompson', 'linucb'] as const;
/** Who learns: `default` wins where it was measured (docs/reports/routing-eval.md). */
export type LearnerKind = (typeof LEARNER_KINDS)[number];

/** States of all kinds are the same sums, so that one goes on where another was. `origin`: its name among those that learn together. */
export function learnerOf(
  kind: LearnerKind,
  seed: number,
  origin: string = '',
  settings: LearnerSettings = LEARNER_SETTINGS,
): RoutingLearner {
  if (kind === 'default') return new RouteLearner(seed, settings, origin);
  const rule = { ucb, thompson, linucb: linUcb }[kind];
  return new RivalLearner(({ dims }) => rule(dims), seed, settings, origin);
}
