import type { Rng } from '@atp-router/kernel';
import { together } from '../learn/together.ts';
import type { Layout } from '../learn/layout.ts';
import type { RouteQuestion } from '../learn/routing-learner.ts';
import { contendersAt, SumsLearner, type SumsSettings } from '../learn/sums-learner.ts';
import { TASK_SETTINGS } from '../learn/task.ts';
import type { Arm, Rule } from './arm.ts';
import { SingleTask } from './single-task.ts';

/**
 * Decides by a rule of the textbooks, by the same sums, features and costs as the learner that is the default: so what differs between
 * them is the rule. One model is asked for each task.
 */
export class RivalLearner extends SumsLearner {
  readonly #rule: Rule;

  constructor(rule: (layout: Layout) => Rule, seed: number, settings: SumsSettings, origin: string) {
    super(seed, settings, origin);
    this.#rule = rule(this.layout);
  }

  override decide(question: RouteQuestion): SingleTask {
    const read = this.read(question);
    const { prompt, known, rng } = read;
    const contenders = contendersAt(question.quality_usd, question.candidates, read);
    const { own, shared } = known;
    const facts = contenders.map(({ id, cost }) => ({
      cost,
      sums: together(own.models.get(id), shared.models.get(id)),
    }));
    const arms = this.#rule.arms(facts, prompt);
    const ranked = byWorth(arms);
    const known_best = ranked[0] ?? 0;
    const { first, propensity } = question.may_explore
      ? chosen(arms, this.#rule.draws, rng)
      : { first: known_best, propensity: 1 };
    const paidOf = (place: number): number => contenders[place]?.paid ?? 0;
    const tried = Math.max(0, paidOf(first) - paidOf(known_best));
    const chances = arms.map(({ mean, spread }) => ({ mean, spread, common: 0 }));
    return new SingleTask(prompt, contenders, { first, ranked, propensity, tried, chances }, question.quality_usd);
  }
}

/** The same floor as the default's: of what was never done records tell nothing. */
function chosen(
  arms: readonly Arm[],
  draws: number,
  rng: Rng,
): { readonly first: number; readonly propensity: number } {
  const { floor } = TASK_SETTINGS;
  const drawn = Array.from({ length: draws }, () => best(arms, rng));
  const place = Math.floor(rng.next() * draws);
  const is_any = rng.next() < floor;
  const any = Math.floor(rng.next() * arms.length);
  const first = is_any ? any : (drawn[place] ?? 0);
  const alike = drawn.filter((one) => one === first).length / draws;
  return { first, propensity: (1 - floor) * alike + floor / arms.length };
}

/** Of equals the one that is named first. */
function best(arms: readonly Arm[], rng: Rng): number {
  let [first, most] = [0, Number.NEGATIVE_INFINITY];
  for (const [i, arm] of arms.entries()) {
    const worth = arm.worth(rng);
    if (worth > most) [first, most] = [i, worth];
  }
  return first;
}

function byWorth(arms: readonly Arm[]): readonly number[] {
  const worths = arms.map((arm) => arm.worth(undefined));
  return worths.map((_, i) => i).sort((a, b) => (worths[b] ?? 0) - (worths[a] ?? 0) || a - b);
}
