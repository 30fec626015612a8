import { addCounts, addUsdNanos, type UsdNanos, utcDay } from '@atp-router/kernel';
import { type FootprintSum, knownOf } from '../footprint.ts';
import type { RouteDecided, RouteFeedback } from '../route-events.ts';

/** Clusters of prompts that have sums of their own: as many as a router finds. Numbers behind them are `other`. */
const CLUSTERS_MAX = 32;
const NO_CLUSTER = 'none';
const OTHER_CLUSTERS = 'other';

/**
 * Words of people on results, and what is thought that the model would have come to that savings are told against. Shares of 1 are
 * counted in whole ten-thousandths (basis points), so that sums are the same in any order; of squares the same of their values.
 */
export interface ParitySums {
  /** Words on results of which is known, too, whom savings are told against. */
  readonly words: number;
  /** How right results were. */
  readonly right_bp: number;
  /** How much more than the estimate of the other; below 0 where they were less right. */
  readonly gap_bp: number;
  readonly gap_squared_bp: number;
  /** Of those words that are on an answer of the other itself: 1 over how likely it was that it would be asked. */
  readonly weight_bp: number;
  readonly weight_squared_bp: number;
}

/** Sums of what `auto` chose on one UTC day, for one tenant, cluster of prompts and model that was asked first. */
export interface RouteDay extends FootprintSum, ParitySums {
  readonly day: string;
  readonly tenant: string;
  /** `0` to `31`, `none`: no clusters were known; `other`. Those of different lineages have nothing in common. */
  readonly cluster: string;
  readonly model: string;
  readonly calls: number;
  /** Those of `calls` that did not end well. */
  readonly failed: number;
  /** What all calls cost. */
  readonly spent_usd_nanos: UsdNanos;
  /** What those that ended well were expected to cost with the model that savings are told against. */
  readonly baseline_usd_nanos: UsdNanos;
  readonly tried_usd_nanos: UsdNanos;
  readonly regret_usd_nanos: UsdNanos;
  readonly calls_without_energy: number;
  readonly calls_without_co2e: number;
}

type Sum = { -readonly [name in keyof RouteDay]: RouteDay[name] };

/** Adds up what `auto` chose and what people said of it, as a projection meets it: each event once. */
export class RouteSums {
  readonly #sums: Map<string, Sum> = new Map();

  add(event: RouteDecided | RouteFeedback): void {
    if (event.type === 'route.decided') this.#decided(event);
    else this.#told(event);
  }

  days(): readonly RouteDay[] {
    return [...this.#sums.values()];
  }

  #decided(event: RouteDecided): void {
    const { tenant, lesson, first, outcome, baseline, energy_joules, co2e_mg } = event;
    const sum = this.#of(event.at_ms, tenant, lesson.topic, first);
    sum.calls += 1;
    sum.spent_usd_nanos = addUsdNanos(sum.spent_usd_nanos, event.cost_usd_nanos);
    if (outcome === 'ok') sum.baseline_usd_nanos = addUsdNanos(sum.baseline_usd_nanos, baseline.expected_usd_nanos);
    else sum.failed += 1;
    sum.tried_usd_nanos = addUsdNanos(sum.tried_usd_nanos, event.tried_usd_nanos);
    sum.regret_usd_nanos = addUsdNanos(sum.regret_usd_nanos, event.regret_usd_nanos);
    const { energy_millijoules, co2e_micrograms } = knownOf(event);
    sum.energy_millijoules = addCounts(sum.energy_millijoules, energy_millijoules);
    sum.co2e_micrograms = addCounts(sum.co2e_micrograms, co2e_micrograms);
    if (energy_joules === undefined) sum.calls_without_energy += 1;
    if (co2e_mg === undefined) sum.calls_without_co2e += 1;
  }

  /** Under the day of the call, whenever it is said: so that quality and savings are of the same calls. */
  #told({ tenant, lesson, by, right, compared, decided_ms }: RouteFeedback): void {
    if (by !== undefined || compared === undefined) return;
    const sum = this.#of(decided_ms, tenant, lesson.topic, compared.first);
    const gap = right - compared.right;
    sum.words += 1;
    sum.right_bp = addCounts(sum.right_bp, bp(right));
    sum.gap_bp = addCounts(sum.gap_bp, bp(gap));
    sum.gap_squared_bp = addCounts(sum.gap_squared_bp, bp(gap * gap));
    sum.weight_bp = addCounts(sum.weight_bp, bp(compared.weight));
    sum.weight_squared_bp = addCounts(sum.weight_squared_bp, bp(compared.weight * compared.weight));
  }

  #of(ms: number, tenant: string, topic: number | undefined, model: string): Sum {
    const day = utcDay(ms);
    const cluster = clusterOf(topic);
    const key = JSON.stringify([day, tenant, cluster, model]);
    let sum = this.#sums.get(key);
    if (sum === undefined) {
      sum = { day, tenant, cluster, model, ...NOTHING };
      this.#sums.set(key, sum);
    }
    return sum;
  }
}

function clusterOf(topic: number | undefined): string {
  if (topic === undefined) return NO_CLUSTER;
  return topic >= 0 && topic < CLUSTERS_MAX ? String(topic) : OTHER_CLUSTERS;
}

function bp(share: number): number {
  return Math.round(share * 10_000);
}

const NOTHING: Omit<RouteDay, 'day' | 'tenant' | 'cluster' | 'model'> = {
  ...{ calls: 0, failed: 0, spent_usd_nanos: 0, baseline_usd_nanos: 0, tried_usd_nanos: 0, regret_usd_nanos: 0 },
  ...{ energy_millijoules: 0, co2e_micrograms: 0, calls_without_energy: 0, calls_without_co2e: 0 },
  ...{ words: 0, right_bp: 0, gap_bp: 0, gap_squared_bp: 0, weight_bp: 0, weight_squared_bp: 0 },
};
