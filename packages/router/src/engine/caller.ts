import type { UpstreamCaller } from '@atp-router/adapters';
import { type Clock, nanosToMicros } from '@atp-router/kernel';
import type { AdmittedCall } from './env.ts';
import { type CallFunds, demandOf } from './funds.ts';
import type { Pending } from './pending.ts';

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
  return {
    ...{ tenant, qos, stream, task_type },
    upstream_model: p.target.model.upstream_model,
    data_scopes: call.data_scopes,
    deadline_ms: Number.isFinite(left_ms) ? Math.max(0, Math.floor(left_ms)) : undefined,
    expected: { tokens: demand.tokens, usd_micros: nanosToMicros(demand.usd_nanos) },
    budget: budgetOf(p, funds, clock.now_ms()),
    ...traceOf(call.head),
  };
}

function traceOf({ trace_id, parent_span_id, trace_sampled }: AdmittedCall['head']): { readonly traceparent?: string } {
  if (trace_id === undefined || parent_span_id === undefined) return {};
  return { traceparent: `00-${trace_id}-${parent_span_id}-${trace_sampled === true ? '01' : '00'}` };
}

/** Tokens that accounts, windows and the call's own caps leave for it, and what these cost at its price. */
function budgetOf(p: Pending, funds: CallFunds, now_ms: number): UpstreamCaller['budget'] {
  const out_tokens = funds.affordable(p.n, p.price, p.in_tokens, now_ms);
  if (!Number.isFinite(out_tokens)) return {};
  const { tokens, usd_nanos } = demandOf(p.price, p.in_tokens, Math.floor(out_tokens));
  return p.price === undefined ? { tokens } : { tokens, usd_micros: nanosToMicros(usd_nanos) };
}
