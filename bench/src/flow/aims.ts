import { DEFAULT_SHARES } from '@atp-router/flow';
import { QOS_TIERS, type Qos } from '@atp-router/kernel';
import { bronzeHeld, jainOf, quantile, tierOf, usedWhileWaiting } from './findings.ts';
import { CALLS } from './fleet.ts';
import type { Meter, TenantCount } from './meter.ts';

/** What was to be reached, and what was. */
export interface Aim {
  readonly text: string;
  readonly found: string;
  readonly is_reached: boolean;
}

const GOLD_WAIT_MS = 50;
const JAIN = 0.98;
const TOKENS_APART = 0.03;
const USED = 0.97;
const FLOOD_MOVES = 0.1;
export const OPERATIONS_PER_S = 1_000_000;

/** A run of the router's own scheduler. */
export interface Found {
  readonly name: string;
  readonly meter: Meter;
  /** So long, against the calls in it, that tenants had a mean of them: only then does Jain's index say something. */
  readonly has_means: boolean;
}

export function waitP99_ms(counts: readonly TenantCount[]): number {
  return quantile(
    counts.flatMap(({ waits_ms }) => waits_ms),
    0.99,
  );
}

/** (a): `low` and `high` are runs with silver and bronze at 0.5 and 5 times what the fleet can do. */
export function goldAim(trace: string, low: Meter, high: Meter): Aim {
  const [before_ms, after_ms] = [low, high].map((meter) => waitP99_ms(tierOf(meter, 'gold'))) as [number, number];
  const most_ms = Math.max(1.2 * before_ms, GOLD_WAIT_MS);
  const refused = tierOf(high, 'gold').reduce((sum, count) => sum + count.refused, 0);
  return {
    text: `(a) ${trace}: gold at 70 % of its reservation waits as at 0.5×, or 50 ms (p99), when others ask for 5×`,
    found: `${ms(before_ms)} ms at 0.5×, ${ms(after_ms)} ms at 5×, ${refused} refused`,
    is_reached: after_ms <= most_ms && refused === 0,
  };
}

/** (b): the least index of any run and tier in which at least two tenants waited all the time. */
export function jainAim(runs: readonly Found[]): Aim {
  const found = runs.flatMap(({ name, meter, has_means }) =>
    QOS_TIERS.flatMap((qos: Qos) => {
      const jain = has_means ? jainOf(meter, qos) : undefined;
      return jain === undefined ? [] : [{ value: jain, name: `${name}, ${qos}` }];
    }),
  );
  return least(`(b) Jain's index of tenants that always wait ≥ ${JAIN}`, found, JAIN, (value) => value.toFixed(4));
}

/** (c): of tenants with short and with long calls. */
export function lengthsAim(meter: Meter): Aim {
  const mean = (kind: string): number => {
    const own = [...meter.tenants.values()].filter(({ tenant }) => tenant.id.startsWith(kind));
    return own.reduce((sum, { finished_tokens }) => sum + finished_tokens, 0) / own.length;
  };
  const ratio = mean('long') / mean('short');
  return {
    text: '(c) tenants that always wait get the same tokens ± 3 % when the calls of some are ten times as long',
    found: `long ÷ short ${ratio.toFixed(4)}`,
    is_reached: Math.abs(ratio - 1) <= TOKENS_APART,
  };
}

/** (d) */
export function usedAim(runs: readonly Found[]): Aim {
  const found = runs.flatMap(({ name, meter }) => {
    const used = usedWhileWaiting(meter);
    return used === undefined ? [] : [{ value: used, name }];
  });
  return least('(d) ≥ 97 % of the capacity is used while work waits for it', found, USED, percent);
}

/** (e): what bronze holds while it waits for more. */
export function bronzeAim(runs: readonly Found[]): Aim {
  const found = runs.flatMap(({ name, meter }) => {
    const held = bronzeHeld(meter);
    return held === undefined ? [] : [{ value: held, name }];
  });
  const calls = Math.round(DEFAULT_SHARES.bronze * CALLS);
  const text = `(e) bronze keeps its minimum while it waits: ${calls} of ${CALLS} calls, ${percent(calls / CALLS)}`;
  return least(text, found, calls / CALLS, percent);
}

/** (f): of the others, with and without the flood. `value` is a p99 of each. */
export function floodAim(what: string, before_ms: number, after_ms: number): Aim {
  const moved = after_ms / before_ms - 1;
  return {
    text: `(f) ${what} moves by less than 10 %`,
    found: `${ms(before_ms)} → ${ms(after_ms)} ms, ${moved >= 0 ? '+' : ''}${percent(moved)}`,
    is_reached: moved < FLOOD_MOVES,
  };
}

export function throughputAim(queue: string, operations_per_s: number, operations_per_cpu_s: number): Aim {
  const grouped = (value: number): string => Math.round(value).toLocaleString('en-US');
  return {
    text: `admissions and completions with 10,000 tenants and ${queue} ≥ 1,000,000/s of one core's time`,
    found: `${grouped(operations_per_s)}/s, ${grouped(operations_per_cpu_s)}/s of processor time`,
    is_reached: operations_per_cpu_s >= OPERATIONS_PER_S,
  };
}

interface Value {
  readonly value: number;
  readonly name: string;
}

function least(text: string, found: readonly Value[], aim: number, show: (value: number) => string): Aim {
  const [worst] = [...found].sort((a, b) => a.value - b.value);
  if (worst === undefined) return { text, found: 'no run in which it could be seen', is_reached: false };
  return {
    text,
    found: `least of ${found.length}: ${show(worst.value)} (${worst.name})`,
    is_reached: worst.value >= aim,
  };
}

export function ms(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
