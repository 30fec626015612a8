import { type Rng, seededRng } from '@atp-router/kernel';
import { PromptReader } from '../features/reader.ts';
import { TOPIC_SETTINGS, type TopicSettings } from '../features/topics.ts';
import { RouteKnowledge } from './knowledge.ts';
import { layoutOf } from './layout.ts';
import type { Contender } from './outlook.ts';
import { lessonsOf, type RouteRecord } from './record.ts';
import { RouteTask, TASK_SETTINGS, type TaskSettings } from './task.ts';

/** Who may be asked for a task, and what one answer costs. */
export interface RouteCandidate {
  readonly id: string;
  /** For reading the prompt, and for each token of an answer. */
  readonly in_usd: number;
  readonly out_usd_per_token: number;
}

/** `single`: one is asked and its answer taken; `cascade`: answers are looked at, and others asked behind them; `any`: what is worth more. */
export type RoutePlans = 'any' | 'single' | 'cascade';

/** A task that somebody is to be chosen for. */
export interface RouteQuestion {
  readonly text: string;
  readonly candidates: readonly RouteCandidate[];
  /** What a right answer instead of a wrong one is worth, above 0. */
  readonly quality_usd: number;
  readonly plans: RoutePlans;
  /** Something may be tried to learn of it; else what is known decides. */
  readonly may_explore: boolean;
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

  /** Throws `RangeError` where nobody may be asked, or quality is worth nothing. */
  decide({ text, candidates, quality_usd, plans, may_explore }: RouteQuestion): RouteTask {
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
    const boldness = may_explore ? this.#boldness() : 0;
    const settings = { ...this.#settings.task, ...LIMITS[plans], boldness };
    return new RouteTask(this.#knowledge, prompt, contenders, settings, this.#rng);
  }

  /** Takes in what needs no word on who was right: how long answers are, and who says the same. Once for each task that is over. */
  observe({ features, topic, answers }: RouteRecord): void {
    this.#tasks += 1;
    for (const { model, out_tokens } of answers) this.#knowledge.lengths.add(model, topic, out_tokens);
    const [one, ...others] = answers;
    if (one?.choice === undefined) return;
    for (const { model, choice } of others) {
      if (choice === undefined) continue;
      this.#knowledge.learnAccord(one.model, model, features, one.length, choice === one.choice);
    }
  }

  /**
   * Takes in how right the result was, from 0 to 1; it may be long after. Throws `RangeError` for anything else, which says
   * nothing.
   */
  learn(record: RouteRecord, right: number): void {
    if (!(right >= 0 && right <= 1)) throw new RangeError(`how right an answer is lies from 0 to 1, not ${right}`);
    for (const lesson of lessonsOf(record, right)) this.#knowledge.learn(lesson, record.features);
    this.#told += 1;
  }

  /** To try something pays off with each word on it: where one comes for one task in twenty, less has to be tried in each. */
  #boldness(): number {
    const told = Math.min(1, (this.#told + TOLD_BEFORE) / (this.#tasks + TOLD_BEFORE));
    return this.#settings.task.boldness * Math.sqrt(told);
  }
}

const LIMITS: Readonly<Record<RoutePlans, Partial<TaskSettings>>> = {
  any: {},
  single: { openers: 0 },
  cascade: { look_min: Number.NEGATIVE_INFINITY },
};
