import type { RoutingConfig } from '@atp-router/adapters';
import type { LearnedEvent } from '@atp-router/ledger';
import type { Subject } from '../fanout/learn/subject.ts';
import type { RequestFacts, RouteLearner } from '@atp-router/routing';
import { AutoChoice, recordOf } from './auto-choice.ts';
import { candidatesOf } from './candidates.ts';
import { worthOf } from './quality.ts';
import type { AutoAsked, Chooser } from './types.ts';

/** `auto` by what was learned. */
export class AutoRouter implements Chooser, Subject {
  readonly name = 'routing';
  readonly #learner: RouteLearner;

  constructor(learner: RouteLearner) {
    this.#learner = learner;
  }

  choose(asked: AutoAsked, settings: RoutingConfig, now_ms: number): AutoChoice | undefined {
    if (settings.mode === 'static') return undefined;
    const { whos, facts, observed, can_look, stream, quality } = asked;
    const { quality_usd, second_usd } = worthOf(quality, settings);
    const candidates = candidatesOf(whos, facts, observed, now_ms, second_usd);
    const explores = mayExplore(facts, settings);
    const plans = !can_look || (stream && settings.streamed === 'single') ? 'single' : settings.plans;
    const text = asked.texts().join('\n');
    const task = this.#learner.decide({ text, candidates, quality_usd, plans, may_explore: explores });
    return new AutoChoice(task, { quality_usd, explores });
  }

  take(event: LearnedEvent): void {
    if (event.type === 'route.decided') this.#learner.observe(recordOf(event.lesson));
    if (event.type === 'route.feedback') this.#learner.learn(recordOf(event.lesson), event.right);
  }

  record(): unknown {
    return undefined;
  }

  isRecord(): boolean {
    return false;
  }

  restore(): void {}

  merge(): void {}
}

/** Where it has to be right nothing is tried, unless the operator has it so. */
function mayExplore({ qos, task }: RequestFacts, { explore }: RoutingConfig): boolean {
  if (explore.usd_per_day === 0) return false;
  if (qos === 'gold' && !explore.gold) return false;
  return task?.risk !== 'high' || explore.high_risk;
}
