import type { Payload } from '@atp-router/wire';
import type { Runtime, SocketLike } from './runtime.ts';

const SUBPROTOCOL = 'atp.v1';
/** The second time that a key is refused in a row is the last: with a WebSocket there are two attempts as well. */
const KEY_REFUSALS_MAX = 2;
/** Statuses of HTTP for what would be refused again: a frame that cannot be read, is too large, or of no type that is taken. */
const AT_FAULT: readonly number[] = [400, 413, 415];

/** `key`: to be told in the request, where it is not told in the first frame. */
export function openWebSocket({ WebSocket }: Runtime, url: string, key: string | undefined): SocketLike {
  const address = `${url.replace(/^http/, 'ws').replace(/\/+$/, '')}/ws`;
  const socket = new WebSocket(address, key === undefined ? [SUBPROTOCOL] : [SUBPROTOCOL, `atp.key.${key}`]);
  socket.binaryType = 'arraybuffer';
  return socket;
}

export function isKeyRefusal(status: number): boolean {
  return status === 401 || status === 403;
}

/** What a status of plain HTTP says that will hold. A function may have another key the second time. */
export function refusalFor(status: number, reason: string, key_refusals: number): Payload | undefined {
  const is_key = isKeyRefusal(status);
  if (is_key ? key_refusals < KEY_REFUSALS_MAX : !AT_FAULT.includes(status)) return undefined;
  return { type: 'error', content: { code: is_key ? 'ESEC' : 'EPROTO', reason } };
}
