import {
  type LearnedGauges,
  registerClusterGauges,
  registerLearnedGauges,
  registerLiveGauges,
  systemClock,
  type RouterMetrics,
} from '@atp-router/adapters';
import type { Learning } from '../fanout/learn/learning.ts';
import { tickOf } from '../fanout/learn/tick.ts';
import { type LiveParts, liveGauges } from './live.ts';

/** What is read when somebody scrapes. */
export function registerGauges(
  { registry }: RouterMetrics,
  live: LiveParts & { readonly learning: Pick<Learning, 'knowledge' | 'chooser'> },
): void {
  registerLearnedGauges(registry, learnedGauges(live.learning));
  registerLiveGauges(registry, liveGauges(live));
  registerClusterGauges(registry, () => {
    const view = live.member?.cluster?.();
    return view && { ...view, leads: view.role === 'leader' };
  });
}

function learnedGauges({ knowledge, chooser }: Pick<Learning, 'knowledge' | 'chooser'>): LearnedGauges {
  return {
    clusters: () => {
      const { clusters, here } = chooser.clusters();
      const { checked, reassigned, ...changes } = here;
      return { clusters: clusters.length, changes, checked, reassigned };
    },
    scores: () =>
      chooser.scores(undefined).map(({ model, topic, kind, n, right }) => ({
        ...{ model, cluster: topic === undefined ? (kind ?? 'all') : String(topic), observations: n, right: right / n },
      })),
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
