import type { TransportFailureKind } from '@atp-router/adapters';
import type { AttemptFailure } from '@atp-router/call';
import { type RemoteError, remoteToAtpError } from '@atp-router/dialects';
import { AtpError, type ErrorCode } from '@atp-router/kernel';
import type { AttemptRecord } from '@atp-router/ledger';
import { classify, type HeaderReader } from '@atp-router/providers';
import type { Outcome } from '@atp-router/routing';
import type { ProviderRuntime } from './ports.ts';

/** A failure with what it says about the health of its target. */
export interface UpstreamAttemptFailure extends AttemptFailure {
  readonly counts_for_breaker: boolean;
}

/** Whose words a failure tells. All that a provider says enters errors here, without the secrets that it was sent. */
type Provider = Pick<ProviderRuntime, 'id' | 'redact'>;

/** The provider said that it failed, by status or inside its stream. */
export function failureOfRemote(
  error: RemoteError,
  provider: Provider,
  headers: HeaderReader | undefined,
  now_ms: number,
): UpstreamAttemptFailure {
  const in_stream = headers === undefined;
  const verdict = classify({ type: 'answer', error, in_stream, ...(headers === undefined ? {} : { headers }) }, now_ms);
  const { scope, counts_for_breaker, retry_after_ms } = verdict;
  return {
    scope,
    counts_for_breaker,
    error: remoteToAtpError({ ...error, message: provider.redact(error.message) }, provider.id, retry_after_ms),
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

/** The exchange with the provider broke. `headers`: those of an answer that it breaks off; `stream`: what was asked for. */
export function failureOfTransport(
  kind: TransportFailureKind,
  provider: Provider,
  cause: unknown,
  stream: boolean,
  headers?: HeaderReader,
): UpstreamAttemptFailure {
  const [code, words] = TRANSPORT[kind];
  const { scope, counts_for_breaker } = classify({ type: 'transport', kind }, 0);
  const odd = kind === 'truncated' ? oddity(headers, stream) : '';
  const error = new AtpError(code, provider.redact(`Provider "${provider.id}" ${words}.${odd}`), {
    origin: 'remote',
    details: { provider: provider.id },
    cause,
  });
  return { scope, counts_for_breaker, error };
}

/** An answer that cannot be read is the provider's fault (try elsewhere); a stage's or the budget's refusal is final. */
export function malformed(
  error: AtpError,
  { target: { provider }, stream }: { readonly target: { readonly provider: Provider }; readonly stream: boolean },
  headers: HeaderReader | undefined,
): UpstreamAttemptFailure {
  if (error.origin !== 'remote') return { scope: 'request', counts_for_breaker: false, error };
  // Codecs know a shape, and not who speaks it.
  const text = `${error.message.replace(/^The provider\b/, `Provider "${provider.id}"`)}${oddity(headers, stream)}`;
  const told = new AtpError(error.code, provider.redact(text), {
    origin: 'remote',
    details: { ...error.details, provider: provider.id },
    cause: error.cause,
  });
  return { scope: 'transient', counts_for_breaker: true, error: told };
}

const HEADER_CHARS_MAX = 64;

/** Why an answer may not be readable, as its head says: it is compressed, or of another kind than was asked for. */
function oddity(headers: HeaderReader | undefined, stream: boolean): string {
  const shown = (value: string): string => `"${value.slice(0, HEADER_CHARS_MAX).replace(/[^\x20-\x7e]/g, '?')}"`;
  const encoding = headers?.get('content-encoding');
  if (encoding !== undefined && encoding !== 'identity') {
    return ` It is compressed (content-encoding ${shown(encoding)}), which the router did not ask for.`;
  }
  const type = headers?.get('content-type');
  if (type === undefined || (stream ? /event-stream|ndjson/i : /json/i).test(type)) return '';
  return ` Its content-type is ${shown(type)}, where ${stream ? 'a stream' : 'JSON'} was asked for.`;
}

/** What an ended attempt says of its target's health. */
export function healthOutcome(record: AttemptRecord, failure: UpstreamAttemptFailure | undefined): Outcome {
  if (record.outcome === 'ok') return 'success';
  return failure?.counts_for_breaker === true ? 'failure' : 'ignored';
}
