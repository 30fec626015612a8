import { isJsonObject } from '@atp-router/kernel';
import type { RemoteError } from '../model.ts';
import { kindOfStatus, parseJsonObject, shorten } from '../remote-error.ts';

/** `{"error": "…"}` with an HTTP status. */
export function decodeError(status: number, body: string): RemoteError {
  return decodeErrorValue(status, parseJsonObject(body)?.['error'] ?? body);
}

/** How the server and the runners below it say that a prompt does not fit. */
const TOO_LARGE = /(?:exceeds the (?:available |maximum )?context|longer than the context)/i;

/** The value of `error`: a text, an error of the runner as JSON in a text, or an object behind some proxies. */
export function decodeErrorValue(status: number, value: unknown): RemoteError {
  const message = messageOf(value);
  const kind = TOO_LARGE.test(message) ? 'too_large' : kindOfStatus(status);
  return { status, kind, message: shorten(message) };
}

function messageOf(value: unknown): string {
  if (typeof value === 'string') {
    const inner = value.startsWith('{') ? parseJsonObject(value)?.['error'] : undefined;
    return inner === undefined ? value : messageOf(inner);
  }
  const message = isJsonObject(value) ? value['message'] : undefined;
  return typeof message === 'string' ? message : '';
}
