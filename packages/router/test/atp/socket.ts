import { decodeFrame, encodeCbor, encodeJson, type Frame } from '@atp-router/wire';
import { type Runtime, type SocketLike, systemRuntime } from '@atp-router/sdk';
import type { Carrier } from '../../src/atp/host-types.ts';
import type { SessionHub } from '../../src/atp/session-hub.ts';

/** WebSockets of the SDK that end in a hub of the same process. `sockets` has them all, the newest last. */
export function runtimeOver(hub: SessionHub): { readonly runtime: Runtime; readonly sockets: readonly HubSocket[] } {
  const sockets: HubSocket[] = [];
  class Socket extends HubSocket {
    constructor(_url: string, protocols: readonly string[]) {
      super(hub, protocols);
      sockets.push(this);
    }
  }
  return { runtime: { ...systemRuntime(), WebSocket: Socket }, sockets };
}

export class HubSocket implements SocketLike, Carrier {
  readonly remote_address = '127.0.0.1';
  binaryType = 'blob';
  readyState = 0;
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  onclose: SocketLike['onclose'] = null;
  onerror: SocketLike['onerror'] = null;
  readonly protocols: readonly string[];
  readonly #hub: SessionHub;
  #attached: ReturnType<SessionHub['accept']>;
  #is_known = false;

  constructor(hub: SessionHub, protocols: readonly string[]) {
    this.#hub = hub;
    this.protocols = protocols;
    queueMicrotask(() => {
      this.readyState = 1;
      this.onopen?.();
    });
  }

  // From the hub (a frame) or from the client (a message).
  send(data: Frame | string | Uint8Array, encoding?: 'json' | 'cbor'): void {
    if (typeof data !== 'string' && !(data instanceof Uint8Array)) this.#toClient(data, encoding ?? 'json');
    else this.#toHub(typeof data === 'string' ? Buffer.from(data) : data);
  }

  close(): void {
    queueMicrotask(() => this.cut());
  }

  /** The connection is lost, at both ends. */
  cut(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#attached?.onClosed();
    this.onclose?.({ code: 1006, reason: '' });
  }

  #toClient(frame: Frame, encoding: 'json' | 'cbor'): void {
    const data = encoding === 'cbor' ? encodeCbor(frame).slice().buffer : encodeJson(frame);
    queueMicrotask(() => {
      if (this.readyState === 1) this.onmessage?.({ data });
    });
  }

  #toHub(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    queueMicrotask(() => {
      if (this.readyState !== 1) return;
      if (this.#is_known) this.#attached?.onFrame(frame, bytes.length);
      else {
        this.#is_known = true;
        this.#attached = this.#hub.accept(this, { tenant: 'acme', key_id: 'k1' }, frame, bytes.length);
      }
    });
  }
}
