import { QOS_TIERS, type Qos } from '@atp-router/kernel';
import { type Counter, type Histogram, Lazy } from './instruments.ts';
import type { MetricRegistry, Sample } from './registry.ts';

/** How a demand for funds and a place came out. */
export type FlowOutcome = 'granted' | 'denied' | 'expired' | 'shed' | 'failed' | 'cancelled';

/** What the queues are now. */
export interface FlowGauges {
  readonly tiers: readonly FlowTierGauges[];
  /** Limited accounts whose queue is under pressure, by kind. */
  readonly pressed: ReadonlyMap<string, number>;
  /** Calls in flight that present conditions allow, where that is less than the limit or follows answers. */
  readonly windows: readonly FlowWindowGauges[];
  readonly spending: readonly FlowSpendingGauges[];
  /** Tenants with objectives: how many of their tiers are held back. */
  readonly held_back: readonly { readonly tenant: string; readonly tiers: number }[];
  /** Deployments whose estimates were too low again and again. */
  readonly penalties: readonly FlowPenaltyGauges[];
}

export interface FlowPenaltyGauges {
  readonly account: string;
  /** Added to each estimate, as a part of it. */
  readonly surcharge: number;
  readonly loses_tier: boolean;
}

export interface FlowTierGauges {
  readonly qos: Qos;
  readonly waiting: number;
  /** Jain's index over tenants that had to wait. */
  readonly jain: number;
}

export interface FlowWindowGauges {
  readonly account: string;
  readonly window: number;
  /** Of the limit: 1 when nothing narrows it. */
  readonly factor: number;
}

export interface FlowSpendingGauges {
  readonly tenant: string;
  readonly usd_micros_per_minute: number;
  /** Minutes until the budget of the day is spent at this rate; undefined without one, or while nothing is spent. */
  readonly exhaustion_minutes: number | undefined;
}

const SECONDS: readonly number[] = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Metrics of windows and queues. Labels are closed sets, but for accounts and tenants, which `live` bounds. */
export class FlowSeries {
  readonly #waits: Readonly<Record<Qos, Lazy<Histogram>>>;
  readonly #denied: Lazy<Lazy<Counter>>;
  readonly #preempted: Lazy<Counter>;
  readonly #starving: Lazy<Counter>;
  readonly #pressure: Lazy<Lazy<Counter>>;
  readonly #ecn: Lazy<Counter>;
  readonly #spikes: Counter;
  readonly #lapsed: Counter;

