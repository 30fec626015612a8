import { passesByItself, type RemoteError } from '@atp-router/dialects';
import { retryAfter_ms } from './retry-after.ts';
import type { HeaderReader } from './types.ts';

export type TransportFailureKind =
  | 'connect'
  | 'reset'
  | 'head_timeout'
  | 'idle_timeout'
  | 'truncated'
  | 'too_large'
  | 'cancelled';

/** How an attempt failed: the provider said so (with a status or inside a stream), or the exchange broke. */
export type UpstreamFailure =
  | {
      readonly type: 'answer';
      readonly error: RemoteError;
      readonly headers?: HeaderReader;
      /** The answer had begun: tokens may have been made before the error. */
      readonly in_stream: boolean;
    }
  | { readonly type: 'transport'; readonly kind: TransportFailureKind };

export interface Verdict {
  /**
   * How far the failure reaches: `request` would fail anywhere, `target` fails at this model and provider, `transient`
   * may pass by itself.
   */
  readonly scope: 'request' | 'target' | 'transient';
  /** The same request to the same target may succeed (`scope` is `transient`). */
  readonly retryable: boolean;
  /** It tells something about the health of the target. */
  readonly counts_for_breaker: boolean;
  /** The provider may bill it although no usage was reported. */
  readonly may_have_cost: boolean;
  /** Earliest useful retry, when the provider said. */
  readonly retry_after_ms?: number;
}

/** What a failure means for retries, fallback, circuit and money. */
export function classify(failure: UpstreamFailure, now_ms: number): Verdict {
  if (failure.type === 'transport') return TRANSPORT[failure.kind];
  const { error, headers, in_stream } = failure;
  const asked = headers?.get('x-should-retry');
  const [by_kind, counts_for_breaker] = byStatus(error.status) ?? BY_KIND[error.kind];
  // OpenAI and Anthropic say in words whether a retry makes sense; that beats any guess from the status.
  const scope = asked === 'true' ? 'transient' : asked === 'false' && by_kind === 'transient' ? 'target' : by_kind;
  const retry_after_ms = (headers && retryAfter_ms(headers, now_ms)) ?? error.retry_after_ms;
  return {
    scope,
    retryable: scope === 'transient',
    counts_for_breaker,
    may_have_cost: in_stream,
    ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
  };
}

type Rule = readonly [scope: Verdict['scope'], counts_for_breaker: boolean];

/** Statuses that mean something else than their family. */
function byStatus(status: number): Rule | undefined {
  if (passesByItself(status)) return ['transient', true];
  if (status === 501) return ['target', false];
  return undefined;
}

const BY_KIND: Readonly<Record<RemoteError['kind'], Rule>> = {
  invalid_request: ['request', false],
  content_filter: ['request', false],
  // Another model may have a larger context.
  too_large: ['target', false],
  // The router's own account or configuration: every call fails here until an operator acts.
  unauthorized: ['target', true],
  permission: ['target', true],
  quota: ['target', true],
  not_found: ['target', true],
  // A healthy provider that wants less: back-off answers it, not an open circuit.
  rate_limited: ['transient', false],
  overloaded: ['transient', true],
  server: ['transient', true],
};

function transport(scope: Verdict['scope'], counts_for_breaker: boolean, may_have_cost: boolean): Verdict {
  return { scope, retryable: scope === 'transient', counts_for_breaker, may_have_cost };
}

/** Only a connection that was never made is sure to have cost nothing. */
const TRANSPORT: Readonly<Record<TransportFailureKind, Verdict>> = {
  connect: transport('transient', true, false),
  reset: transport('transient', true, true),
  head_timeout: transport('transient', true, true),
  idle_timeout: transport('transient', true, true),
  truncated: transport('transient', true, true),
  // It would come out as large again.
  too_large: transport('target', false, true),
  cancelled: transport('request', false, true),
};
