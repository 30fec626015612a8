import type { TransportFailureKind } from '@atp-router/adapters';
import type { AttemptFailure } from '@atp-router/call';
import { type RemoteError, remoteToAtpError } from '@atp-router/dialects';
import { AtpError, type ErrorCode } from '@atp-router/kernel';

/** How far a provider's own error reaches: worth another try here, elsewhere, or nowhere. */
const SCOPE: Readonly<Record<RemoteError['kind'], AttemptFailure['scope']>> = {
  invalid_request: 'request',
  unauthorized: 'target',
  permission: 'target',
  not_found: 'target',
  // Another model of the chain may have a larger context.
  too_large: 'target',
  rate_limited: 'transient',
  quota: 'target',
  overloaded: 'transient',
  server: 'transient',
  content_filter: 'request',
};

export function failureOfRemote(
  remote: RemoteError,
  provider: string,
  retry_after_ms: number | undefined,
): AttemptFailure {
  return {
    scope: SCOPE[remote.kind],
    error: remoteToAtpError(remote, provider, retry_after_ms),
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

export function failureOfTransport(kind: TransportFailureKind, provider: string, cause: unknown): AttemptFailure {
  const [code, words] = TRANSPORT[kind];
  return {
    scope: kind === 'too_large' || kind === 'cancelled' ? 'request' : 'transient',
    error: new AtpError(code, `Provider "${provider}" ${words}.`, { origin: 'remote', details: { provider }, cause }),
  };
}

/** An answer that cannot be read is the provider's fault (try elsewhere); a stage's or the budget's refusal is final. */
export function malformed(error: AtpError): AttemptFailure {
  return { scope: error.origin === 'remote' ? 'transient' : 'request', error };
}
