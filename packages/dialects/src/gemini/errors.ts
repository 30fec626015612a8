import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { RemoteError } from '../model.ts';
import { kindOfStatus, shorten } from '../remote-error.ts';

/** HTTP status of a `google.rpc.Code`, for errors inside a stream that carry only the name (googleapis, code.proto). */
const HTTP_STATUS: Readonly<Record<string, number>> = {
  CANCELLED: 499,
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  PERMISSION_DENIED: 403,
  UNAUTHENTICATED: 401,
  RESOURCE_EXHAUSTED: 429,
  UNIMPLEMENTED: 501,
  UNKNOWN: 500,
  INTERNAL: 500,
  DATA_LOSS: 500,
  UNAVAILABLE: 503,
};

/** `{"error": {code, message, status, details}}`, alone or (streams without SSE) as the first of an array. */
export function decodeError(status: number, body: string): RemoteError {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { status, kind: kindOfStatus(status), message: shorten(body) };
  }
  const first: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  return decodeErrorObject(status, isJsonObject(first) ? first['error'] : undefined);
}

/** One `google.rpc.Status`. `status` is used where the object does not know a better one. */
export function decodeErrorObject(status: number, value: unknown): RemoteError {
  if (!isJsonObject(value)) {
    return { status, kind: kindOfStatus(status), message: shorten(typeof value === 'string' ? value : '') };
  }
  const code = value['code'];
  const name = typeof value['status'] === 'string' ? value['status'] : '';
  const known = typeof code === 'number' && code >= 400 && code < 600 ? code : HTTP_STATUS[name];
  const http_status = known ?? status;
  const message = typeof value['message'] === 'string' ? value['message'] : '';
  const details = Array.isArray(value['details'])
    ? (value['details'] as readonly JsonValue[]).filter(isJsonObject)
    : [];
  const retry_after_ms = retryDelay_ms(details);
  return {
    status: http_status,
    kind: kindOf(http_status, name, message, details),
    message: shorten(message),
    ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
  };
}

function kindOf(status: number, name: string, message: string, details: readonly JsonObject[]): RemoteError['kind'] {
  // A wrong key is a 400 INVALID_ARGUMENT here, told apart only by the reason in its ErrorInfo.
  const reason = details.map((d) => d['reason']).find((r) => typeof r === 'string');
  if (reason === 'API_KEY_INVALID' || reason === 'API_KEY_EXPIRED') return 'unauthorized';
  // Billing or location of the router's own account.
  if (name === 'FAILED_PRECONDITION') return 'permission';
  if (status === 400 && /token count .*exceeds|exceeds the maximum number of tokens/i.test(message)) return 'too_large';
  if (status === 429) return details.some(isDailyQuota) ? 'quota' : 'rate_limited';
  return kindOfStatus(status);
}

/** A daily limit does not come back within the life of a call; a limit per minute does. */
function isDailyQuota(detail: JsonObject): boolean {
  const violations = detail['violations'];
  if (!Array.isArray(violations)) return false;
  return (violations as readonly JsonValue[]).some(
    (v) => isJsonObject(v) && typeof v['quotaId'] === 'string' && v['quotaId'].includes('PerDay'),
  );
}

/** `google.rpc.RetryInfo`: a protobuf duration in JSON, such as `"17s"` or `"1.5s"`. */
function retryDelay_ms(details: readonly JsonObject[]): number | undefined {
  for (const detail of details) {
    const delay = detail['retryDelay'];
    const seconds = typeof delay === 'string' ? /^(\d+(?:\.\d+)?)s$/.exec(delay)?.[1] : undefined;
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1_000);
  }
  return undefined;
}
