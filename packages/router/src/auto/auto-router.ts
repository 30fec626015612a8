import type { RoutingConfig } from '@atp-router/adapters';
import type { LearnedEvent } from '@atp-router/ledger';
import {
  isLearnerState,
  type LearnerState,
  type RequestFacts,
  type RouteAt,
  type RoutingLearner,
} from '@atp-router/routing';
import type { Contribution, Subject } from '../fanout/learn/subject.ts';
import { tickOf } from '../fanout/learn/tick.ts';
import { AutoChoice, recordOf } from './auto-choice.ts';
import { candidatesOf } from './candidates.ts';
import { worthOf } from './quality.ts';
import type { AutoAsked, AutoNow, Chooser } from './types.ts';

/** `auto` by what was learned. */
export class AutoRouter implements Chooser, Subject {
  readonly name = 'routing';
  readonly #learner: RoutingLearner;
  readonly #shares: (tenant: string) => boolean;

  /** `shares`: whether a tenant gives others what is learned of its calls, and takes what is learned of theirs. */
  constructor(learner: RoutingLearner, shares: (tenant: string) => boolean) {
    this.#learner = learner;
    this.#shares = shares;
  }

  choose(asked: AutoAsked, settings: RoutingConfig, now: AutoNow): AutoChoice | undefined {
    if (settings.mode === 'static') return undefined;
    const { whos, facts, observed, can_look, stream, quality } = asked;
    const { quality_usd, second_usd } = worthOf(quality, settings);
    const explores = mayExplore(facts, settings);
    const task = this.#learner.decide({
      text: asked.texts().join('\n'),
      candidates: candidatesOf(whos, facts, observed, now.mono_ms, second_usd),
      ...{ quality_usd, may_explore: explores, out_tokens_max: facts.max_out_tokens },
      plans: !can_look || (stream && settings.streamed === 'single') ? 'single' : settings.plans,
      ...this.#at(facts.tenant.id, now.now_ms),
    });
    return new AutoChoice(task, { quality_usd, explores });
  }

  take(event: LearnedEvent): void {
    if (event.type === 'route.decided') {
      this.#learner.observe(recordOf(event.lesson), this.#at(event.tenant, event.at_ms));
    } else if (event.type === 'route.feedback') {
      const { tenant, lesson, right, decided_ms } = event;
      this.#learner.learn(recordOf(lesson), right, this.#at(tenant, decided_ms));
    }
  }

  record(): LearnerState {
    return this.#learner.state();
  }

  isRecord(value: unknown): boolean {
    return isLearnerState(value);
  }

  restore(value: unknown): void {
    this.#learner.restore(value as LearnerState);
  }

  merge(others: readonly Contribution[]): void {
    this.#learner.merge(others as readonly (Contribution & { readonly value: LearnerState })[]);
  }

  #at(tenant: string, ms: number): RouteAt {
    return { tenant, tick: tickOf(ms), share: this.#shares(tenant) };
  }
}

/** Where it has to be right nothing is tried, unless the operator has it so. */
function mayExplore({ qos, task }: RequestFacts, { explore }: RoutingConfig): boolean {
  if (explore.usd_per_day === 0) return false;
  if (qos === 'gold' && !explore.gold) return false;
  return task?.risk !== 'high' || explore.high_risk;
}
