import { type Contribution, type Rng, seededRng } from '@atp-router/kernel';
import type { ClustersView } from '../clusters/cluster-book.ts';
import { type PromptFeatures, PromptReader } from '../features/reader.ts';
import { TOPIC_SETTINGS, type TopicSettings } from '../features/topics.ts';
import {
  KNOWLEDGE_SETTINGS,
  type KnowledgeSettings,
  type Known,
  type ModelDrift,
  type RouteAt,
  RouteKnowledge,
} from './knowledge.ts';
import { type Layout, layoutOf } from './layout.ts';
import type { Contender } from './outlook.ts';
import { type RouteRecord, withoutTopics } from './record.ts';
import type { RouteQuestion, RoutingLearner, RoutingTask } from './routing-learner.ts';
import type { ModelScore } from './scores.ts';
import type { LearnerState } from './state.ts';
import { USUAL } from './settings.ts';
import { readTenants } from './tenants-state.ts';
import { TopicCourse } from './topic-course.ts';

export interface SumsSettings {
  readonly topics: TopicSettings;
  readonly knowledge: KnowledgeSettings;
  /** Who found the topics that are in use has been silent for so many merges: then they are looked for here again. */
  readonly silent_merges: number;
}

export const SUMS_SETTINGS: SumsSettings = { topics: TOPIC_SETTINGS, knowledge: KNOWLEDGE_SETTINGS, silent_merges: 64 };

/** Answers have so many tokens before it is known how many. */
const USUAL_OUT_TOKENS = 250;
/** Who costs e times as much is expected to be so much better before anything is known. */
const BETTER_BY_PRICE = 0.03;
const COST_USD_MIN = 1e-9;
const SEEDS = 2 ** 32;

/** A question as it is read. */
export interface Read {
  readonly prompt: PromptFeatures;
  readonly known: Known;
  /** What one answer of each candidate is expected to cost. */
  readonly costs_usd: readonly number[];
  /** Of that, what is paid. */
  readonly paid_usd: readonly number[];
  /** How long that is expected to be. */
  readonly out_tokens: readonly number[];
  /** Of its own stream: what one task draws does not depend on what other tenants' tasks drew. */
  readonly rng: Rng;
}

/** What all learners do alike: they read prompts, and keep sums of what came of tasks. How they decide by these is their own. */
export abstract class SumsLearner implements RoutingLearner {
  protected readonly knowledge: RouteKnowledge;
  protected readonly layout: Layout;
  readonly #reader: PromptReader;
  readonly #course: TopicCourse;
  readonly #rng: Rng;

  /** `origin`: its name among those that learn together. */
  constructor(seed: number, { topics, knowledge, silent_merges }: SumsSettings, origin: string) {
    this.#rng = seededRng(seed);
    this.layout = layoutOf(topics.topics);
    this.#reader = new PromptReader(this.layout, topics, seededRng(seed + 1));
    this.#course = new TopicCourse(this.#reader, origin, silent_merges);
    this.knowledge = new RouteKnowledge(this.layout, knowledge);
  }

  abstract decide(question: RouteQuestion): RoutingTask;

