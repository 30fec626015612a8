import { type AtpError, isJsonObject, type JsonObject } from '@atp-router/kernel';
import type { EncodedError } from '../dialect.ts';
import type { RemoteError } from '../model.ts';
import { kindOfStatus, parseJsonObject, shorten } from '../remote-error.ts';

/** Anthropic's error `type`, which its clients switch on together with the status (source: API reference, Errors). */
function typeOf(error: AtpError): string {
  if (error.code === 'budget_exhausted') return 'billing_error';
  switch (error.status) {
    case 401:
      return 'authentication_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 409:
      return 'conflict_error';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limit_error';
    case 503:
      return 'overloaded_error';
    case 504:
      return 'timeout_error';
    default:
      return error.status < 500 ? 'invalid_request_error' : 'api_error';
  }
}

export function encodeError(error: AtpError, request_id: string): EncodedError {
  return { status: error.status, body: errorBody(error, request_id) };
}

function errorBody(error: AtpError, request_id: string): JsonObject {
  return {
    type: 'error',
    error: {
      type: typeOf(error),
      message: error.message,
      code: error.code,
      origin: error.origin,
      ...(error.param === undefined ? {} : { param: error.param }),
      ...(error.retry_after_ms === undefined ? {} : { retry_after_ms: error.retry_after_ms }),
    },
    request_id,
  };
}

export function encodeStreamError(error: AtpError, request_id: string): string {
  return `event: error\ndata: ${JSON.stringify(errorBody(error, request_id))}\n\n`;
}

export function decodeError(status: number, body: string): RemoteError {
  const parsed = parseJsonObject(body);
  const error = parsed?.['error'];
  if (isJsonObject(error)) return decodeErrorObject(status, error);
  const message = typeof error === 'string' ? error : body;
  return { status, kind: kindOfStatus(status), message: shorten(message) };
}

/** What each error type means, with the status for errors inside a stream, which come without one. */
const TYPES: ReadonlyMap<unknown, readonly [RemoteError['kind'], number]> = new Map([
  ['invalid_request_error', ['invalid_request', 400]],
  ['authentication_error', ['unauthorized', 401]],
  ['billing_error', ['quota', 402]],
  ['permission_error', ['permission', 403]],
  ['not_found_error', ['not_found', 404]],
  ['conflict_error', ['invalid_request', 409]],
  ['request_too_large', ['too_large', 413]],
  ['rate_limit_error', ['rate_limited', 429]],
  ['api_error', ['server', 500]],
  ['timeout_error', ['server', 504]],
  ['overloaded_error', ['overloaded', 529]],
]);

const SPEND_LIMIT: ReadonlySet<unknown> = new Set(['contract_spend_limit_reached', 'enforced_spend_limit_reached']);

/** The `error` of an error answer (with its status) or of an `error` event of a stream (without). */
export function decodeErrorObject(status: number | undefined, value: JsonObject): RemoteError {
  const known = TYPES.get(value['type']);
  const text = typeof value['message'] === 'string' ? value['message'] : '';
  const code = isJsonObject(value['details']) ? value['details']['error_code'] : undefined;
  let kind: RemoteError['kind'] = known?.[0] ?? kindOfStatus(status ?? 500);
  // Two conditions that decide about fallback share the type of ordinary mistakes and differ by their text alone.
  if (kind === 'invalid_request' && /prompt is too long|exceed context limit/i.test(text)) kind = 'too_large';
  if (kind === 'invalid_request' && /credit balance is too low|reached your specified API usage limits/i.test(text))
    kind = 'quota';
  if (SPEND_LIMIT.has(code)) kind = 'quota';
  return { status: status ?? known?.[1] ?? 500, kind, message: shorten(text) };
}
