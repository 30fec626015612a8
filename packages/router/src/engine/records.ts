import type { StageSummary } from '@atp-router/call';
import {
  addUsage,
  addUsdNanos,
  costUsdNanos,
  type Footprint,
  nanosToMicros,
  type Price,
  type Usage,
  type UsdNanos,
  usageOfCut,
  ZERO_USAGE,
} from '@atp-router/kernel';
import { footprintOf, sumFootprints } from '@atp-router/routing';
import type {
  AttemptFootprint,
  AttemptIntent,
  AttemptRecord,
  CallHead,
  CallOpened,
  CallOutcome,
  IdempotencyRef,
} from '@atp-router/ledger';
import type { IntensityOf } from '../carbon/intensities.ts';
import type { Attempt } from './attempt.ts';
import { toolsUsdNanos } from './hosted-tools.ts';
import { reportedSoFar } from './progress.ts';
import type { Target } from './target.ts';

/** The promise that is journaled before the upstream sees a byte. */
export function intentOf(attempt: Attempt, reserved_usd_nanos: UsdNanos): AttemptIntent {
  const { n, turn, kind, target, in_tokens, lane } = attempt.spec;
  return {
    n,
    turn,
    kind,
    model: target.model.id,
    provider: target.provider.id,
    in_tokens,
    out_tokens: attempt.reserved_out_tokens,
    reserved_usd_nanos,
    price: target.model.price,
    ...lane,
  };
}

/** The first record of a call. Field by field, in one shape for all calls, because each call makes one. */
export function openedEvent(
  head: CallHead,
  budget_day: string | undefined,
  idempotency: IdempotencyRef | undefined,
  attempt: AttemptIntent,
): CallOpened {
  return {
    type: 'call.opened',
    call_id: head.call_id,
    tenant: head.tenant,
    key_id: head.key_id,
    endpoint: head.endpoint,
    requested_model: head.requested_model,
    policy: head.policy,
    agent: head.agent,
    qos: head.qos,
    task_type: head.task_type,
    stream: head.stream,
    trace_id: head.trace_id,
    parent_span_id: head.parent_span_id,
    trace_sampled: head.trace_sampled,
    started_ms: head.started_ms,
    budget_day,
    idempotency,
    attempt,
  };
}

/**
 * What an ended attempt used. A whole answer costs what it reports. Any other that its provider accepted (2xx), and one
 * that the router gave up while the provider was still at it, is counted: the prompt, and the output that has come. What
 * the provider refused or broke off before it answered costs nothing. Recovery counts by the same rule.
 */
export function usageOf(
  attempt: Attempt,
  outcome: CallOutcome,
): { usage: Usage; source: AttemptRecord['usage_source'] } {
  const reported = attempt.usage;
  // What some providers report as they go is behind: it counts in full only at the end of the answer.
  const is_final = attempt.is_complete && !attempt.is_cut;
  if (outcome === 'ok' && reported !== undefined && is_final) return { usage: reported, source: 'reported' };
  if (!isBillable(attempt)) return { usage: ZERO_USAGE, source: 'none' };
  return {
    usage: usageOfCut(reportedSoFar(attempt), attempt.spec.in_tokens, attempt.counted_out_tokens),
    source: 'counted',
  };
}

function isBillable({ failure, reached_upstream, upstream_status: status }: Attempt): boolean {
  if (status !== undefined) return status < 300;
  // Cancelled, or out of patience: whoever was asked does not stop before it notices, and bills what it was asked for.
  return reached_upstream && (failure === undefined || failure.error.code === 'upstream_timeout');
}

interface RecordedEnd {
  readonly outcome: CallOutcome;
  readonly error: string | undefined;
  readonly now_mono_ms: number;
  readonly intensity: IntensityOf | undefined;
}

export function recordOf(
  attempt: Attempt,
  { outcome, error, now_mono_ms, intensity }: RecordedEnd,
  call_started_mono_ms: number,
): AttemptRecord {
  const { n, turn, kind, target, started_mono_ms, lane } = attempt.spec;
  const { usage, source } = usageOf(attempt, outcome);
  const tools_usd_nanos = source === 'none' ? 0 : toolsUsdNanos(attempt);
  const first = attempt.first_byte_mono_ms;
  const { energy_joules, co2e_mg, region } = source === 'none' ? NOTHING_TAKEN : taken(usage, target, intensity);
  return {
    n,
    turn,
    kind,
    model: target.model.id,
    provider: target.provider.id,
    outcome,
    error,
    upstream_status: attempt.upstream_status,
    usage,
    usage_source: source,
    // The tools' part is whole nano-dollars, so that the sum is rounded once, with the tokens.
    cost_usd_nanos: source === 'none' ? 0 : addUsdNanos(costOf(usage, target.model.price), tools_usd_nanos),
    tools_usd_nanos: tools_usd_nanos === 0 ? undefined : tools_usd_nanos,
    energy_joules,
    co2e_mg,
    region,
    offset_ms: round(started_mono_ms - call_started_mono_ms),
    latency_ms: round(now_mono_ms - started_mono_ms),
    ttfb_ms: first === undefined ? undefined : round(first - started_mono_ms),
    ...lane,
  };
}

/** What the stages are told of an attempt that is over. */
export function stageSummary(record: AttemptRecord, won: boolean): StageSummary {
  const { outcome, error, usage, cost_usd_nanos, latency_ms } = record;
  return {
    // Nobody is there to be told of a call that a crash interrupted.
    outcome: outcome === 'interrupted' ? 'error' : outcome,
    error,
    won,
    in_tokens: usage.in_tokens,
    out_tokens: usage.out_tokens,
    cost_usd_micros: nanosToMicros(cost_usd_nanos),
    latency_ms,
  };
}

const NOTHING_TAKEN: AttemptFootprint = {};

function taken(usage: Usage, { model }: Target, intensity: IntensityOf | undefined): AttemptFootprint {
  if (model.energy === undefined) return NOTHING_TAKEN;
  const { region } = model;
  return { ...footprintOf(usage, model.energy, region === undefined ? undefined : intensity?.(region)), region };
}

/** Of all attempts that used something. */
export function footprintOfAll(records: readonly AttemptRecord[]): Footprint {
  return sumFootprints(records.filter(({ usage_source }) => usage_source !== 'none'));
}

function costOf(usage: Usage, price: Price | undefined): UsdNanos {
  return price === undefined ? 0 : costUsdNanos(usage, price);
}

/** Tenths of a millisecond are enough for records and keep them short. */
export function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

export function totals(records: readonly AttemptRecord[]): { usage: Usage; cost_usd_nanos: UsdNanos } {
  const only = records[0];
  if (records.length === 1 && only !== undefined) return { usage: only.usage, cost_usd_nanos: only.cost_usd_nanos };
  let usage = ZERO_USAGE;
  let cost_usd_nanos = 0;
  for (const record of records) {
    usage = addUsage(usage, record.usage);
    cost_usd_nanos = addUsdNanos(cost_usd_nanos, record.cost_usd_nanos);
  }
  return { usage, cost_usd_nanos };
}
