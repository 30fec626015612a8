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

/** How right a model was for `auto`, on one cluster of prompts, one kind of text or on `all`. */
export interface RouteScoreGauge {
  readonly model: string;
  readonly cluster: string;
  readonly observations: number;
  readonly right: number;
}

/** Clusters of prompts, and what this process has seen become of them. */
export interface RouteClusterGauge {
  readonly clusters: number;
  readonly changes: Readonly<Record<string, number>>;
  readonly checked: number;
  readonly reassigned: number;
}

export interface LearnedGauges {
  readonly clusters: () => RouteClusterGauge;
  readonly scores: () => readonly RouteScoreGauge[];
  readonly sources: () => readonly ReputationGauge[];
  readonly regrets: () => readonly RegretGauge[];
}

/** Series of each; the configuration bounds them to fewer. What comes behind is left out. */
const SERIES_MAX = 256;

/** Registers what was learned of who answers, read at scrape time. */
export function registerLearnedGauges(registry: MetricRegistry, learned: LearnedGauges): void {
  const { sources, regrets, scores, clusters } = learned;
  registerScores(registry, scores);
  registerRouteClusters(registry, clusters);
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

function registerRouteClusters(registry: MetricRegistry, clusters: LearnedGauges['clusters']): void {
  const plain = (
    name: string,
    type: 'gauge' | 'counter',
    help: string,
    pick: (one: RouteClusterGauge) => number,
  ): void => {
    registry.live({ name, type, help, read: () => [{ labels: [], value: pick(clusters()) }] });
  };
  plain('atp_route_clusters', 'gauge', 'Clusters of prompts that have an id.', (one) => one.clusters);
  plain(
    'atp_route_clusters_checked_total',
    'counter',
    'Late prompts that were assigned to a cluster a second time.',
    ({ checked }) => checked,
  );
  plain(
    'atp_route_clusters_reassigned_total',
    'counter',
    'Those of them that were of another cluster then.',
    ({ reassigned }) => reassigned,
  );
  registry.live({
    name: 'atp_route_cluster_changes_total',
    help: 'What became of clusters: `born`, `merged` with another, `split` from one, `retired` because the topic is about something else, `replaced` by those of another process.',
    type: 'counter',
    labels: ['change'],
    read: () => Object.entries(clusters().changes).map(([change, value]) => ({ labels: [change], value })),
  });
}

/** Series of each: 32 clusters and 11 kinds of 23 models. Of more, those of which least is known are left out. */
const SCORES_MAX = 1_024;

function registerScores(registry: MetricRegistry, scores: LearnedGauges['scores']): void {
  const ofScores = (name: string, help: string, pick: (one: RouteScoreGauge) => number): void => {
    registry.live({
      ...{ name, help, type: 'gauge' as const, labels: ['model', 'cluster'] },
      read: () =>
        [...scores()]
          .sort((a, b) => b.observations - a.observations)
          .slice(0, SCORES_MAX)
          .map((one) => ({ labels: [one.model, one.cluster], value: pick(one) })),
    });
  };
  ofScores(
    'atp_route_right_ratio',
    'How right answers of a model were that `auto` took, of all tenants, by cluster of prompts, by kind of text or on `all`.',
    ({ right }) => right,
  );
  ofScores(
    'atp_route_observations',
    'Answers of which that was said; what is old counts less.',
    ({ observations }) => observations,
  );
}
