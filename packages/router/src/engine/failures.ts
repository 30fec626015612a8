import type { TransportFailureKind } from '@atp-router/adapters';
import type { AttemptFailure } from '@atp-router/call';
import { type RemoteError, remoteToAtpError } from '@atp-router/dialects';
import { AtpError, type ErrorCode } from '@atp-router/kernel';
import type { AttemptRecord } from '@atp-router/ledger';
import { classify, type HeaderReader } from '@atp-router/providers';
import type { Outcome } from '@atp-router/routing';

/** A failure with what it says about the health of its target. */
export interface UpstreamAttemptFailure extends AttemptFailure {
  readonly counts_for_breaker: boolean;
}

/** The provider said that it failed, by status or inside its stream. */
export function failureOfRemote(
  error: RemoteError,
  provider: string,
  headers: HeaderReader | undefined,
  now_ms: number,
): UpstreamAttemptFailure {
  const in_stream = headers === undefined;
  const verdict = classify({ type: 'answer', error, in_stream, ...(headers === undefined ? {} : { headers }) }, now_ms);
  const { scope, counts_for_breaker, retry_after_ms } = verdict;
  return {
    scope,
    counts_for_breaker,
    error: remoteToAtpError(error, provider, retry_after_ms),
    ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
  };
}

const TRANSPORT: Readonly<Record<TransportFailureKind, readonly [ErrorCode, string]>> = {
  connect: ['upstream_error', 'could not be reached'],
  reset: ['upstream_error', 'closed the connection before it answered'],
  head_timeout: ['upstream_timeout', 'did not answer in time'],
  idle_timeout: ['upstream_timeout', 'fell silent in the middle of its answer'],
  truncated: ['stream_truncated', 'ended its answer before it was complete'],
  too_large: ['upstream_error', 'sent a larger answer than the router accepts'],
  cancelled: ['request_cancelled', 'was cancelled'],
};

/** The exchange with the provider broke. */
export function failureOfTransport(
  kind: TransportFailureKind,
  provider: string,
  cause: unknown,
): UpstreamAttemptFailure {
  const [code, words] = TRANSPORT[kind];
  const { scope, counts_for_breaker } = classify({ type: 'transport', kind }, 0);
  const error = new AtpError(code, `Provider "${provider}" ${words}.`, {
    origin: 'remote',
    details: { provider },
    cause,
  });
  return { scope, counts_for_breaker, error };
}

/** An answer that cannot be read is the provider's fault (try elsewhere); a stage's or the budget's refusal is final. */
export function malformed(error: AtpError): UpstreamAttemptFailure {
  const remote = error.origin === 'remote';
  return { scope: remote ? 'transient' : 'request', counts_for_breaker: remote, error };
}

/** What an ended attempt says of its target's health. */
export function healthOutcome(record: AttemptRecord, failure: UpstreamAttemptFailure | undefined): Outcome {
  if (record.outcome === 'ok') return 'success';
  return failure?.counts_for_breaker === true ? 'failure' : 'ignored';
}
