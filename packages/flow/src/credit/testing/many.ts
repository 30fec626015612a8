import { drawPlan } from './draw-plan.ts';
import { playPlan } from './play.ts';
import { reportOf, tallyOf } from './report.ts';
import type { CreditFacts } from './scene.ts';

export interface ManyResult {
  readonly facts: Readonly<CreditFacts>;
  /** Reports of the histories that broke a rule. */
  readonly problems: readonly string[];
}

/** Plays the histories of the seeds from `first` up to `end`, every `step`-th: what one of several threads does. */
export function playMany(first: number, end: number, step: number): ManyResult {
  const tally = tallyOf();
  const problems: string[] = [];
  for (let seed = first; seed < end; seed += step) {
    const result = playPlan(drawPlan(seed));
    tally.add(result);
    if (result.problems.length > 0) problems.push(reportOf(seed, result));
  }
  return { facts: tally.facts, problems };
}
