import type { AttemptFailure } from '@atp-router/call';
import { AtpError, type Qos } from '@atp-router/kernel';
import type { AdmittedCall, EngineEnv } from './env.ts';
import type { Target } from './target.ts';

/** The whole call's end, whatever its attempts do. */
export function deadlineExceeded(deadline_ms: number | undefined): AtpError {
  return new AtpError('deadline_exceeded', `The call was not done within its deadline of ${deadline_ms ?? 0} ms.`);
}

/** As `limits.stream_duration_ms` says. */
export function tookTooLong(): AtpError {
  return new AtpError('deadline_exceeded', 'The answer took longer than the router allows.');
}

/** Why an attempt never left the router. Each lets the call try its next target. */
export function unpriced(target: Target): AttemptFailure {
  const error = new AtpError(
    'budget_exhausted',
    `Model "${target.model.id}" has no price, so it cannot be used where a budget in US dollars applies. Give it a price in the configuration.`,
    { param: 'model' },
  );
  return { scope: 'target', error };
}

export function circuitOpen(target: Target, retry_after_ms: number): AttemptFailure {
  const error = new AtpError(
    'no_models_available',
    `Model "${target.model.id}" is failing at provider "${target.provider.id}" and is rested for a while (circuit open).`,
    { retry_after_ms },
  );
  return { scope: 'target', error };
}

/** `retry_ms`: what its queue says of the next free place. */
export function overloaded(target: Target, retry_ms = 1_000): AttemptFailure {
  const error = new AtpError(
    'backpressure',
    `Model "${target.model.id}" has as many calls in flight and waiting as it may have. Retry shortly.`,
    { retry_after_ms: retry_ms },
  );
  return { scope: 'target', error };
}

/** It ran, and what it has goes to a call of a better tier. */
export function preempted({ model }: Target, qos: Qos, retry_ms = 1_000): AtpError {
  return new AtpError(
    'preempted',
    `The call (${qos}) was stopped for one of a better tier, which model "${model.id}" had no room for beside it. What it had used is billed, the rest of its budget is free again. Retry later.`,
    { retry_after_ms: retry_ms },
  );
}

/** As `preempted`, of a call that has several attempts at work. */
export function stoppedForGold(qos: Qos, retry_ms = 1_000): AtpError {
  return new AtpError(
    'preempted',
    `The call (${qos}) was stopped for one of a better tier, which its accounts had no room for beside it. What it had used is billed, the rest of its budget is free again. Retry later.`,
    { retry_after_ms: retry_ms },
  );
}

/** A fault of the router: calls end long before. */
export function leaseOver(): AtpError {
  return new AtpError('internal_error', 'The call was not heard of for longer than any call may take, and was ended.');
}

/** For a hedge: never the last word, because the attempt that waits has that. */
export function notBegun(target: Target): AttemptFailure {
  const error = new AtpError(
    'rate_limited',
    `Model "${target.model.id}" was not asked: the call still waits for room in its tenant's window.`,
    { retry_after_ms: 1_000 },
  );
  return { scope: 'request', error };
}

export function switchedOff(target: Target): AttemptFailure {
  const error = new AtpError(
    'no_models_available',
    `Model "${target.model.id}" at provider "${target.provider.id}" is switched off by an operator.`,
  );
  return { scope: 'target', error };
}

/** Removed while its request was on its way, or waited. */
export function tenantGone(tenant: string): AtpError {
  return new AtpError('unauthorized', `Tenant "${tenant}" does not exist any more.`);
}

/** A switch may have been thrown while the attempt waited, or since the call was routed; its tenant may be gone. */
export function stoppedMeanwhile(
  { hasTenant, kills }: Pick<EngineEnv, 'hasTenant' | 'kills'>,
  { head: { tenant } }: Pick<AdmittedCall, 'head'>,
  target: Target,
  opened: boolean,
): AttemptFailure | undefined {
  if (kills.model(target.model.id) || kills.provider(target.provider.id)) return switchedOff(target);
  return opened || hasTenant(tenant) ? undefined : { scope: 'request', error: tenantGone(tenant) };
}
