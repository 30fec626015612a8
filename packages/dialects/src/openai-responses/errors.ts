import { type AtpError, isJsonObject, type JsonObject } from '@atp-router/kernel';
import type { RemoteError } from '../model.ts';
import { decodeErrorObject, errorObject } from '../openai-chat/errors.ts';

export { decodeError, encodeError } from '../openai-chat/errors.ts';

/** An `error` event. Published schemas disagree whether its fields are flat or under `error`, so both are written. */
export function encodeStreamError(error: AtpError, request_id: string, sequence_number: number = 0): string {
  const detail = errorObject(error, request_id);
  const event: JsonObject = {
    type: 'error',
    sequence_number,
    code: detail['code'],
    message: detail['message'],
    param: detail['param'],
    error: detail,
  };
  return `event: error\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Codes of `response.error` that blame the request; the rest is the provider's fault. */
const REQUEST_FAULTS: ReadonlySet<string> = new Set(['invalid_prompt', 'context_length_exceeded']);
const CONTENT_FAULTS: ReadonlySet<string> = new Set([
  'bio_policy',
  'misalignment_policy_violation',
  'image_content_policy_violation',
  'content_policy_violation',
  'content_filter',
]);

/** `error` of a failed Response or of an `error` event, which carry no HTTP status. */
export function decodeFailure(value: unknown): RemoteError {
  const code = isJsonObject(value) && typeof value['code'] === 'string' ? value['code'] : '';
  if (code === 'rate_limit_exceeded' || code === 'insufficient_quota') return decodeErrorObject(429, value);
  if (CONTENT_FAULTS.has(code)) return { ...decodeErrorObject(400, value), kind: 'content_filter' };
  const own_fault = REQUEST_FAULTS.has(code) || code.startsWith('image_') || code.includes('_image');
  return decodeErrorObject(own_fault ? 400 : 502, value);
}
