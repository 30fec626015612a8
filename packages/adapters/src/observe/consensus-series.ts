import { NANOS_PER_MICRO } from '@atp-router/kernel';
import type { ConsensusEnded, ConsensusLane } from '@atp-router/ledger';
import { type Counter, type Histogram, Lazy } from './instruments.ts';
import type { MetricRegistry } from './registry.ts';
import { USD_MICROS } from './usd-buckets.ts';

const SHARES: readonly number[] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];
const SECONDS: readonly number[] = [
  ...[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05],
  ...[0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
];
/** Metrics of sessions in which several agents were asked, each from the record of one. All labels are closed sets. */
export class ConsensusSeries {
  /** By strategy, then mode, then outcome. */
  readonly #sessions: Lazy<Lazy<Lazy<Counter>>>;
  readonly #lanes: Lazy<Lazy<Counter>>;
  readonly #follow_ups: Lazy<Lazy<Counter>>;
  readonly #escalations: Lazy<Counter>;
  readonly #challengers: Lazy<Counter>;
  readonly #agreement: Lazy<Histogram>;
  readonly #raw: Lazy<Histogram>;
  readonly #calibrated: Lazy<Histogram>;
  readonly #shared: Histogram;
  readonly #phases: Lazy<Histogram>;
  readonly #cost: Lazy<Histogram>;
  readonly #arbiter_used: Counter;
  readonly #arbiter_capped: Counter;
  readonly #early: Counter;
  readonly #saved: Counter;
  readonly #provisional: Counter;
  readonly #revisions: Counter;
  readonly #waits: Counter;

  constructor(registry: MetricRegistry) {
    const { plain, by, by2, histogram } = makers(registry);
    this.#sessions = sessionsOf(registry);
    this.#lanes = by2('atp_consensus_lanes_total', ['role', 'state'], 'Lanes of sessions, by how far they came.');
    this.#follow_ups = by2(
      'atp_consensus_follow_ups_total',
      ['role', 'answered'],
      'Questions to judges, verifiers, arbiters and the like, and whether they were answered.',
    );
    this.#escalations = by(
      'atp_consensus_escalations_total',
      'cause',
      'Sessions in which somebody who knows better was asked.',
    );
    this.#challengers = by(
      'atp_consensus_challengers_total',
      'outcome',
      'Sessions with a challenger: `tie`, it says what the result says; `win`, all together would have said what it says.',
    );
    this.#agreement = histogram(
      'atp_consensus_agreement',
      'strategy',
      SHARES,
      'Agreement of the answers of a session, 0 to 1.',
    );
    this.#raw = histogram(
      'atp_consensus_confidence',
      'strategy',
      SHARES,
      'How sure a strategy was of its result, 0 to 1.',
    );
    const corrected = 'The same, as past outcomes correct it.';
    this.#calibrated = histogram('atp_consensus_confidence_calibrated', 'strategy', SHARES, corrected);
    this.#shared = registry
      .histogram({
        ...{ name: 'atp_consensus_heatmap_shared', buckets: SHARES },
        help: 'How much of an answer the others say, too, word by word: mean over the lanes of a session, 0 to 1.',
      })
      .series();
    this.#phases = histogram(
      'atp_consensus_phase_seconds',
      'phase',
      SECONDS,
      'Parts of a session: `dispatch` until the first lane had a place, `stream` until reconciling began, `reconcile`; `complete`: all of it.',
    );
    this.#cost = histogram(
      'atp_consensus_cost_usd_micros',
      'strategy',
      USD_MICROS,
      'Cost of a session in micro-dollars, all lanes and questions together.',
    );
    this.#arbiter_used = plain('atp_consensus_arbiter_used_total', 'Sessions in which the arbiter was asked.');
    this.#arbiter_capped = plain(
      'atp_consensus_arbiter_cap_hits_total',
      'Sessions in which it was not, because its cap was too small.',
    );
    this.#early = plain(
      'atp_consensus_early_exits_total',
      'Sessions that ended before all lanes had answered, because these could not change the result or were not needed.',
    );
    this.#saved = plain('atp_consensus_lanes_saved_total', 'Lanes that were stopped, or never begun, by that.');
    this.#provisional = plain('atp_consensus_provisional_total', 'Results that were told before the final one.');
    this.#revisions = plain('atp_consensus_revisions_total', 'How often one of them was changed.');
    this.#waits = plain(
      'atp_consensus_buffer_waits_total',
      'Pieces of answers that had to wait for an earlier one of their lane.',
    );
  }

  observe(event: ConsensusEnded): void {
    const { strategy, mode, lanes, timing, arbiter } = event;
    this.#sessions.get(strategy).get(mode).get(event.outcome).inc();
    for (const lane of lanes) this.#onLane(lane);
    for (const { role, answered } of event.follow_ups) this.#follow_ups.get(role).get(String(answered)).inc();
    if (event.escalation !== undefined) this.#escalations.get(event.escalation).inc();
    if (event.challenger !== undefined) this.#challengers.get(event.challenger).inc();
    if (event.agreement !== undefined) this.#agreement.get(strategy).observe(event.agreement);
    if (event.confidence !== undefined) {
      this.#raw.get(strategy).observe(event.confidence.raw);
      this.#calibrated.get(strategy).observe(event.confidence.calibrated);
    }
    if (event.heatmap !== undefined) this.#shared.observe(event.heatmap.shared);
    this.#phases.get('dispatch').observe(timing.dispatch_ms / 1_000);
    this.#phases.get('stream').observe(timing.stream_ms / 1_000);
    this.#phases.get('reconcile').observe(timing.reconcile_ms / 1_000);
    this.#phases.get('complete').observe(timing.complete_ms / 1_000);
    this.#cost.get(strategy).observe(event.cost_usd_nanos / NANOS_PER_MICRO);
    if (arbiter.used) this.#arbiter_used.inc();
    if (arbiter.refused_by_cap) this.#arbiter_capped.inc();
    this.#onEarlyExit(event);
    this.#provisional.inc(event.provisional);
    this.#revisions.inc(event.revisions);
  }

  #onLane({ role, state, waits }: ConsensusLane): void {
    this.#lanes.get(role).get(state).inc();
    this.#waits.inc(waits);
  }

  /** Lanes that an escalation stopped were not saved: their session had no result yet. */
  #onEarlyExit({ lanes, outcome, escalation }: ConsensusEnded): void {
    if (outcome !== 'ok' || escalation !== undefined) return;
    const saved = lanes.filter(({ reason }) => reason === 'early_exit').length;
    if (saved === 0) return;
    this.#early.inc();
    this.#saved.inc(saved);
  }
}

