import { ERROR_CATALOGUE, type ErrorCode, isJsonObject, type JsonValue } from '@atp-router/kernel';
import type { RemoteError } from '../model.ts';
import { kindOfStatus, parseJsonObject, shorten } from '../remote-error.ts';

export function decodeError(status: number, body: string): RemoteError {
  return decodeErrorObject(parseJsonObject(body)?.['error'] ?? body, status);
}

/** Names of the catalogue that say more than the family of their status. */
const KINDS: ReadonlyMap<unknown, RemoteError['kind']> = new Map<ErrorCode, RemoteError['kind']>([
  ['budget_exhausted', 'quota'],
  ['policy_denied', 'permission'],
  ['model_not_found', 'not_found'],
]);

/** An `error` of `ask`. In a stream it comes without a status; its code has one. */
export function decodeErrorObject(value: JsonValue | undefined, status?: number): RemoteError {
  const error = isJsonObject(value) ? value : {};
  const { code, message, retry_after_ms } = error;
  const known = typeof code === 'string' && Object.hasOwn(ERROR_CATALOGUE, code) ? (code as ErrorCode) : undefined;
  const told = status ?? (known === undefined ? 502 : ERROR_CATALOGUE[known].status);
  const text = typeof value === 'string' ? value : message;
  return {
    status: told,
    kind: KINDS.get(known) ?? kindOfStatus(told),
    message: shorten(typeof text === 'string' ? text : ''),
    ...(typeof retry_after_ms === 'number' && retry_after_ms >= 0 ? { retry_after_ms } : {}),
  };
}