  observe(record: RouteRecord, at: RouteAt): void {
    this.#course.study(at.tick);
    this.knowledge.observe(this.#known(record), at);
  }

  learn(record: RouteRecord, right: number, at: RouteAt, weight: number = 1): ModelDrift | undefined {
    checkWord(right, weight);
    return this.knowledge.learn(this.#known(record), right, at, weight);
  }

  unlearn(record: RouteRecord, right: number, at: RouteAt, weight: number): void {
    checkWord(right, weight);
    this.knowledge.unlearn(this.#known(record), right, at, weight);
  }

  scores(tenant: string | undefined): readonly ModelScore[] {
    return this.knowledge.scores(tenant);
  }

  clusters(): ClustersView {
    return this.#reader.book.view();
  }

  state(): LearnerState {
    const tenants = this.knowledge.record();
    return { version: 1, topic_count: this.layout.topics, topics: this.#course.state() ?? null, tenants };
  }

  restore({ topic_count, topics, tenants }: LearnerState): boolean {
    if (topic_count !== this.layout.topics) return false;
    if (topics !== null) this.#course.restore(topics);
    this.knowledge.restore(tenants);
    return true;
  }

  merge(contributions: readonly Contribution<LearnerState>[]): void {
    const ours = contributions.filter(({ value }) => value.topic_count === this.layout.topics);
    const found = ours.flatMap(({ value }) => value.topics ?? []);
    if (this.#course.follow(found)) this.knowledge.forgetTopics();
    const { lineage } = this.#reader.topics;
    const read = ours.map(({ origin, tick, value }) => {
      const tenants = readTenants(value.tenants, this.knowledge.empty());
      if ((value.topics?.lineage ?? lineage) !== lineage) tenants.forgetTopics();
      return { origin, tick, value: tenants };
    });
    this.#course.heard(this.knowledge.merge(read));
  }

  /** Throws `RangeError` where nobody may be asked, or quality is worth nothing. */
  protected read(question: RouteQuestion): Read {
    const { text, candidates, quality_usd, out_tokens_max = Number.POSITIVE_INFINITY } = question;
    if (candidates.length === 0) throw new RangeError('a task needs somebody who may be asked');
    if (!(quality_usd > 0)) throw new RangeError(`quality is worth more than 0 USD, not ${quality_usd}`);
    const prompt = this.#reader.read(text, question.uses_tools);
    const known = this.knowledge.of(question);
    const usual_tokens = known.lengths.usual(
      candidates.map(({ id }) => id),
      USUAL_OUT_TOKENS,
    );
    const out_tokens = candidates.map(({ id }) =>
      Math.min(known.lengths.expected(id, prompt.topic, usual_tokens), out_tokens_max),
    );
    const costs = candidates.map(({ in_usd, out_usd_per_token }, i) =>
      Math.max(COST_USD_MIN, in_usd + out_usd_per_token * (out_tokens[i] ?? 0)),
    );
    const paid = candidates.map(({ beside }, i) => {
      const cost = costs[i] ?? COST_USD_MIN;
      if (beside === undefined) return cost;
      return Math.max(COST_USD_MIN, cost - beside.in_usd - beside.out_usd_per_token * (out_tokens[i] ?? 0));
    });
    const rng = seededRng(Math.floor(this.#rng.next() * SEEDS));
    return { prompt, known, costs_usd: costs, paid_usd: paid, out_tokens, rng };
  }

  #known(record: RouteRecord): RouteRecord {
    const { lineage } = this.#reader.topics;
    return record.lineage === lineage || record.lineage === '' ? record : withoutTopics(record, this.layout);
  }
}

/** Throws `RangeError`. */
function checkWord(right: number, weight: number): void {
  if (!(right >= 0 && right <= 1)) throw new RangeError(`how right an answer is lies from 0 to 1, not ${right}`);
  if (!(weight > 0 && weight <= 1)) throw new RangeError(`a word counts more than 0 and at most 1, not ${weight}`);
}

/** Candidates with what they cost in points of quality, where a right answer is worth so much. */
export function contendersAt(
  quality_usd: number,
  candidates: RouteQuestion['candidates'],
  { costs_usd, paid_usd, out_tokens }: Pick<Read, 'costs_usd' | 'paid_usd' | 'out_tokens'>,
): readonly Contender[] {
  const usual = paid_usd.reduce((sum, cost) => sum + Math.log(cost), 0) / Math.max(1, paid_usd.length);
  return candidates.map(({ id, expected_quality }, i): Contender => {
    const cost = costs_usd[i] ?? 0;
    const by_price = BETTER_BY_PRICE * (Math.log(paid_usd[i] ?? COST_USD_MIN) - usual);
    const better = expected_quality === undefined ? by_price : expected_quality - USUAL;
    const paid = (paid_usd[i] ?? 0) / quality_usd;
    return { id, cost: cost / quality_usd, paid, out_tokens: out_tokens[i] ?? 0, better };
  });
}
