import type { RoutePlans, RouteQuestion } from './routing-learner.ts';
import { contendersAt, type Read, SUMS_SETTINGS, SumsLearner, type SumsSettings } from './sums-learner.ts';
import { RouteTask, TASK_SETTINGS, type TaskSettings } from './task.ts';

export interface LearnerSettings extends SumsSettings {
  readonly task: TaskSettings;
}

export const LEARNER_SETTINGS: LearnerSettings = { ...SUMS_SETTINGS, task: TASK_SETTINGS };

/** Quality is never worth more than so many answers of the dearest: a hundredth of a point is one then. */
const WORTH_MAX = 10_000;
/** Of a range of a million, so many leave a step of a ninth. */
const HALVINGS = 7;

/** Until it is known how often somebody says what was right, as if it had been said of each of so many tasks. */
const TOLD_BEFORE = 200;

/**
 * Learns from answers whom to ask: which models are right on which prompts, what their answers cost, what it means when two agree
 * or an answer is long. Without labels it begins with what prices suggest, and gets better with each word on who was right.
 */
export class RouteLearner extends SumsLearner {
  readonly #settings: LearnerSettings;

  /** `origin`: its name among those that learn together. */
  constructor(seed: number, settings: LearnerSettings = LEARNER_SETTINGS, origin: string = '') {
    super(seed, settings, origin);
    this.#settings = settings;
  }

  override decide(question: RouteQuestion): RouteTask {
    const { plans, may_explore, tenant } = question;
    const read = this.read(question);
    const quality_usd = this.#worth(question, read);
    const contenders = contendersAt(quality_usd, question.candidates, read);
    const { prompt, known, rng } = read;
    const boldness = may_explore ? this.#boldness(tenant) : 0;
    const settings = { ...this.#settings.task, ...LIMITS[plans], boldness };
    return new RouteTask(known, prompt, contenders, settings, quality_usd, rng);
  }

  /**
   * What quality is worth: what the question says or, where it says how right the result is to be, the least for which it is likely to
   * be so. Whoever pays more for quality gets no less of it, so it is found by halving; where nothing is right enough, it is worth
   * so much that prices hardly count.
   */
  #worth({ quality_usd, target, candidates, plans }: RouteQuestion, read: Read): number {
    const { prompt, known, costs_usd, rng } = read;
    if (target === undefined) return quality_usd;
    const settings = { ...this.#settings.task, ...LIMITS[plans], boldness: 0 };
    const isRight = (usd: number): boolean => {
      const contenders = contendersAt(usd, candidates, read);
      return new RouteTask(known, prompt, contenders, settings, usd, rng).right >= target;
    };
    let low = Math.log(Math.min(...costs_usd));
    let high = Math.log(Math.max(...costs_usd) * WORTH_MAX);
    for (let i = 0; i < HALVINGS; i += 1) {
      const middle = (low + high) / 2;
      if (isRight(Math.exp(middle))) high = middle;
      else low = middle;
    }
    return Math.exp(high);
  }

  /** To try something pays off with each word on it: where one comes for one task in twenty, less has to be tried in each. */
  #boldness(tenant: string): number {
    return this.#settings.task.boldness * Math.sqrt(this.knowledge.told(tenant, TOLD_BEFORE));
  }
}

const LIMITS: Readonly<Record<RoutePlans, Partial<TaskSettings>>> = {
  any: {},
  single: { openers: 0 },
  cascade: { look_min: Number.NEGATIVE_INFINITY, floor: 0 },
};
