import {
  addCounts,
  addUsage,
  addUsdNanos,
  type Footprint,
  type Usage,
  type UsdNanos,
  utcDay,
  ZERO_USAGE,
} from '@atp-router/kernel';
import type { AttemptRecord, CallEnded, CallHead } from '../events.ts';
import { type AttemptFootprint, knownOf, unknownOf } from '../footprint.ts';

/** Where in a node's journal a record stands. */
export interface RecordKey {
  readonly node_id: string;
  readonly epoch: number;
  readonly seq: number;
}

/** The usage record of one call, flat: what the `usage` table, the admin API and the exports show. */
export interface UsageRow extends RecordKey, Usage, Footprint {
  readonly call_id: string;
  readonly tenant: string;
  readonly key_id: string;
  readonly endpoint: string;
  readonly requested_model: string;
  /** Model and provider of the last attempt: the ones that answered, or failed last. */
  readonly model: string;
  readonly provider: string | null;
  readonly policy: string | null;
  readonly agent: string | null;
  readonly qos: string;
  readonly task_type: string | null;
  readonly stream: boolean;
  readonly trace_id: string | null;
  /** The UTC day that the call is charged to. */
  readonly day: string;
  readonly started_ms: number;
  readonly ended_ms: number;
  readonly outcome: string;
  readonly error: string | null;
  readonly status: number;
  readonly attempts: number;
  /** `counted` as soon as one attempt was. */
  readonly usage_source: AttemptRecord['usage_source'];
  readonly cost_usd_nanos: UsdNanos;
  /** The part of the cost that tools at the provider took; absent when they took none. */
  readonly tools_usd_nanos?: UsdNanos | undefined;
  readonly latency_ms: number;
  readonly ttfb_ms: number | null;
}

export interface AttemptRow extends RecordKey, Usage, AttemptFootprint {
  readonly call_id: string;
  readonly n: number;
  readonly turn: number;
  readonly kind: string;
  readonly model: string;
  readonly provider: string;
  /** Of a fan-out, see `LaneMark`; null for a call that asks one at a time. */
  readonly lane: number | null;
  readonly role: NonNullable<AttemptRecord['role']> | null;
  readonly source: string | null;
  readonly outcome: string;
  readonly error: string | null;
  readonly upstream_status: number | null;
  readonly usage_source: AttemptRecord['usage_source'];
  readonly cost_usd_nanos: UsdNanos;
  /** The part of the cost that tools at the provider took; absent when they took none. */
  readonly tools_usd_nanos?: UsdNanos | undefined;
  readonly latency_ms: number;
  readonly ttfb_ms: number | null;
}

/** Sums of one tenant, model and UTC day. Tokens and money belong to the model of the attempt that used them. */
export interface UsageDay extends Usage {
  readonly tenant: string;
  readonly model: string;
  readonly day: string;
  /** Calls that this model answered, or failed last. */
  readonly calls: number;
  /** Those of `calls` whose outcome is not `ok`. */
  readonly errors: number;
  readonly attempts: number;
  readonly cost_usd_nanos: UsdNanos;
  /** Of the attempts of which it is known, in thousandths of a joule. */
  readonly energy_millijoules: number;
  /** Of the attempts of which it is known, in thousandths of a milligram. */
  readonly co2e_micrograms: number;
  /** Those of `calls` that used something, and of which it is not known as a whole what energy that took. */
  readonly calls_without_energy: number;
  /** Those of `calls` that used something, and of which it is not known as a whole what that emitted. */
  readonly calls_without_co2e: number;
}

/** What a tenant used of its budgets on one UTC day. */
export interface BudgetDay {
  readonly tenant: string;
  readonly day: string;
  readonly calls: number;
  /** Input and output tokens together. */
  readonly tokens: number;
  readonly cost_usd_nanos: UsdNanos;
}

/** The UTC day whose budgets a call is charged to. */
export function budgetDayOf(head: Pick<CallHead, 'started_ms' | 'budget_day'>): string {
  return head.budget_day ?? utcDay(head.started_ms);
}

/** The fields of a call's head, without whatever else the event carries. */
export function callHead(source: CallHead): CallHead {
  const { call_id, tenant, key_id, endpoint, requested_model, policy, agent, qos, task_type, stream } = source;
  const { trace_id, parent_span_id, trace_sampled, started_ms, budget_day } = source;
  return {
    ...{ call_id, tenant, key_id, endpoint, requested_model, qos, stream, started_ms },
    ...(policy !== undefined && { policy }),
    ...(agent !== undefined && { agent }),
    ...(task_type !== undefined && { task_type }),
    ...(trace_id !== undefined && { trace_id }),
    ...(parent_span_id !== undefined && { parent_span_id }),
    ...(trace_sampled !== undefined && { trace_sampled }),
    ...(budget_day !== undefined && { budget_day }),
  };
}

/** The model of the last attempt: the one that answered, or failed last. */
export function modelOf(event: {
  readonly attempts: readonly { readonly model: string }[];
  readonly requested_model: string;
}): string {
  return event.attempts.at(-1)?.model ?? event.requested_model;
}

export function usageRow(
  event: CallEnded,
  ended_ms: number,
  key: RecordKey,
  day: string = budgetDayOf(event),
): UsageRow {
  return {
    ...pickKey(key),
    call_id: event.call_id,
    tenant: event.tenant,
    key_id: event.key_id,
    endpoint: event.endpoint,
    requested_model: event.requested_model,
    model: modelOf(event),
    provider: event.attempts.at(-1)?.provider ?? null,
    policy: event.policy ?? null,
    agent: event.agent ?? null,
    qos: event.qos,
    task_type: event.task_type ?? null,
    stream: event.stream,
    trace_id: event.trace_id ?? null,
    day,
    started_ms: event.started_ms,
    ended_ms,
    outcome: event.outcome,
    error: event.error ?? null,
    status: event.status,
    attempts: event.attempts.length,
    ...pickUsage(event.usage),
    usage_source: sourceOf(event.attempts),
    cost_usd_nanos: event.cost_usd_nanos,
    ...toolsPart(event.attempts),
    ...footprintPart(event),
    latency_ms: Math.round(event.latency_ms),
    ttfb_ms: event.ttfb_ms === undefined ? null : Math.round(event.ttfb_ms),
  };
}

