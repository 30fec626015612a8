import type { AtpError, JsonObject } from '@atp-router/kernel';
import type { EncodedError } from '../dialect.ts';
import { sseEvent } from './stream.ts';

/** Errors in the words of the catalogue, with the wire code that other ATP endpoints use. */
export function encodeError(error: AtpError, request_id: string): EncodedError {
  return { status: error.status, body: { error: errorObject(error, request_id) } };
}

export function encodeStreamError(error: AtpError, request_id: string): string {
  return sseEvent('error', { error: errorObject(error, request_id) });
}

function errorObject(error: AtpError, request_id: string): JsonObject {
  return {
    code: error.code,
    wire: error.wire,
    message: error.message,
    param: error.param ?? null,
    origin: error.origin,
    retry_after_ms: error.retry_after_ms ?? null,
    request_id,
  };
}
