import type { RoutingConfig } from '@atp-router/adapters';
import { type Contribution, isJsonObject } from '@atp-router/kernel';
import type { LearnedEvent, RouteDrifted, RouteFeedback } from '@atp-router/ledger';
import {
  type ClustersView,
  fourDigits,
  isLearnerState,
  type LearnerState,
  type ModelScore,
  type RequestFacts,
  type RouteAt,
  type RoutingLearner,
} from '@atp-router/routing';
import type { Subject } from '../fanout/learn/subject.ts';
import { tickOf } from '../fanout/learn/tick.ts';
import { AutoChoice, recordOf } from './auto-choice.ts';
import { candidatesOf } from './candidates.ts';
import { ExploreBudget, type Explored, isExplored } from './explore-budget.ts';
import { isJudgedRecord, type JudgedRecord, JudgedWords } from './judged.ts';
import { worthOf } from './quality.ts';
import type { AutoAsked, AutoNow, Chooser } from './types.ts';

/** What is kept of it. */
interface AutoRecord {
  readonly learner: LearnerState;
  readonly explored: Explored;
  /** Absent: none are known. */
  readonly judged?: JudgedRecord;
}

/** `auto` by what was learned. */
export class AutoRouter implements Chooser, Subject {
  readonly name = 'routing';
  readonly #learner: RoutingLearner;
  readonly #shares: (tenant: string) => boolean;
  /** Part of what may be tried that is this process's. */
  readonly #part: number;
  readonly #budget: ExploreBudget = new ExploreBudget();
  readonly #judged: JudgedWords = new JudgedWords();
  #onDrift: ((event: RouteDrifted) => void) | undefined;

  /**
   * `shares`: whether a tenant gives others what is learned of its calls, and takes what is learned of theirs. `processes`: that
   * share what may be spent because something is tried.
   */
  constructor(learner: RoutingLearner, shares: (tenant: string) => boolean, processes: number) {
    this.#part = 1 / processes;
    this.#learner = learner;
    this.#shares = shares;
  }

  choose(asked: AutoAsked, settings: RoutingConfig, now: AutoNow): AutoChoice | undefined {
    if (settings.mode === 'static') return undefined;
    const { whos, facts, observed, can_look, stream, quality, cached, intensity } = asked;
    const { carbon_usd_per_kg } = settings;
    const { quality_usd, second_usd, target } = worthOf(quality, settings);
    const of_day_usd = settings.explore.usd_per_day * this.#part;
    const explores = mayExplore(facts, settings) && this.#budget.isLeft(of_day_usd, now.now_ms);
    const weights = { second_usd, carbon_usd_per_kg, intensity };
    const candidates = candidatesOf(whos, facts, observed, now.mono_ms, weights, cached);
    const task = this.#learner.decide({
      text: asked.texts().join('\n'),
      candidates,
      uses_tools: facts.needs.includes('tools'),
      ...{ quality_usd, target, may_explore: explores, out_tokens_max: facts.max_out_tokens },
      plans: !can_look || (stream && settings.streamed === 'single') ? 'single' : settings.plans,
      ...this.#at(facts.tenant.id, now.now_ms),
    });
    if (task.tried > 0) this.#budget.spend(task.tried * task.quality_usd, now.now_ms);
    const { baseline, speculate, validators } = settings;
    const side_by_side_usd = settings.plans === 'any' ? second_usd : 0;
    const weighed = new Map(candidates.map((one) => [one.id, one]));
    const tokens = cachedOf(whos, cached);
    return new AutoChoice(task, {
      ...{ explores, baseline, speculate, validators, cached: tokens, weighed, second_usd: side_by_side_usd },
    });
  }

  scores(tenant: string | undefined): readonly ModelScore[] {
    return this.#learner.scores(tenant);
  }

  clusters(): ClustersView {
    return this.#learner.clusters();
  }

  take(event: LearnedEvent): void {
    if (event.type === 'route.decided') {
      this.#learner.observe(recordOf(event.lesson), this.#at(event.tenant, event.at_ms));
    } else if (event.type === 'route.feedback') {
      this.#told(event);
    }
  }

  /** From here on whoever has changed is told of: what was learned before was told then. */
  tellDrifts(to: (event: RouteDrifted) => void): void {
    this.#onDrift = to;
  }

  #told({ call_id, tenant, by, lesson, right, weight, decided_ms, at_ms }: RouteFeedback): void {
    if (weight === 0) return;
    const at = this.#at(tenant, decided_ms);
    const judged = by === undefined ? this.#judged.take(call_id) : undefined;
    if (judged !== undefined) this.#learner.unlearn(recordOf(lesson), judged.right, at, judged.weight);
    const drift = this.#learner.learn(recordOf(lesson), right, at, weight);
    if (by !== undefined && weight !== undefined) this.#judged.keep(call_id, by, { right, weight });
    if (drift === undefined) return;
    this.#judged.clear();
    const shift = fourDigits(drift.shift);
    this.#onDrift?.({ type: 'route.drifted', call_id, tenant, ...drift, shift, at_ms });
  }

  record(): AutoRecord {
    return { learner: this.#learner.state(), explored: this.#budget.explored, judged: this.#judged.record() };
  }

  isRecord(value: unknown): value is AutoRecord {
    if (!isJsonObject(value) || !isLearnerState(value['learner']) || !isExplored(value['explored'])) return false;
    return value['judged'] === undefined || isJudgedRecord(value['judged']);
  }

  restore(value: unknown): void {
    const { learner, explored, judged = [] } = value as AutoRecord;
    if (this.#learner.restore(learner)) this.#judged.restore(judged);
    this.#budget.restore(explored);
  }

  merge(others: readonly Contribution<unknown>[]): void {
    this.#learner.merge(others.map(({ value, ...from }) => ({ ...from, value: (value as AutoRecord).learner })));
  }

  #at(tenant: string, ms: number): RouteAt {
    return { tenant, tick: tickOf(ms), share: this.#shares(tenant) };
  }
}

function cachedOf(whos: AutoAsked['whos'], cached: AutoAsked['cached']): ReadonlyMap<string, number> {
  return new Map(cached === undefined ? [] : whos.map(({ id, model }) => [id, cached(model)]));
}

/** Where it has to be right nothing is tried, unless the operator has it so. */
function mayExplore({ qos, task }: RequestFacts, { explore }: RoutingConfig): boolean {
  if (explore.usd_per_day === 0) return false;
  if (qos === 'gold' && !explore.gold) return false;
  return task?.risk !== 'high' || explore.high_risk;
}
