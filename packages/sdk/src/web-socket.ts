import type { Runtime, SocketLike } from './runtime.ts';

const SUBPROTOCOL = 'atp.v1';

/** `key`: to be told in the request, where it is not told in the first frame. */
export function openWebSocket({ WebSocket }: Runtime, url: string, key: string | undefined): SocketLike {
  const address = `${url.replace(/^http/, 'ws').replace(/\/+$/, '')}/ws`;
  const socket = new WebSocket(address, key === undefined ? [SUBPROTOCOL] : [SUBPROTOCOL, `atp.key.${key}`]);
  socket.binaryType = 'arraybuffer';
  return socket;
}
