import { type AtpError, isJsonObject, type JsonObject } from '@atp-router/kernel';
import type { EncodedError } from '../dialect.ts';
import type { RemoteError } from '../model.ts';
import { kindOfStatus, parseJsonObject, shorten } from '../remote-error.ts';

/** OpenAI's error `type` for each status family; clients switch on status, people read type and code. */
function typeOf(error: AtpError): string {
  if (error.code === 'budget_exhausted') return 'insufficient_quota';
  if (error.status === 401) return 'authentication_error';
  if (error.status === 403) return 'permission_error';
  if (error.status === 429) return 'rate_limit_error';
  if (error.status < 500) return 'invalid_request_error';
  return 'api_error';
}

export function encodeError(error: AtpError, request_id: string): EncodedError {
  return { status: error.status, body: { error: errorObject(error, request_id) } };
}

export function errorObject(error: AtpError, request_id: string): JsonObject {
  return {
    message: error.message,
    type: typeOf(error),
    param: error.param ?? null,
    code: error.code,
    request_id,
    origin: error.origin,
    ...(error.retry_after_ms === undefined ? {} : { retry_after_ms: error.retry_after_ms }),
  };
}

export function encodeStreamError(error: AtpError, request_id: string): string {
  return `data: ${JSON.stringify({ error: errorObject(error, request_id) })}\n\n`;
}

export function decodeError(status: number, body: string): RemoteError {
  return decodeErrorObject(status, parseJsonObject(body)?.['error'] ?? body);
}

/** `error` of an OpenAI-shaped answer: an object, or with some compatible servers a plain string. */
export function decodeErrorObject(status: number, value: unknown): RemoteError {
  if (!isJsonObject(value)) {
    return { status, kind: kindOfStatus(status), message: shorten(typeof value === 'string' ? value : '') };
  }
  const code = value['code'];
  const type = value['type'];
  const message = typeof value['message'] === 'string' ? value['message'] : '';
  if (code === 'insufficient_quota' || type === 'insufficient_quota')
    return { status, kind: 'quota', message: shorten(message) };
  if (code === 'context_length_exceeded') return { status, kind: 'too_large', message: shorten(message) };
  if (code === 'content_filter' || code === 'content_policy_violation') {
    return { status, kind: 'content_filter', message: shorten(message) };
  }
  if (code === 'rate_limit_exceeded') return { status, kind: 'rate_limited', message: shorten(message) };
  return { status, kind: kindOfStatus(status), message: shorten(message) };
}
