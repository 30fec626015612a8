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
  const parsed = parseJsonObject(body);
  // OpenAI wraps its error; vLLM and servers built on FastAPI put theirs at the top.
  const told = parsed?.['error'] ?? parsed?.['detail'] ?? (typeof parsed?.['message'] === 'string' ? parsed : body);
  return decodeErrorObject(status, told);
}

/** An error inside a stream. It comes without a status, but its type or a numeric code often stands for one. */
export function decodeStreamError(value: unknown): RemoteError {
  const error = isJsonObject(value) ? value : {};
  const code = error['code'];
  if (typeof code === 'number' && code >= 400 && code < 600) return decodeErrorObject(code, value);
  return decodeErrorObject(STATUS_OF_TYPE.get(error['type']) ?? 502, value);
}

const STATUS_OF_TYPE: ReadonlyMap<unknown, number> = new Map([
  ['invalid_request_error', 400],
  ['authentication_error', 401],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['rate_limit_error', 429],
  ['tokens', 429],
  ['requests', 429],
  ['overloaded_error', 503],
]);

const KIND_OF_CODE: ReadonlyMap<unknown, RemoteError['kind']> = new Map([
  ['insufficient_quota', 'quota'],
  ['context_length_exceeded', 'too_large'],
  ['content_filter', 'content_filter'],
  ['content_policy_violation', 'content_filter'],
  ['rate_limit_exceeded', 'rate_limited'],
]);

/** `error` of an OpenAI-shaped answer: an object, or with some compatible servers a plain string. */
export function decodeErrorObject(status: number, value: unknown): RemoteError {
  if (!isJsonObject(value)) {
    return { status, kind: kindOfStatus(status), message: shorten(typeof value === 'string' ? value : '') };
  }
  const message = typeof value['message'] === 'string' ? value['message'] : '';
  let kind = KIND_OF_CODE.get(value['type']) ?? KIND_OF_CODE.get(value['code']) ?? kindOfStatus(status);
  // Compatible servers tell a prompt that is too long in words alone.
  if (kind === 'invalid_request' && /maximum context length/i.test(message)) kind = 'too_large';
  return { status, kind, message: shorten(message) };
}
