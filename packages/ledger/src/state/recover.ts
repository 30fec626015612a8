import {
  addUsage,
  addUsdNanos,
  costUsdNanos,
  ERROR_CATALOGUE,
  type Usage,
  usageOfCut,
  ZERO_USAGE,
} from '@atp-router/kernel';
import type { AttemptRecord, CallEnded } from '../events.ts';
import type { OpenCall, RunningAttempt } from './open-calls.ts';

/**
 * Settles the calls that a dead process left open: one `call.ended` each, outcome `interrupted`. What their attempts
 * used is counted: the estimated prompt, since it was sent or about to be, and the output of the last progress record,
 * or what the provider had reported by then.
 * Which tools had run at the provider is told by the answer and written with its end: of those, none is counted.
 * Attempts that had ended keep their own record and cost.
 */
export function recoverCalls(open: Iterable<OpenCall>): CallEnded[] {
  return [...open].map(interruptedCall);
}

function interruptedCall(call: OpenCall): CallEnded {
  const cut = call.running.map((attempt) => interruptedAttempt(attempt, call.last_ts_ms));
  const attempts = [...call.ended, ...cut].sort((a, b) => a.n - b.n);
  return {
    type: 'call.ended',
    ...call.head,
    outcome: 'interrupted',
    error: 'call_interrupted',
    status: ERROR_CATALOGUE.call_interrupted.status,
    attempts,
    usage: attempts.reduce<Usage>((sum, attempt) => addUsage(sum, attempt.usage), ZERO_USAGE),
    cost_usd_nanos: attempts.reduce((sum, attempt) => addUsdNanos(sum, attempt.cost_usd_nanos), 0),
    latency_ms: Math.max(0, call.last_ts_ms - call.head.started_ms),
    ...(call.idempotency && { idempotency: call.idempotency }),
  };
}

function interruptedAttempt(attempt: RunningAttempt, last_ts_ms: number): AttemptRecord {
  const { n, turn, kind, model, provider, in_tokens, price, lane, role, source } = attempt.intent;
  const usage = usageOfCut(attempt.reported, in_tokens, attempt.out_tokens);
  return {
    ...{ n, turn, kind, model, provider },
    ...(lane !== undefined && { lane, role, source }),
    outcome: 'interrupted',
    error: 'call_interrupted',
    usage,
    usage_source: 'counted',
    cost_usd_nanos: price === undefined ? 0 : costUsdNanos(usage, price),
    latency_ms: Math.max(0, last_ts_ms - attempt.started_ms),
  };
}
