import type { Payload } from '@atp-router/wire';
import { HttpSocket } from './http-socket.ts';
import type { Transport } from './types.ts';

/** Statuses for what would be refused again: a frame that cannot be read, is too large, or of no type that is taken. */
const AT_FAULT: readonly number[] = [400, 413, 415];

/** Sessions over plain HTTP (docs/protocol/atp-transports.md). */
export const http: Transport = {
  is_fallback: false,
  open: (runtime, url, key, pauses) => new HttpSocket(runtime, url, key, pauses),
  refusal: (code, reason, former) => {
    // A function may have another key the second time; a WebSocket, too, is tried twice.
    if (isKeyRefusal(code)) return isKeyRefusal(former) ? errorOf('ESEC', reason) : undefined;
    return AT_FAULT.includes(code) ? errorOf('EPROTO', reason) : undefined;
  },
};

/** Over a WebSocket where one opens, else over plain HTTP. */
export const auto: Transport = { ...http, is_fallback: true };

function isKeyRefusal(status: number): boolean {
  return status === 401 || status === 403;
}

function errorOf(code: 'ESEC' | 'EPROTO', reason: string): Payload {
  return { type: 'error', content: { code, reason } };
}
