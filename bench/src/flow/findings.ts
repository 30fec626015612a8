import { jainIndex } from '@atp-router/flow';
import { QOS_TIERS, type Qos } from '@atp-router/kernel';
import type { Meter, TenantCount } from './meter.ts';

/** A tenant counts as always waiting when somebody of it waited at every provider for this part of the time. */
const ALWAYS = 0.99;
/** One long call more or less then makes a difference of a few percent. */
const CALLS_OF_MEAN = 100;

/** What a row of the report says, of a tenant or a tier. */
export interface Row {
  readonly name: string;
  readonly asked: number;
  /** Part of the calls that were decided. */
  readonly refused: number;
  /** Part of the calls that ran and ended. */
  readonly stopped: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly offered_tokens_per_s: number;
  readonly done_tokens_per_s: number;
  readonly finished_tokens_per_s: number;
  readonly wasted_tokens_per_s: number;
}

export function rowOf(name: string, counts: readonly TenantCount[], meter: Meter): Row {
  const total = (field: Numbers): number => counts.reduce((sum, count) => sum + count[field], 0);
  const per_s = (tokens: number): number => (1_000 * tokens) / meter.measured_ms;
  const waits_ms = counts.flatMap((count) => count.waits_ms);
  return {
    name,
    asked: total('asked'),
    refused: part(total('refused'), waits_ms.length + total('refused')),
    stopped: part(total('stopped'), total('finished') + total('stopped')),
    p50_ms: quantile(waits_ms, 0.5),
    p99_ms: quantile(waits_ms, 0.99),
    offered_tokens_per_s: per_s(total('offered_tokens')),
    done_tokens_per_s: per_s(total('finished_tokens') + total('wasted_tokens')),
    finished_tokens_per_s: per_s(total('finished_tokens')),
    wasted_tokens_per_s: per_s(total('wasted_tokens')),
  };
}

function part(some: number, all: number): number {
  return all === 0 ? 0 : some / all;
}

type Numbers = {
  [K in keyof TenantCount]: TenantCount[K] extends number ? K : never;
}[keyof TenantCount];

export function tierOf(meter: Meter, qos: Qos): TenantCount[] {
  return [...meter.tenants.values()].filter(({ tenant }) => tenant.qos === qos);
}

/** All tiers that have tenants. */
export function tierRows(meter: Meter): Row[] {
  return QOS_TIERS.flatMap((qos) => {
    const counts = tierOf(meter, qos);
    return counts.length === 0 ? [] : [rowOf(qos, counts, meter)];
  });
}

/** The highest value that no more than `1 - q` of all are above; 0 for none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

/**
 * Jain's index of the tokens that a tier's tenants were given by weight, of those that always waited; undefined for fewer than two of
 * them, and when they had too few calls for a mean.
 */
export function jainOf(meter: Meter, qos: Qos): number | undefined {
  const always = tierOf(meter, qos).filter(
    ({ backlogged_ms }) => Math.min(...backlogged_ms) >= ALWAYS * meter.measured_ms,
  );
  const calls = always.reduce((sum, { finished, stopped }) => sum + finished + stopped, 0);
  if (always.length < 2 || calls < CALLS_OF_MEAN * always.length) return undefined;
  return jainIndex(
    always.map(({ tenant, finished_tokens, wasted_tokens }) => (finished_tokens + wasted_tokens) / tenant.weight),
  );
}

/**
 * Part of the fuller window that was used while somebody waited for it; undefined when that was for less than a tenth of the time: then
 * it is a few moments in which one large call waited for its room.
 */
export function usedWhileWaiting({ busy, contended_ms, used_ms, measured_ms }: Meter): number | undefined {
  return contended_ms < 0.1 * measured_ms * busy.length ? undefined : used_ms / contended_ms;
}

/** Part of the fuller window that bronze held while it waited for more; undefined when it did not. */
export function bronzeHeld({ bronze_waited_ms, bronze_held_ms }: Meter): number | undefined {
  return bronze_waited_ms === 0 ? undefined : bronze_held_ms / bronze_waited_ms;
}
