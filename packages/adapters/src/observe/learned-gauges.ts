import type { MetricRegistry } from './registry.ts';

/** What is known of one persona, agent or model. */
export interface ReputationGauge {
  readonly source: string;
  readonly accuracy: number;
  readonly reliability: number;
}

export interface RegretGauge {
  readonly policy: string;
  readonly strategy: string;
  readonly regret: number;
}

export interface LearnedGauges {
  readonly sources: () => readonly ReputationGauge[];
  readonly regrets: () => readonly RegretGauge[];
}

/** Series of each; the configuration bounds them to fewer. What comes behind is left out. */
const SERIES_MAX = 256;

/** Registers what was learned of who answers, read at scrape time. */
export function registerLearnedGauges(registry: MetricRegistry, { sources, regrets }: LearnedGauges): void {
  const ofSources = (name: string, help: string, pick: (one: ReputationGauge) => number): void => {
    registry.live({
      ...{ name, help, type: 'gauge' as const, labels: ['source'] },
      read: () =>
        sources()
          .slice(0, SERIES_MAX)
          .map((one) => ({ labels: [one.source], value: pick(one) })),
    });
  };
  ofSources(
    'atp_reputation_accuracy_ratio',
    'Chance that an answer of a persona, agent or model is right, of those that are known.',
    ({ accuracy }) => accuracy,
  );
  ofSources('atp_reputation_reliability_ratio', 'Chance that it answers in time.', ({ reliability }) => reliability);
  registry.live({
    name: 'atp_consensus_regret',
    help: 'What a strategy would have gained more than the one that decided, 0 to 1 a task, by feedback.',
    type: 'gauge',
    labels: ['policy', 'strategy'],
    read: () =>
      regrets()
        .slice(0, SERIES_MAX)
        .map(({ policy, strategy, regret }) => ({ labels: [policy, strategy], value: regret })),
  });
}