export function attemptRows(event: CallEnded, key: RecordKey): AttemptRow[] {
  return event.attempts.map((attempt) => ({
    ...pickKey(key),
    call_id: event.call_id,
    n: attempt.n,
    turn: attempt.turn,
    kind: attempt.kind,
    model: attempt.model,
    provider: attempt.provider,
    lane: attempt.lane ?? null,
    role: attempt.role ?? null,
    source: attempt.source ?? null,
    outcome: attempt.outcome,
    error: attempt.error ?? null,
    upstream_status: attempt.upstream_status ?? null,
    ...pickUsage(attempt.usage),
    usage_source: attempt.usage_source,
    cost_usd_nanos: attempt.cost_usd_nanos,
    ...toolsPart([attempt]),
    ...footprintPart(attempt),
    latency_ms: Math.round(attempt.latency_ms),
    ttfb_ms: attempt.ttfb_ms === undefined ? null : Math.round(attempt.ttfb_ms),
  }));
}

/** What a call adds to the daily sums: one entry for each attempt, the call itself counted with the last. */
export function usageDays(event: CallEnded, day: string = budgetDayOf(event)): UsageDay[] {
  const errors = event.outcome === 'ok' ? 0 : 1;
  const { tenant } = event;
  const last = event.attempts.length - 1;
  if (last < 0) {
    const none = { attempts: 0, ...ZERO_USAGE, cost_usd_nanos: 0, energy_millijoules: 0, co2e_micrograms: 0 };
    return [{ tenant, model: event.requested_model, day, calls: 1, errors, ...none, ...unknownOf(event) }];
  }
  return event.attempts.map((attempt, i) => ({
    tenant,
    model: attempt.model,
    day,
    calls: i === last ? 1 : 0,
    errors: i === last ? errors : 0,
    attempts: 1,
    ...pickUsage(attempt.usage),
    cost_usd_nanos: attempt.cost_usd_nanos,
    ...knownOf(attempt),
    ...(i === last ? unknownOf(event) : { calls_without_energy: 0, calls_without_co2e: 0 }),
  }));
}

export function budgetDay(event: CallEnded, day: string = budgetDayOf(event)): BudgetDay {
  return {
    tenant: event.tenant,
    day,
    calls: 1,
    tokens: event.usage.in_tokens + event.usage.out_tokens,
    cost_usd_nanos: event.cost_usd_nanos,
  };
}

export function addUsageDays(a: UsageDay, b: UsageDay): UsageDay {
  return {
    ...a,
    calls: a.calls + b.calls,
    errors: a.errors + b.errors,
    attempts: a.attempts + b.attempts,
    ...addUsage(a, b),
    cost_usd_nanos: addUsdNanos(a.cost_usd_nanos, b.cost_usd_nanos),
    energy_millijoules: addCounts(a.energy_millijoules, b.energy_millijoules),
    co2e_micrograms: addCounts(a.co2e_micrograms, b.co2e_micrograms),
    calls_without_energy: a.calls_without_energy + b.calls_without_energy,
    calls_without_co2e: a.calls_without_co2e + b.calls_without_co2e,
  };
}

export function addBudgetDays(a: BudgetDay, b: BudgetDay): BudgetDay {
  return {
    ...a,
    calls: a.calls + b.calls,
    tokens: addCounts(a.tokens, b.tokens),
    cost_usd_nanos: addUsdNanos(a.cost_usd_nanos, b.cost_usd_nanos),
  };
}

/** Keys of the sums as one string each, for maps. */
export function usageDayKey(sum: Pick<UsageDay, 'tenant' | 'model' | 'day'>): string {
  return JSON.stringify([sum.day, sum.tenant, sum.model]);
}

export function budgetDayKey(sum: Pick<BudgetDay, 'tenant' | 'day'>): string {
  return JSON.stringify([sum.day, sum.tenant]);
}

function sourceOf(attempts: readonly AttemptRecord[]): AttemptRecord['usage_source'] {
  if (attempts.some((attempt) => attempt.usage_source === 'counted')) return 'counted';
  return attempts.some((attempt) => attempt.usage_source === 'reported') ? 'reported' : 'none';
}

function footprintPart({ energy_joules, co2e_mg, region }: AttemptFootprint): AttemptFootprint {
  return {
    ...(energy_joules !== undefined && { energy_joules }),
    ...(co2e_mg !== undefined && { co2e_mg }),
    ...(region !== undefined && { region }),
  };
}

function toolsPart(attempts: readonly AttemptRecord[]): { readonly tools_usd_nanos?: UsdNanos } {
  const tools_usd_nanos = attempts.reduce((sum, attempt) => addUsdNanos(sum, attempt.tools_usd_nanos ?? 0), 0);
  return tools_usd_nanos === 0 ? {} : { tools_usd_nanos };
}

function pickKey({ node_id, epoch, seq }: RecordKey): RecordKey {
  return { node_id, epoch, seq };
}

function pickUsage(usage: Usage): Usage {
  const { in_tokens, out_tokens, cached_in_tokens, cache_write_tokens, reasoning_tokens } = usage;
  return { in_tokens, out_tokens, cached_in_tokens, cache_write_tokens, reasoning_tokens };
}
