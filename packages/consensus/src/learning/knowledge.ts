import type { FanoutPlan, StrategyKind } from '../plan.ts';
import { creditsOf } from '../reputation/credit.ts';
import { type Estimate, estimate, type EstimateOptions } from '../reputation/estimate.ts';
import { type Contribution, Origins } from '@atp-router/kernel';
import { HALF_LIFE_TICKS } from '../reputation/table.ts';
import type { Standing } from '../strategy.ts';
import { Learned, type LearnedRecord } from './learned.ts';
import type { FeedbackLesson, SessionLesson } from './lesson.ts';

export interface KnowledgeOptions extends EstimateOptions {
  readonly half_life_ticks?: number | undefined;
}

/** What a router knows: what it has learned itself, and what others have. Decisions rest on the sum. */
export class Knowledge {
  readonly #options: KnowledgeOptions;
  readonly #others: Origins<LearnedRecord> = new Origins();
  #own: Learned;
  /** Of all origins. The same as `#own` while there are no others. */
  #sum: Learned;

  constructor(options: KnowledgeOptions) {
    this.#options = options;
    this.#own = this.#nothing();
    this.#sum = this.#own;
  }

  get sum(): Learned {
    return this.#sum;
  }

  learn(lesson: SessionLesson, tick: number): void {
    for (const learned of this.#both) learned.learn(lesson, tick);
  }

  feedback(lesson: FeedbackLesson, tick: number): void {
    for (const learned of this.#both) learned.feedback(lesson, tick);
  }

  /** What this router has learned itself. */
  record(): LearnedRecord {
    return this.#own.record();
  }

  /** In place of all that this router has learned itself so far. */
  restore(record: LearnedRecord): void {
    this.#own = this.#nothing();
    this.#own.add(record);
    this.#sumUp();
  }

  /** The records of other origins; whether anything is new. */
  merge(contributions: Iterable<Contribution<LearnedRecord>>): boolean {
    if (!this.#others.merge(contributions)) return false;
    this.#sumUp();
    return true;
  }

  estimate(source: string, cluster: string | undefined, tick: number): Estimate {
    const { reputation } = this.#sum;
    const own = cluster === undefined ? undefined : reputation.of(source, cluster, tick);
    return estimate(reputation.of(source, undefined, tick), own, this.#options);
  }

  /** What is known of those whom a session may hear. What is learned later does not change it. */
  standing(policy: string, plan: FanoutPlan, cluster: string | undefined, tick: number): Standing {
    const learned = this.#sum.policy(policy);
    const sources = sourcesOf(plan);
    const tallies = sources.map((source) => this.#sum.reputation.of(source, undefined, tick));
    const credits = creditsOf(tallies, this.#options.min_samples);
    const known = new Map(
      sources.map((source, i) => [
        source,
        {
          weight: (learned?.weight(source, cluster) ?? 1) * (credits[i] ?? 1),
          rate: this.estimate(source, cluster, tick).accuracy,
        },
      ]),
    );
    const calibrators = learned?.calibrators;
    return {
      weight: (source) => known.get(source)?.weight ?? 1,
      winRate: (source) => known.get(source)?.rate ?? 0.5,
      calibrated: (strategy: StrategyKind, confidence) =>
        calibrators?.of(strategy).calibrated(confidence) ?? confidence,
    };
  }

  get #both(): readonly Learned[] {
    return this.#sum === this.#own ? [this.#own] : [this.#own, this.#sum];
  }

  #nothing(): Learned {
    return new Learned(this.#options.half_life_ticks ?? HALF_LIFE_TICKS);
  }

  #sumUp(): void {
    const others = this.#others.all();
    this.#sum = others.length === 0 ? this.#own : this.#nothing();
    if (others.length === 0) return;
    this.#sum.add(this.#own.record());
    for (const { value } of others) this.#sum.add(value);
  }
}

function sourcesOf({ members, judge, arbiter, escalations }: FanoutPlan): readonly string[] {
  const more = [judge, arbiter?.member, ...escalations.map(({ to }) => to)].flatMap((one) => one ?? []);
  return [...new Set([...members, ...more].map(({ source }) => source))];
}
