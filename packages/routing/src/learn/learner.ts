import { type Contribution, type Rng, seededRng } from '@atp-router/kernel';
import { PromptReader } from '../features/reader.ts';
import { TOPIC_SETTINGS, type TopicSettings } from '../features/topics.ts';
import { KNOWLEDGE_SETTINGS, type KnowledgeSettings, type RouteAt, RouteKnowledge } from './knowledge.ts';
import { type Layout, layoutOf } from './layout.ts';
import type { Contender } from './outlook.ts';
import { type RouteRecord, withoutTopics } from './record.ts';
import type { LearnerState } from './state.ts';
import { RouteTask, TASK_SETTINGS, type TaskSettings } from './task.ts';
import { readTenants } from './tenants-state.ts';
import { TopicCourse } from './topic-course.ts';

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
export interface RouteQuestion extends RouteAt {
  readonly text: string;
  readonly candidates: readonly RouteCandidate[];
  /** What a right answer instead of a wrong one is worth, above 0. */
  readonly quality_usd: number;
  readonly plans: RoutePlans;
  /** Longer no answer may be. Absent: as long as it gets. */
  readonly out_tokens_max?: number | undefined;
  /** Something may be tried to learn of it; else what is known decides. */
  readonly may_explore: boolean;
}

export interface LearnerSettings {
  readonly topics: TopicSettings;
  readonly task: TaskSettings;
  readonly knowledge: KnowledgeSettings;
  /** Who found the topics that are in use has been silent for so many merges: then they are looked for here again. */
  readonly silent_merges: number;
}

export const LEARNER_SETTINGS: LearnerSettings = {
  topics: TOPIC_SETTINGS,
  task: TASK_SETTINGS,
  knowledge: KNOWLEDGE_SETTINGS,
  silent_merges: 64,
};

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
  readonly #layout: Layout;
  readonly #reader: PromptReader;
  readonly #course: TopicCourse;
  readonly #knowledge: RouteKnowledge;
  readonly #rng: Rng;

  /** `origin`: its name among those that learn together. */
  constructor(seed: number, settings: LearnerSettings = LEARNER_SETTINGS, origin: string = '') {
    this.#settings = settings;
    this.#rng = seededRng(seed);
    this.#layout = layoutOf(settings.topics.topics);
    this.#reader = new PromptReader(this.#layout, settings.topics, seededRng(seed + 1));
    this.#course = new TopicCourse(this.#reader, origin, settings.silent_merges);
    this.#knowledge = new RouteKnowledge(this.#layout, settings.knowledge);
  }

  /** Throws `RangeError` where nobody may be asked, or quality is worth nothing. */
  decide(question: RouteQuestion): RouteTask {
    const { text, candidates, quality_usd, plans, may_explore, tenant } = question;
    const { out_tokens_max = Number.POSITIVE_INFINITY } = question;
    if (candidates.length === 0) throw new RangeError('a task needs somebody who may be asked');
    if (!(quality_usd > 0)) throw new RangeError(`quality is worth more than 0 USD, not ${quality_usd}`);
    const prompt = this.#reader.read(text);
    const known = this.#knowledge.of(question);
    const usual_tokens = known.lengths.usual(
      candidates.map(({ id }) => id),
      USUAL_OUT_TOKENS,
    );
    const costs = candidates.map(({ id, in_usd, out_usd_per_token }) => {
      const tokens = Math.min(known.lengths.expected(id, prompt.topic, usual_tokens), out_tokens_max);
      return Math.max(COST_USD_MIN, in_usd + out_usd_per_token * tokens);
    });
    const usual = costs.reduce((sum, cost) => sum + Math.log(cost), 0) / Math.max(1, costs.length);
    const contenders = candidates.map(({ id }, i): Contender => {
      const cost = costs[i] ?? 0;
      return { id, cost: cost / quality_usd, better: BETTER_BY_PRICE * (Math.log(cost) - usual) };
    });
    const boldness = may_explore ? this.#boldness(tenant) : 0;
    const settings = { ...this.#settings.task, ...LIMITS[plans], boldness };
    // Of its own stream: what one task draws does not depend on what other tenants' tasks drew.
    const rng = seededRng(Math.floor(this.#rng.next() * SEEDS));
    return new RouteTask(known, prompt, contenders, settings, rng);
  }

  /** Takes in what needs no word on who was right: how long answers are, and who says the same. Once for each task that is over. */
  observe(record: RouteRecord, at: RouteAt): void {
    this.#course.study();
    this.#knowledge.observe(this.#known(record), at);
  }

  /**
   * Takes in how right the result was, from 0 to 1; it may be long after. `at`: when the task was. Throws `RangeError` for anything
   * else, which says nothing.
   */
  learn(record: RouteRecord, right: number, at: RouteAt): void {
    if (!(right >= 0 && right <= 1)) throw new RangeError(`how right an answer is lies from 0 to 1, not ${right}`);
    this.#knowledge.learn(this.#known(record), right, at);
  }

  /** What it has learned itself, as JSON. */
  state(): LearnerState {
    const tenants = this.#knowledge.record();
    return { version: 1, topic_count: this.#layout.topics, topics: this.#course.state() ?? null, tenants };
  }

  /** In place of what it has learned itself so far. False: it is of another number of topics, and of no use. */
  restore({ topic_count, topics, tenants }: LearnerState): boolean {
    if (topic_count !== this.#layout.topics) return false;
    if (topics !== null) this.#course.restore(topics);
    this.#knowledge.restore(tenants);
    return true;
  }

  /** What other origins have learned, as they say it now, beside what this one has. What is of no use here counts as nothing. */
  merge(contributions: readonly Contribution<LearnerState>[]): void {
    const ours = contributions.filter(({ value }) => value.topic_count === this.#layout.topics);
    const found = ours.flatMap(({ value }) => value.topics ?? []);
    if (this.#course.follow(found)) this.#knowledge.forgetTopics();
    const { lineage } = this.#reader.topics;
    const read = ours.map(({ origin, tick, value }) => {
      const tenants = readTenants(value.tenants, this.#knowledge.empty());
      if ((value.topics?.lineage ?? lineage) !== lineage) tenants.forgetTopics();
      return { origin, tick, value: tenants };
    });
    this.#course.heard(this.#knowledge.merge(read));
  }

  #known(record: RouteRecord): RouteRecord {
    const { lineage } = this.#reader.topics;
    return record.lineage === lineage || record.lineage === '' ? record : withoutTopics(record, this.#layout);
  }

  /** To try something pays off with each word on it: where one comes for one task in twenty, less has to be tried in each. */
  #boldness(tenant: string): number {
    return this.#settings.task.boldness * Math.sqrt(this.#knowledge.told(tenant, TOLD_BEFORE));
  }
}

const SEEDS = 2 ** 32;

const LIMITS: Readonly<Record<RoutePlans, Partial<TaskSettings>>> = {
  any: {},
  single: { openers: 0 },
  cascade: { look_min: Number.NEGATIVE_INFINITY, floor: 0 },
};
