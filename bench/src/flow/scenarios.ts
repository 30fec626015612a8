import { DEFAULT_SHARES } from '@atp-router/flow';
import { logNormal } from '@atp-router/kernel';
import { type Capacity, capacityOf, type Fleet, fleetFor } from './fleet.ts';
import type { Asked, Tenant } from './model.ts';
import type { Trace } from './traces.ts';
import {
  alwaysWaiting,
  type Backlog,
  evenly,
  independent,
  type Load,
  replay,
  tenant,
  type Workload,
} from './workload.ts';

/** Offered load, as multiples of what the fleet can do. */
export const MULTIPLES: readonly number[] = [0.5, 1, 2, 5];

/** What gold may count on, and what it asks for of that when its reservation is looked at. */
const GOLD_OF_RESERVATION = 0.7;

export interface Run {
  readonly trace: Trace;
  readonly length_ms: number;
  readonly seed: number;
}

/** Ten tenants of all tiers, the ratio between them fixed; one of silver asks for ten times what the others ask for. */
export function mixed({ trace, length_ms, seed }: Run, multiple: number): Workload {
  const one = multiple / 19;
  const flood = { tenant: tenant('flood', 'silver'), load: 10 * one };
  const loads = [
    ...evenly('gold', 2, 2 * one),
    flood,
    ...evenly('silver', 3, 3 * one),
    ...evenly('bronze', 4, 4 * one),
  ];
  return replay(trace, loads, length_ms, seed);
}

/** Gold asks for 70 % of its reservation, whatever silver and bronze ask for. */
export function goldFixed({ trace, length_ms, seed }: Run, multiple: number): Workload {
  const gold = GOLD_OF_RESERVATION * DEFAULT_SHARES.gold;
  const others = 1 - gold;
  const loads = [
    ...evenly('gold', 3, gold),
    ...evenly('silver', 4, 0.57 * others * multiple),
    ...evenly('bronze', 4, 0.43 * others * multiple),
  ];
  return replay(trace, loads, length_ms, seed);
}

/** Eight tenants that always wait, of equal weight; the calls of every other one are ten times as long. */
export function lengths({ length_ms, seed }: Run): Workload {
  return alwaysWaiting(8, length_ms, seed);
}

/** Eight tenants that ask for 70 % of the fleet together, and one more of the same tier with a load of its own. */
export function besideFlood({ trace, length_ms, seed }: Run, flood: number): Workload {
  const loads: Load[] = [...evenly('silver', 8, 0.7), { tenant: tenant('flood', 'silver'), load: flood }];
  return independent(trace, loads, length_ms, seed);
}

export interface SpikeKind {
  readonly name: string;
  /** Tenants whose long streams hold all of the fleet. */
  readonly holders: readonly Tenant[];
  readonly stop_ms: number;
}

const BRONZE = [tenant('bronze-1', 'bronze'), tenant('bronze-2', 'bronze')];
const MIXED = [...BRONZE, tenant('silver-1', 'silver'), tenant('silver-2', 'silver')];

export const SPIKES: readonly SpikeKind[] = [
  { name: 'bronze holds all', holders: BRONZE, stop_ms: 10 },
  { name: 'silver and bronze hold all', holders: MIXED, stop_ms: 10 },
  { name: 'silver and bronze, providers stop within 200 ms', holders: MIXED, stop_ms: 200 },
];

const SPIKE_EVERY_MS = 30_000;

/** Long streams hold the fleet, and gold asks every half minute for nine tenths of its reservation at one time. */
export function spikes({ length_ms, seed }: Run, { holders, stop_ms }: SpikeKind): Workload {
  const backlogs = holders.map(
    (one): Backlog => ({
      tenant: one,
      depth: 200,
      lengths: (rng) => ({
        in_tokens: Math.ceil(logNormal(rng, 500, 1_500)),
        out_tokens: Math.ceil(logNormal(rng, 1_000, 3_000)),
      }),
    }),
  );
  const stream = { in_tokens: 700, out_tokens: 1_300 };
  const fleet: Fleet = { ...fleetFor([stream, { in_tokens: 3_000, out_tokens: 5_000 }]), stop_ms };
  const capacity: Capacity = capacityOf(fleet, [stream]);
  const gold = tenant('gold-1', 'gold');
  const calls = Math.floor(0.9 * DEFAULT_SHARES.gold * fleet.calls) * fleet.providers;
  const asked: Asked[] = [];
  for (let at_ms = SPIKE_EVERY_MS; at_ms < length_ms; at_ms += SPIKE_EVERY_MS) {
    for (let i = 0; i < calls; i += 1)
      asked.push({ at_ms, in_tokens: 500, out_tokens: 100, tenant: gold, session: 's0' });
  }
  return {
    fleet,
    capacity,
    tenants: [gold, ...holders],
    asked,
    backlogs,
    warm_ms: SPIKE_EVERY_MS,
    end_ms: length_ms,
    patience_ms: 60_000,
    seed,
  };
}
