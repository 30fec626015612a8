import type { ObservedRow } from './label-queue.ts';

/** What happened to a model at run time, of one model, in order. */
export interface ModelStep {
  /** A manifest came into force; or the model became active. */
  readonly kind: 'registered' | 'active';
  readonly at_ms: number;
}

export interface TopicKpi {
  readonly subject: string;
  readonly observations: number;
  readonly labels: number;
}

export interface ObservationKpis {
  readonly observations: number;
  readonly labels: number;
  /** Words from which a topic counts as covered. */
  readonly labels_min: number;
  /** Share of topics that are covered, and of observations that are in these; absent: there are none. */
  readonly covered_topics?: number | undefined;
  readonly covered_traffic?: number | undefined;
  /** By name. */
  readonly topics: readonly TopicKpi[];
}

export function observationKpis(rows: readonly ObservedRow[], labels_min: number): ObservationKpis {
  const by_topic = new Map<string, { observations: number; labels: number }>();
  for (const { subject, score } of rows) {
    const topic = by_topic.get(subject) ?? { observations: 0, labels: 0 };
    topic.observations += 1;
    if (score !== undefined) topic.labels += 1;
    by_topic.set(subject, topic);
  }
  const topics = [...by_topic]
    .map(([subject, counts]) => ({ subject, ...counts }))
    .sort((a, b) => (a.subject < b.subject ? -1 : 1));
  const covered = topics.filter(({ labels }) => labels >= labels_min);
  const sum = (of: readonly TopicKpi[], key: 'observations' | 'labels'): number =>
    of.reduce((n, one) => n + one[key], 0);
  const observations = sum(topics, 'observations');
  return {
    ...{ observations, labels: sum(topics, 'labels'), labels_min, topics },
    ...(topics.length > 0 && {
      covered_topics: covered.length / topics.length,
      covered_traffic: sum(covered, 'observations') / observations,
    }),
  };
}

/** How long a model took from its manifest to clients. */
export interface PromotionCycle {
  readonly cycle_ms: number;
  /** When it became active. */
  readonly at_ms: number;
}

/** From the first manifest since the time before to each time a model became active, in order. */
export function promotionCycles(steps: readonly ModelStep[]): readonly PromotionCycle[] {
  const cycles: PromotionCycle[] = [];
  let registered_ms: number | undefined;
  for (const { kind, at_ms } of steps) {
    if (kind === 'registered') registered_ms ??= at_ms;
    else if (registered_ms !== undefined) {
      cycles.push({ cycle_ms: at_ms - registered_ms, at_ms });
      registered_ms = undefined;
    }
  }
  return cycles;
}
