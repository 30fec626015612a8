import type { RoutePlans, RouteQuestion } from './routing-learner.ts';
import { SUMS_SETTINGS, SumsLearner, type SumsSettings } from './sums-learner.ts';
import { RouteTask, TASK_SETTINGS, type TaskSettings } from './task.ts';

export interface LearnerSettings extends SumsSettings {
  readonly task: TaskSettings;
}

export const LEARNER_SETTINGS: LearnerSettings = { ...SUMS_SETTINGS, task: TASK_SETTINGS };

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
    const { prompt, known, contenders, rng } = this.read(question);
    const boldness = may_explore ? this.#boldness(tenant) : 0;
    const settings = { ...this.#settings.task, ...LIMITS[plans], boldness };
    return new RouteTask(known, prompt, contenders, settings, rng);
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
