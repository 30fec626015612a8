import { logNormal, type Qos, type Rng, seededRng } from '@atp-router/kernel';
import { type Capacity, capacityOf, type Fleet, fleetFor } from './fleet.ts';
import type { Asked, Lengths, Tenant } from './model.ts';
import type { Trace } from './traces.ts';

/** A tenant and what it asks for, as a multiple of what the fleet can do. */
export interface Load {
  readonly tenant: Tenant;
  readonly load: number;
}

/** Asks again as soon as one of its calls ends, so that so many wait or run at any time. */
export interface Backlog {
  readonly tenant: Tenant;
  readonly depth: number;
  readonly lengths: (rng: Rng) => Lengths;
}

export interface Workload {
  readonly fleet: Fleet;
  readonly capacity: Capacity;
  readonly tenants: readonly Tenant[];
  /** In order. */
  readonly asked: readonly Asked[];
  readonly backlogs: readonly Backlog[];
  /** Before this nothing counts: the fleet is filling. */
  readonly warm_ms: number;
  readonly end_ms: number;
  /** A call that has not begun after so long gives up. */
  readonly patience_ms: number;
  readonly seed: number;
}

export const PATIENCE_MS = 30_000;
const SESSIONS = 4;

export function tenant(id: string, qos: Qos, weight: number = 1): Tenant {
  return { id, qos, weight };
}

/** So many tenants of a tier with a load that they share evenly. */
export function evenly(qos: Qos, count: number, load: number): Load[] {
  return Array.from({ length: count }, (_one, i) => ({ tenant: tenant(`${qos}-${i + 1}`, qos), load: load / count }));
}

/**
 * The trace as it is, with time scaled by one factor so that all ask for the sum of `loads`, and begun anew when it is over. Whose
 * call each is comes from the seed, with the loads as odds: a tenant's own calls are the trace, thinned.
 */
export function replay(trace: Trace, loads: readonly Load[], length_ms: number, seed: number): Workload {
  const { arrivals } = trace;
  const fleet = fleetFor(arrivals);
  const capacity = capacityOf(fleet, arrivals);
  const all = loads.reduce((sum, { load }) => sum + load, 0);
  const last_ms = arrivals.at(-1)?.at_ms ?? 0;
  const every_ms = last_ms / Math.max(1, arrivals.length - 1);
  const scale = 1_000 / (every_ms * capacity.calls_per_s * all);
  const rng = seededRng(seed);
  const asked: Asked[] = [];
  for (let round = 0; ; round += 1) {
    for (const { at_ms, in_tokens, out_tokens } of arrivals) {
      const scaled_ms = scale * (at_ms + round * (last_ms + every_ms));
      if (scaled_ms >= length_ms) {
        const tenants = loads.map((one) => one.tenant);
        return { ...frame(fleet, capacity, length_ms, seed), tenants, asked, backlogs: [] };
      }
      const who = pick(loads, all * rng.next());
      asked.push({ at_ms: scaled_ms, in_tokens, out_tokens, tenant: who, session: sessionOf(rng) });
    }
  }
}

/** Poisson arrivals, each tenant's from a seed of its own: they stay the same when another tenant asks for more. */
export function independent(trace: Trace, loads: readonly Load[], length_ms: number, seed: number): Workload {
  const fleet = fleetFor(trace.arrivals);
  const capacity = capacityOf(fleet, trace.arrivals);
  const asked = loads.flatMap(({ tenant: who, load }, i) => {
    const rng = seededRng(seed + i);
    const every_ms = 1_000 / (capacity.calls_per_s * load);
    const own: Asked[] = [];
    for (let at_ms = 0; ; ) {
      at_ms += -every_ms * Math.log(1 - rng.next());
      if (at_ms >= length_ms) return own;
      const lengths = trace.arrivals[Math.floor(rng.next() * trace.arrivals.length)] as Lengths;
      const { in_tokens, out_tokens } = lengths;
      own.push({ at_ms, in_tokens, out_tokens, tenant: who, session: sessionOf(rng) });
    }
  });
  asked.sort((a, b) => a.at_ms - b.at_ms);
  const tenants = loads.map((one) => one.tenant);
  return { ...frame(fleet, capacity, length_ms, seed), tenants, asked, backlogs: [] };
}

/** Tenants of one tier and weight that always wait, every other one with calls ten times as long. */
export function alwaysWaiting(count: number, length_ms: number, seed: number): Workload {
  const backlogs = Array.from({ length: count }, (_one, i): Backlog => {
    const long = i % 2 === 1;
    const factor = long ? 10 : 1;
    return {
      tenant: tenant(`${long ? 'long' : 'short'}-${i + 1}`, 'silver'),
      depth: 100,
      lengths: (rng) => ({
        in_tokens: factor * Math.ceil(Math.min(400, logNormal(rng, 80, 200))),
        out_tokens: factor * Math.ceil(Math.min(120, logNormal(rng, 20, 60))),
      }),
    };
  });
  const rng = seededRng(seed);
  const sample = Array.from({ length: 10_000 }, (_one, i) => (backlogs[i % count] as Backlog).lengths(rng));
  const fleet = fleetFor(sample);
  const tenants = backlogs.map((one) => one.tenant);
  const patience_ms = Number.POSITIVE_INFINITY;
  return { ...frame(fleet, capacityOf(fleet, sample), length_ms, seed), tenants, asked: [], backlogs, patience_ms };
}

function frame(
  fleet: Fleet,
  capacity: Capacity,
  end_ms: number,
  seed: number,
): Pick<Workload, 'fleet' | 'capacity' | 'warm_ms' | 'end_ms' | 'patience_ms' | 'seed'> {
  return { fleet, capacity, warm_ms: end_ms / 6, end_ms, patience_ms: PATIENCE_MS, seed };
}

function pick(loads: readonly Load[], at: number): Tenant {
  let sum = 0;
  for (const one of loads) {
    sum += one.load;
    if (at < sum) return one.tenant;
  }
  return (loads.at(-1) as Load).tenant;
}

function sessionOf(rng: Rng): string {
  return `s${Math.floor(rng.next() * SESSIONS)}`;
}
