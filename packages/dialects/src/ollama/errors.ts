import { isJsonObject } from '@atp-router/kernel';
import type { RemoteError } from '../model.ts';
import { kindOfStatus, parseJsonObject, shorten } from '../remote-error.ts';

/** `{"error": "…"}` with an HTTP status. */
export function decodeError(status: number, body: string): RemoteError {
  return decodeErrorValue(status, parseJsonObject(body)?.['error'] ?? body);
}

/** The value of `error`: a text, or an object with a `message` behind some proxies. */
export function decodeErrorValue(status: number, value: unknown): RemoteError {
  const text = isJsonObject(value) ? value['message'] : value;
  const message = typeof text === 'string' ? text : '';
  const too_large = status < 500 && /exceeds the (?:available |maximum )?context/i.test(message);
  return { status, kind: too_large ? 'too_large' : kindOfStatus(status), message: shorten(message) };
}
