import type { UpstreamCaller, UsageBound } from '@atp-router/adapters';
import { type Clock, nanosToMicros, type Qos } from '@atp-router/kernel';
import type { AdmittedCall } from './env.ts';
import { type CallFunds, demandOf, type Room } from './funds.ts';
import { longestOutTokens } from './output-size.ts';
import type { Pending } from './pending.ts';

/**
 * An agent is billed by its own word, and its operator need not be this router's. What the router expects is a count of
 * bytes and the longest answer that was asked for: tokens are counted otherwise elsewhere, and an agent may ask itself
 * more than it was asked. Who needs more than twice as much has to be asked for a longer answer.
 */
const EXPECTED_FACTOR = 2;

/** What the transport of an attempt is told of its call: whose it is, what it is expected to need, and what it may use. */
export function callerOf(
  p: Pending,
  tier: Qos,
  call: AdmittedCall,
  funds: CallFunds,
  out_tokens: number,
  clock: Clock,
): UpstreamCaller {
  const { tenant, qos, task_type } = call.head;
  const { stream } = call;
  const demand = demandOf(p.price, p.in_tokens, out_tokens);
  const left_ms = call.started_mono_ms + (call.deadline_ms ?? Number.POSITIVE_INFINITY) - clock.mono_ms();
  const affordable = funds.affordable(p.n, p.price, p.in_tokens, clock.now_ms());
  const room = funds.room(p.n, clock.now_ms());
  const budget = budgetOf(p, room);
  const billable = p.target.description.kind === 'agent' ? billableOf(p, call, budget, affordable) : undefined;
  return {
    ...{ tenant, qos, tier, stream, task_type },
    upstream_model: p.target.model.upstream_model,
    data_scopes: call.data_scopes,
    via: call.via,
    deadline_ms: Number.isFinite(left_ms) ? Math.max(0, Math.floor(left_ms)) : undefined,
    expected: { tokens: demand.tokens, usd_micros: nanosToMicros(demand.usd_nanos) },
    budget,
    budget_set_by: room.set_by,
    ...(p.price !== undefined && { price: p.price }),
    ...(billable && { billable }),
    ...traceOf(call.head),
  };
}

function traceOf({ trace_id, parent_span_id, trace_sampled }: AdmittedCall['head']): { readonly traceparent?: string } {
  if (trace_id === undefined || parent_span_id === undefined) return {};
  return { traceparent: `00-${trace_id}-${parent_span_id}-${trace_sampled === true ? '01' : '00'}` };
}

/** Tokens and money that accounts and the call's own caps leave for it, each as somebody has set it. */
function budgetOf(p: Pending, { tokens, usd_nanos }: Room): UpstreamCaller['budget'] {
  return {
    ...(Number.isFinite(tokens) && { tokens: Math.floor(tokens) }),
    ...(p.price !== undefined && Number.isFinite(usd_nanos) && { usd_micros: Math.floor(usd_nanos / NANOS_PER_MICRO) }),
  };
}

const NANOS_PER_MICRO = 1_000;

/**
 * A multiple of what the router itself expects, and nobody else, within the budget: that is what is left of a day, and no
 * measure of one call. Without a price nobody pays, and only a budget in tokens has to be kept.
 */
function billableOf(
  p: Pending,
  call: AdmittedCall,
  { tokens = Infinity, usd_micros = Infinity }: UpstreamCaller['budget'],
  affordable: number,
): UsageBound | undefined {
  // A stream that comes to more takes more, or is ended by the budget: see `extendFunds`.
  const counted = call.stream ? Infinity : Math.floor(affordable);
  if (p.price === undefined && !Number.isFinite(tokens)) return undefined;
  const longest = longestOutTokens(p.target, call);
  const most = demandOf(p.price, p.in_tokens, longest);
  const most_micros = p.price === undefined ? Infinity : nanosToMicros(EXPECTED_FACTOR * most.usd_nanos);
  return {
    tokens: Math.min(tokens, EXPECTED_FACTOR * most.tokens),
    usd_micros: Math.min(usd_micros, most_micros),
    out_tokens: Math.min(counted, EXPECTED_FACTOR * longest),
  };
}
