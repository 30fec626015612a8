import { assert } from '@atp-router/kernel';
import type { FanoutPlan } from '../plan.ts';
import type { Reconciled, Standing, Strategy } from '../strategy.ts';
import type { Lane } from './lane.ts';

/** What has been told of a result that is still in the making, for strategies that merge as lanes speak. */
export class Settled {
  readonly #plan: FanoutPlan;
  readonly #standing: Standing;
  #text = '';

  constructor(plan: FanoutPlan, standing: Standing) {
    this.#plan = plan;
    this.#standing = standing;
  }

  get text(): string {
    return this.#text;
  }

  /** What is to be told now; empty for nothing. */
  grow(strategy: Strategy, lanes: readonly Lane[]): string {
    if (strategy.stream === undefined) return '';
    const texts = lanes
      .filter(({ member, has_failed }) => !member.is_challenger && !has_failed)
      .map(({ lane, member, text, phase }) => ({
        ...{ lane, source: member.source, text },
        is_complete: phase.kind === 'finalized',
      }));
    const told = this.#text;
    const stable = strategy.stream({ plan: this.#plan, standing: this.#standing, settled: told, texts });
    assert(stable.startsWith(told), 'what was told stays');
    this.#text = stable;
    return stable.slice(told.length);
  }

  /** The result as it can be told still: one that was made before the last of what was told may not begin with that. */
  kept(result: Reconciled): Reconciled {
    if (result.text.startsWith(this.#text)) return result;
    const uncertainties = [...result.uncertainties, 'more was told than the result has'];
    return { ...result, text: this.#text, lane: undefined, uncertainties };
  }
}
