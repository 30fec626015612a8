import {
  type LearnedGauges,
  registerClusterGauges,
  registerLearnedGauges,
  registerLiveGauges,
  systemClock,
  type RouterMetrics,
} from '@atp-router/adapters';
import type { Knowledge } from '@atp-router/consensus';
import { tickOf } from '../fanout/learn/tick.ts';
import { type LiveParts, liveGauges } from './live.ts';

/** What is read when somebody scrapes. */
export function registerGauges({ registry }: RouterMetrics, live: LiveParts & { readonly knowledge: Knowledge }): void {
  registerLearnedGauges(registry, learnedGauges(live.knowledge));
  registerLiveGauges(registry, liveGauges(live));
  registerClusterGauges(registry, () => {
    const view = live.member?.cluster?.();
    return view && { ...view, leads: view.role === 'leader' };
  });
}

function learnedGauges(knowledge: Knowledge): LearnedGauges {
  return {
    sources: () =>
      knowledge.sum.reputation.sources.flatMap((source) => {
        const { is_known, accuracy, reliability } = knowledge.estimate(source, undefined, tickOf(systemClock.now_ms()));
        return is_known ? [{ source, accuracy, reliability }] : [];
      }),
    regrets: () =>
      knowledge.sum.policies.flatMap((policy) =>
        [...(knowledge.sum.policy(policy)?.regret ?? [])].map(([strategy, { n, sum }]) => ({
          ...{ policy, strategy, regret: sum / n },
        })),
      ),
  };
}
