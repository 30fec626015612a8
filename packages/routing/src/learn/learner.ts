import { type Rng, seededRng } from '@atp-router/kernel';
import { PromptReader } from '../features/reader.ts';
import { TOPIC_SETTINGS, type TopicSettings } from '../features/topics.ts';
import { RouteKnowledge } from './knowledge.ts';
import { layoutOf } from './layout.ts';
import type { Contender } from './outlook.ts';
import { RouteTask, TASK_SETTINGS, type TaskSettings } from './task.ts';

/** Who may be asked for a task, and what one answer costs. */
export interface RouteCandidate {
  readonly id: string;
  /** For reading the prompt, and for each token of an answer. */
  readonly in_usd: number;
  readonly out_usd_per_token: number;
}

export interface LearnerSettings {
  readonly topics: TopicSettings;
  readonly task: TaskSettings;
}

export const LEARNER_SETTINGS: LearnerSettings = { topics: TOPIC_SETTINGS, task: TASK_SETTINGS };

/** Answers have so many tokens before it is known how many. */
const USUAL_OUT_TOKENS = 250;
/** Who costs e times as much is expected to be so much better before anything is known. */
const BETTER_BY_PRICE = 0.03;
const COST_USD_MIN = 1e-9;
/** Until it is known how often somebody says what was right, as if it had been said of each of so many tasks. */
const TOLD_BEFORE = 200;

/**
 * Learns from answers whom to ask: which models are right on which prompts, what their answers cost, what it means when two agree
 * or an answer is long. Without labels it begins with what prices suggest, and gets better with each word on who was right.
 */
export class RouteLearner {
  readonly #settings: LearnerSettings;
  readonly #reader: PromptReader;
  readonly #knowledge: RouteKnowledge;
  readonly #rng: Rng;
  #tasks = 0;
  #told = 0;

  constructor(seed: number, settings: LearnerSettings = LEARNER_SETTINGS) {
    this.#settings = settings;
    this.#rng = seededRng(seed);
    const layout = layoutOf(settings.topics.topics);
    this.#reader = new PromptReader(layout, settings.topics, seededRng(seed + 1));
    this.#knowledge = new RouteKnowledge(layout);
  }

  /** `quality_usd`: what a right answer instead of a wrong one is worth, above 0. Throws `RangeError` where nobody may be asked. */
  begin(text: string, candidates: readonly RouteCandidate[], quality_usd: number): RouteTask {
    if (candidates.length === 0) throw new RangeError('a task needs somebody who may be asked');
    if (!(quality_usd > 0)) throw new RangeError(`quality is worth more than 0 USD, not ${quality_usd}`);
    const prompt = this.#reader.read(text);
    const costs = candidates.map(({ id, in_usd, out_usd_per_token }) => {
      const tokens = this.#knowledge.lengths.expected(id, prompt.topic, USUAL_OUT_TOKENS);
      return Math.max(COST_USD_MIN, in_usd + out_usd_per_token * tokens);
    });
    const usual = costs.reduce((sum, cost) => sum + Math.log(cost), 0) / Math.max(1, costs.length);
    const contenders = candidates.map(({ id }, i): Contender => {
      const cost = costs[i] ?? 0;
      return { id, cost: cost / quality_usd, better: BETTER_BY_PRICE * (Math.log(cost) - usual) };
    });
    this.#tasks += 1;
    const onTold = (): void => {
      this.#told += 1;
    };
    return new RouteTask(this.#knowledge, prompt, contenders, this.#boldly(), this.#rng, onTold);
  }

  /** To try something pays off with each word on it: where one comes for one task in twenty, less has to be tried in each. */
  #boldly(): TaskSettings {
    const { task } = this.#settings;
    const told = Math.min(1, (this.#told + TOLD_BEFORE) / (this.#tasks + TOLD_BEFORE));
    return { ...task, boldness: task.boldness * Math.sqrt(told) };
  }
}
