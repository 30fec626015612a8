import { type ClusterSeen, type ClustersView, fourDigits, type ModelScore } from '@atp-router/routing';

const HOUR_MS = 3_600_000;

/** Clusters with what is known of models on them; the one of which most was seen first. */
export function clustersView({ clusters, changes, here }: ClustersView, scores: readonly ModelScore[]): object {
  const all = clusters.reduce((sum, { prompts }) => sum + prompts, 0);
  const ordered = [...clusters].sort((a, b) => b.prompts - a.prompts);
  const { checked, reassigned } = here;
  return {
    data: ordered.map((cluster) => viewOf(cluster, all, scores)),
    changes,
    reassigned: { checked, reassigned, ratio: ratioOf(checked, reassigned) },
  };
}

function viewOf(cluster: ClusterSeen, all: number, scores: readonly ModelScore[]): object {
  const { id, name, born_tick, prompts, kinds, topics, checked, reassigned } = cluster;
  const [typical] = [...kinds].sort(([, a], [, b]) => b - a);
  return {
    ...{ id, name, topics, born_at_ms: born_tick * HOUR_MS, prompts: fourDigits(prompts) },
    share: all === 0 ? 0 : fourDigits(prompts / all),
    kind: typical?.[0] ?? null,
    kind_share: typical === undefined || prompts === 0 ? 0 : fourDigits(typical[1] / prompts),
    reassigned: { checked, reassigned, ratio: ratioOf(checked, reassigned) },
    models: modelsOn(topics, scores),
  };
}

/** Null: none was assigned again. */
function ratioOf(checked: number, reassigned: number): number | null {
  return checked === 0 ? null : fourDigits(reassigned / checked);
}

function modelsOn(topics: readonly number[], scores: readonly ModelScore[]): readonly object[] {
  const sums = new Map<string, { n: number; right: number }>();
  for (const { model, topic, n, right } of scores) {
    if (topic === undefined || !topics.includes(topic)) continue;
    const sum = sums.get(model) ?? { n: 0, right: 0 };
    sums.set(model, { n: sum.n + n, right: sum.right + right });
  }
  return [...sums].map(([model, { n, right }]) => ({
    ...{ model, observations: fourDigits(n), right: fourDigits(right / n) },
  }));
}

/** What the cluster of a topic is called: its name, or its id until it has one. */
export function namesOf({ clusters }: ClustersView): (topic: number | undefined) => string | undefined {
  const names = new Map(
    clusters.flatMap(({ id, name, topics }) => topics.map((topic) => [topic, name ?? id] as const)),
  );
  return (topic) => (topic === undefined ? undefined : names.get(topic));
}
