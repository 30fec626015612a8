import type { UpstreamCaller, UsageBound } from '@atp-router/adapters';
import { type Clock, nanosToMicros } from '@atp-router/kernel';
import type { AdmittedCall } from './env.ts';
import { type CallFunds, demandOf } from './funds.ts';
import { longestOutTokens } from './output-size.ts';
import type { Pending } from './pending.ts';

/**
 * An agent is billed by its own word, and its operator need not be this router's. What the router expects is a count of
 * bytes and the longest answer that was asked for: tokens are counted otherwise elsewhere, and an agent may ask itself
 * more than it was asked, but who needs more than twice as much needs a budget.
 */
const UNBUDGETED_FACTOR = 2;

/** What the transport of an attempt is told of its call: whose it is, what it is expected to need, and what it may use. */
export function callerOf(
  p: Pending,
  call: AdmittedCall,
  funds: CallFunds,
  out_tokens: number,
  clock: Clock,
): UpstreamCaller {
  const { tenant, qos, stream, task_type } = call.head;
  const demand = demandOf(p.price, p.in_tokens, out_tokens);
  const left_ms = call.started_mono_ms + (call.deadline_ms ?? Number.POSITIVE_INFINITY) - clock.mono_ms();
  const affordable = funds.affordable(p.n, p.price, p.in_tokens, clock.now_ms());
  const budget = budgetOf(p, affordable);
  const billable = p.target.description.kind === 'agent' ? billableOf(p, call, budget, affordable) : undefined;
  return {
    ...{ tenant, qos, stream, task_type },
    upstream_model: p.target.model.upstream_model,
    data_scopes: call.data_scopes,
    via: call.via,
    deadline_ms: Number.isFinite(left_ms) ? Math.max(0, Math.floor(left_ms)) : undefined,
    expected: { tokens: demand.tokens, usd_micros: nanosToMicros(demand.usd_nanos) },
    budget,
    ...(p.price !== undefined && { price: p.price }),
    ...(billable && { billable }),
    ...traceOf(call.head),
  };
}

function traceOf({ trace_id, parent_span_id, trace_sampled }: AdmittedCall['head']): { readonly traceparent?: string } {
  if (trace_id === undefined || parent_span_id === undefined) return {};
  return { traceparent: `00-${trace_id}-${parent_span_id}-${trace_sampled === true ? '01' : '00'}` };
}

/** Tokens that accounts, windows and the call's own caps leave for it, and what these cost at its price. */
function budgetOf(p: Pending, affordable: number): UpstreamCaller['budget'] {
  if (!Number.isFinite(affordable)) return {};
  const { tokens, usd_nanos } = demandOf(p.price, p.in_tokens, Math.floor(affordable));
  return p.price === undefined ? { tokens } : { tokens, usd_micros: nanosToMicros(usd_nanos) };
}

/** The budget; without one, where tokens cost something, a multiple of what the router itself expects, and nobody else. */
function billableOf(
  p: Pending,
  call: AdmittedCall,
  { tokens, usd_micros = Infinity }: UpstreamCaller['budget'],
  affordable: number,
): UsageBound | undefined {
  // A stream that comes to more takes more, or is ended by the budget: see `extendFunds`.
  const counted = call.head.stream ? Infinity : Math.floor(affordable);
  if (tokens !== undefined) return { tokens, usd_micros, out_tokens: counted };
  if (p.price === undefined) return undefined;
  const longest = longestOutTokens(p.target, call);
  const most = demandOf(p.price, p.in_tokens, longest);
  return {
    tokens: UNBUDGETED_FACTOR * most.tokens,
    usd_micros: nanosToMicros(UNBUDGETED_FACTOR * most.usd_nanos),
    out_tokens: UNBUDGETED_FACTOR * longest,
  };
}
