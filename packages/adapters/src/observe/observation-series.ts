import { type Counter, Lazy } from './instruments.ts';
import type { MetricRegistry } from './registry.ts';

/** What is known of all observations, as gauges show it. */
export interface ObservationState {
  readonly bytes: number;
  readonly segments: number;
  readonly observations: number;
  /** Share of topics with enough words, and of observations in these; absent: there are none. */
  readonly covered_topics?: number | undefined;
  readonly covered_traffic?: number | undefined;
  readonly topics: readonly { readonly subject: string; readonly labels: number }[];
  /** From a manifest to the model being active, of the last that came so far; absent: none has. */
  readonly promotion_cycle_s?: number | undefined;
}

export type DropReason = 'busy' | 'queue' | 'unreadable' | 'guard' | 'off' | 'fault' | 'disk';

/** Topics that have series of their own; what comes behind is left out. */
const TOPICS_MAX = 64;

/** Metrics of what is observed. */
export class ObservationSeries {
  readonly #kept: Lazy<Counter>;
  readonly #dropped: Lazy<Counter>;
  readonly #refused: Lazy<Counter>;
  #state: ObservationState | undefined;

  constructor(registry: MetricRegistry) {
    const kept = registry.counter({
      ...{ name: 'atp_observations_kept_total', labels: ['kind'] },
      help: 'What was kept: an `observation` of a call, or a `word` on one.',
    });
    this.#kept = new Lazy((kind) => kept.series(kind));
    const dropped = registry.counter({
      ...{ name: 'atp_observations_dropped_total', labels: ['reason'] },
      help: 'What was to be kept and was not: `busy` or `queue` (too many at a time), `unreadable` (no answer can be read, or it is too long), `guard` (there is no end to what it finds), `off` (the tenant is not observed any more), `disk`, `fault`.',
    });
    this.#dropped = new Lazy((reason) => dropped.series(reason));
    const refused = registry.counter({
      ...{ name: 'atp_observations_refused_total', labels: ['reason'] },
      help: 'Records of files that were not read: of another `version`, of no `form`, or behind a `torn` end (files, not records).',
    });
    this.#refused = new Lazy((reason) => refused.series(reason));
    this.#gauges(registry);
  }

  kept(kind: 'observation' | 'word'): void {
    this.#kept.get(kind).inc();
  }

  dropped(reason: DropReason, count: number = 1): void {
    this.#dropped.get(reason).inc(count);
  }

  refused(reason: 'version' | 'form' | 'torn', count: number): void {
    this.#refused.get(reason).inc(count);
  }

  /** From now on gauges say this. Until then they say nothing. */
  show(state: ObservationState): void {
    this.#state = state;
  }

  #gauges(registry: MetricRegistry): void {
    const one = (name: string, help: string, pick: (state: ObservationState) => number | undefined): void => {
      registry.live({
        ...{ name, help, type: 'gauge' as const, labels: [] },
        read: () => {
          const value = this.#state && pick(this.#state);
          return value === undefined ? [] : [{ labels: [], value }];
        },
      });
    };
    one('atp_observations', 'Observations that are there.', (state) => state.observations);
    one('atp_observations_bytes', 'Bytes of their files.', (state) => state.bytes);
    one('atp_observations_segments', 'Files that they are in.', (state) => state.segments);
    one(
      'atp_observations_covered_topics_ratio',
      'Part of the topics that have enough words of people.',
      (state) => state.covered_topics,
    );
    one(
      'atp_observations_covered_traffic_ratio',
      'Part of the observations that are of such topics.',
      (state) => state.covered_traffic,
    );
    one(
      'atp_model_promotion_cycle_seconds',
      'From the first manifest of a model to it being active, of the last that became so.',
      (state) => state.promotion_cycle_s,
    );
    registry.live({
      ...{ name: 'atp_observations_labels', type: 'gauge', labels: ['topic'] },
      help: 'Observations that somebody has said a word on, by topic.',
      read: () =>
        (this.#state?.topics ?? [])
          .slice(0, TOPICS_MAX)
          .map(({ subject, labels }) => ({ labels: [subject], value: labels })),
    });
  }
}
