/**
 * The closed catalogue of error codes. Every failure that a client, an operator or another router can see is one of
 * these. `status` is the HTTP status, `wire` the ATP wire code, `retryable` whether the same request may succeed later
 * without a change.
 */
export const ERROR_CATALOGUE: Readonly<Record<ErrorCode, ErrorTraits>> = {
  invalid_request: { status: 400, wire: 'EPROTO', retryable: false },
  untranslatable: { status: 400, wire: 'EPROTO', retryable: false },
  upstream_rejected: { status: 400, wire: 'EPROTO', retryable: false },
  unauthorized: { status: 401, wire: 'ESEC', retryable: false },
  policy_denied: { status: 403, wire: 'EPOLICY', retryable: false },
  not_found: { status: 404, wire: 'EPROTO', retryable: false },
  model_not_found: { status: 404, wire: 'EPOLICY', retryable: false },
  method_not_allowed: { status: 405, wire: 'EPROTO', retryable: false },
  request_timeout: { status: 408, wire: 'ETIMEOUT', retryable: true },
  conflict: { status: 409, wire: 'EPROTO', retryable: false },
  call_interrupted: { status: 409, wire: 'EAGENTDOWN', retryable: false },
  events_gone: { status: 410, wire: 'ESEQ_RETRY', retryable: false },
  prompt_too_large: { status: 413, wire: 'EPROTO', retryable: false },
  unsupported_media_type: { status: 415, wire: 'EPROTO', retryable: false },
  idempotency_mismatch: { status: 422, wire: 'EPROTO', retryable: false },
  upgrade_required: { status: 426, wire: 'EPROTO', retryable: false },
  rate_limited: { status: 429, wire: 'EWINDOW', retryable: true },
  budget_exhausted: { status: 429, wire: 'EBUDGET', retryable: false },
  headers_too_large: { status: 431, wire: 'EPROTO', retryable: false },
  request_cancelled: { status: 499, wire: 'EPREEMPT', retryable: false },
  internal_error: { status: 500, wire: 'EPROTO', retryable: true },
  upstream_error: { status: 502, wire: 'EAGENTDOWN', retryable: true },
  consensus_failed: { status: 502, wire: 'ECONSENSUS', retryable: true },
  stream_truncated: { status: 502, wire: 'EAGENTDOWN', retryable: true },
  no_models_available: { status: 503, wire: 'EAGENTDOWN', retryable: true },
  backpressure: { status: 503, wire: 'EWINDOW', retryable: true },
  preempted: { status: 503, wire: 'EPREEMPT', retryable: true },
  draining: { status: 503, wire: 'EDRAINING', retryable: true },
  upstream_timeout: { status: 504, wire: 'ETIMEOUT', retryable: true },
  deadline_exceeded: { status: 504, wire: 'ETIMEOUT', retryable: false },
  config_invalid: { status: 500, wire: 'ECFG', retryable: false },
};

export type ErrorCode =
  | 'invalid_request'
  | 'untranslatable'
  | 'upstream_rejected'
  | 'unauthorized'
  | 'policy_denied'
  | 'not_found'
  | 'model_not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'conflict'
  | 'call_interrupted'
  | 'events_gone'
  | 'prompt_too_large'
  | 'unsupported_media_type'
  | 'idempotency_mismatch'
  | 'upgrade_required'
  | 'rate_limited'
  | 'budget_exhausted'
  | 'headers_too_large'
  | 'request_cancelled'
  | 'internal_error'
  | 'upstream_error'
  | 'consensus_failed'
  | 'stream_truncated'
  | 'no_models_available'
  | 'backpressure'
  | 'preempted'
  | 'draining'
  | 'upstream_timeout'
  | 'deadline_exceeded'
  | 'config_invalid';

export type WireCode =
  | 'EPROTO'
  | 'ESEQ_RETRY'
  | 'EWINDOW'
  | 'EBUDGET'
  | 'ETIMEOUT'
  | 'EAGENTDOWN'
  | 'ESEC'
  | 'ECONSENSUS'
  | 'EPREEMPT'
  | 'EWINDOW_AGENT'
  | 'EDRAINING'
  | 'EPOLICY'
  | 'EATTEST'
  | 'ECFG';

export interface ErrorTraits {
  readonly status: number;
  readonly wire: WireCode;
  readonly retryable: boolean;
}

export interface AtpErrorOptions {
  /** Where the fault arose: in this router (`local`) or at a provider or peer (`remote`). */
  readonly origin?: 'local' | 'remote';
  /** The request field, header or config path that is at fault. */
  readonly param?: string;
  /** Earliest useful retry, in milliseconds from now; kept as the whole number above it. */
  readonly retry_after_ms?: number;
  /** HTTP status to show instead of the catalogue's, for a remote 4xx that is passed on. */
  readonly status?: number;
  readonly details?: Readonly<Record<string, string | number | boolean>>;
  /** Kept for logs and debuggers; never serialised to a client. */
  readonly cause?: unknown;
}

// Duplicated installs of this package must still recognise each other's errors, so the brand is a registered symbol.
const BRAND: symbol = Symbol.for('atp-router.error');

/** The one error class. `message` is safe to show to the client: it says what is wrong, where, and what to do. */
export class AtpError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly origin: 'local' | 'remote';
  readonly param: string | undefined;
  readonly retry_after_ms: number | undefined;
  readonly details: Readonly<Record<string, string | number | boolean>> | undefined;

  constructor(code: ErrorCode, message: string, options: AtpErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AtpError';
    this.code = code;
    this.status = options.status ?? ERROR_CATALOGUE[code].status;
    this.origin = options.origin ?? 'local';
    this.param = options.param;
    this.retry_after_ms = options.retry_after_ms === undefined ? undefined : Math.ceil(options.retry_after_ms);
    this.details = options.details;
    Object.defineProperty(this, BRAND, { value: true });
  }

  get wire(): WireCode {
    return ERROR_CATALOGUE[this.code].wire;
  }

  get retryable(): boolean {
    return ERROR_CATALOGUE[this.code].retryable;
  }
}

export function isAtpError(value: unknown): value is AtpError {
  return typeof value === 'object' && value !== null && BRAND in value;
}

/** Wraps anything thrown: a known error passes, an unknown one becomes `internal_error` without leaking its text. */
export function toAtpError(value: unknown): AtpError {
  if (isAtpError(value)) return value;
  return new AtpError('internal_error', 'The router failed while handling this request. The fault is logged.', {
    cause: value,
  });
}