function sessionsOf(registry: MetricRegistry): Lazy<Lazy<Lazy<Counter>>> {
  const sessions = registry.counter({
    ...{ name: 'atp_consensus_sessions_total', labels: ['strategy', 'mode', 'outcome'] },
    help: 'Sessions in which several agents were asked, by the strategy that decided last.',
  });
  return new Lazy((strategy) => new Lazy((mode) => new Lazy((outcome) => sessions.series(strategy, mode, outcome))));
}

/** Series by name, and by one or two labels whose values are few. */
function makers(registry: MetricRegistry): Makers {
  return {
    plain: (name, help) => registry.counter({ name, help }).series(),
    by: (name, label, help) => {
      const family = registry.counter({ name, help, labels: [label] });
      return new Lazy((value) => family.series(value));
    },
    by2: (name, labels, help) => {
      const family = registry.counter({ name, help, labels });
      return new Lazy((first) => new Lazy((second) => family.series(first, second)));
    },
    histogram: (name, label, buckets, help) => {
      const family = registry.histogram({ name, help, labels: [label], buckets });
      return new Lazy((value) => family.series(value));
    },
  };
}

interface Makers {
  plain(name: string, help: string): Counter;
  by(name: string, label: string, help: string): Lazy<Counter>;
  by2(name: string, labels: readonly [string, string], help: string): Lazy<Lazy<Counter>>;
  histogram(name: string, label: string, buckets: readonly number[], help: string): Lazy<Histogram>;
}