  constructor(registry: MetricRegistry) {
    const waits = registry.histogram({
      name: 'atp_flow_wait_seconds',
      help: 'From the demand for funds and a place to its decision, by how that came out.',
      labels: ['qos', 'outcome'],
      buckets: SECONDS,
    });
    const ofTier = (qos: Qos): Lazy<Histogram> => new Lazy((outcome) => waits.series(qos, outcome));
    this.#waits = { gold: ofTier('gold'), silver: ofTier('silver'), bronze: ofTier('bronze') };
    const denied = registry.counter({
      name: 'atp_flow_denials_total',
      help: 'Demands that were refused, by what they did not fit: the kind of account, and which of its limits.',
      labels: ['level', 'dimension'],
    });
    this.#denied = new Lazy((level) => new Lazy((dimension) => denied.series(level, dimension)));
    const byTier = (name: string, help: string): Lazy<Counter> => {
      const family = registry.counter({ name, help, labels: ['qos'] });
      return new Lazy((qos) => family.series(qos));
    };
    this.#preempted = byTier('atp_flow_preemptions_total', 'Calls that were stopped for one of a better tier.');
    this.#starving = byTier(
      'atp_flow_starvations_total',
      'Times that a tenant was found to wait much longer than others of its tier, and given more weight for a while.',
    );
    const pressure = registry.counter({
      name: 'atp_flow_pressure_changes_total',
      help: 'Queues whose waits went above the high mark (`high`), or below the low one again (`low`), by kind of account.',
      labels: ['level', 'mark'],
    });
    this.#pressure = new Lazy((level) => new Lazy((mark) => pressure.series(level, mark)));
    const ecn = registry.counter({
      name: 'atp_flow_congestion_total',
      help: 'Signs of congestion that narrowed a window: `timeout`, `latency`, `ecn` (also 429 of a provider).',
      labels: ['sign'],
    });
    this.#ecn = new Lazy((sign) => ecn.series(sign));
    this.#spikes = registry
      .counter({
        name: 'atp_flow_spending_spikes_total',
        help: 'Minutes in which a tenant spent far more than it does.',
      })
      .series();
    this.#lapsed = registry
      .counter({
        name: 'atp_flow_lapsed_leases_total',
        help: 'Calls that were not heard of until their lease was over.',
      })
      .series();
  }

  decided(qos: Qos, outcome: FlowOutcome, wait_s: number): void {
    this.#waits[qos].get(outcome).observe(wait_s);
  }

  denied(level: string, dimension: string): void {
    this.#denied.get(level).get(dimension).inc();
  }

  preempted(qos: Qos): void {
    this.#preempted.get(qos).inc();
  }

  starving(qos: Qos): void {
    this.#starving.get(qos).inc();
  }

  marked(level: string, is_high: boolean): void {
    this.#pressure
      .get(level)
      .get(is_high ? 'high' : 'low')
      .inc();
  }

  congested(sign: string): void {
    this.#ecn.get(sign).inc();
  }

  spiked(): void {
    this.#spikes.inc();
  }

  lapsed(): void {
    this.#lapsed.inc();
  }

  /** Adds what is read at scrape time; once. */
  live(registry: MetricRegistry, read: () => FlowGauges): void {
    let now: FlowGauges = NOTHING;
    registry.beforeScrape(() => {
      now = read();
    });
    const gauge = (name: string, help: string, labels: readonly string[], of: () => Sample[]): void =>
      registry.live({ name, help, type: 'gauge', labels, read: of });
    gauge('atp_flow_waiting', 'Calls that wait for funds or a place.', ['qos'], () =>
      now.tiers.map(({ qos, waiting }) => ({ labels: [qos], value: waiting })),
    );
    gauge(
      'atp_flow_jain_index',
      "Jain's index of the tokens that tenants were served while they waited, by weight, over the last half to whole minute: 1 is fair.",
      ['qos'],
      () => now.tiers.map(({ qos, jain }) => ({ labels: [qos], value: jain })),
    );
    gauge('atp_flow_pressed_queues', 'Queues under pressure, by kind of account.', ['level'], () =>
      [...now.pressed].map(([level, value]) => ({ labels: [level], value })),
    );
    gauge('atp_flow_window_calls', 'Calls in flight that an account may have now.', ['account'], () =>
      now.windows.map(({ account, window }) => ({ labels: [account], value: window })),
    );
    gauge('atp_flow_window_factor', 'The same as a part of its limit.', ['account'], () =>
      now.windows.map(({ account, factor }) => ({ labels: [account], value: factor })),
    );
    gauge(
      'atp_flow_estimate_surcharge',
      'What is added to the estimates of a deployment, as a part of them, because they were too low again and again; it has half of its calls in flight, and with `loses_tier` a tier less.',
      ['account', 'loses_tier'],
      () =>
        now.penalties.map(({ account, surcharge, loses_tier }) => ({
          labels: [account, String(loses_tier)],
          value: surcharge,
        })),
    );
    gauge('atp_flow_burn_usd_micros_per_minute', 'How fast a tenant spends, smoothed.', ['tenant'], () =>
      now.spending.map(({ tenant, usd_micros_per_minute }) => ({ labels: [tenant], value: usd_micros_per_minute })),
    );
    gauge(
      'atp_flow_held_back_tiers',
      'Tiers of a tenant that are refused because one of its objectives is broken: 1 bronze, 2 silver, too.',
      ['tenant'],
      () => now.held_back.map(({ tenant, tiers }) => ({ labels: [tenant], value: tiers })),
    );
    gauge('atp_flow_exhaustion_minutes', 'Minutes until the budget of the day is spent at that rate.', ['tenant'], () =>
      now.spending.flatMap(({ tenant, exhaustion_minutes }) =>
        exhaustion_minutes === undefined ? [] : [{ labels: [tenant], value: exhaustion_minutes }],
      ),
    );
  }
}

const NOTHING: FlowGauges = {
  tiers: QOS_TIERS.map((qos) => ({ qos, waiting: 0, jain: 1 })),
  pressed: new Map(),
  windows: [],
  spending: [],
  held_back: [],
  penalties: [],
};
