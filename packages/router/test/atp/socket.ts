import { decodeFrame, encodeCbor, encodeJson, type Frame, laneOf } from '@atp-router/wire';
import { type Runtime, type SocketLike, systemRuntime } from '@atp-router/sdk';
import type { Carrier } from '../../src/atp/host-types.ts';
import type { SessionHub } from '../../src/atp/session-hub.ts';

export interface HubRuntime {
  readonly runtime: Runtime;
  /** All that there were, the newest last. */
  readonly sockets: readonly HubSocket[];
}

/**
 * WebSockets of the SDK that end in a hub of the same process. `is_dead` says of which, by its index, nothing comes out at either
 * end; `parts` replaces clocks and timers.
 */
export function runtimeOver(
  hub: SessionHub,
  is_dead: (index: number) => boolean = () => false,
  parts: Partial<Runtime> = {},
): HubRuntime {
  const sockets: HubSocket[] = [];
  class Socket extends HubSocket {
    constructor(_url: string, protocols: readonly string[]) {
      super(hub, protocols);
      this.is_dead = is_dead(sockets.length);
      sockets.push(this);
    }
  }
  return { runtime: { ...systemRuntime(), WebSocket: Socket, ...parts }, sockets };
}

/** A clock of the SDK that stands still until the test moves it, and the timers that go by it. */
export class ManualTime {
  #now_ms = 0;
  #id = 0;
  readonly #timers: Map<number, { readonly due_ms: number; readonly run: () => void }> = new Map();

  /** What takes the place of the runtime's own. */
  readonly parts: Pick<Runtime, 'setTimeout' | 'clearTimeout' | 'performance'> = {
    performance: { now: () => this.#now_ms },
    setTimeout: (run, delay_ms) => {
      this.#id += 1;
      this.#timers.set(this.#id, { due_ms: this.#now_ms + delay_ms, run });
      return this.#id;
    },
    clearTimeout: (id) => void this.#timers.delete(id as number),
  };

  /** Moves the clock, timer by timer; what each causes is done before the next. */
  async advance(ms: number): Promise<void> {
    const until_ms = this.#now_ms + ms;
    for (;;) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
      const [next] = [...this.#timers].sort(([, left], [, right]) => left.due_ms - right.due_ms);
      if (next === undefined || next[1].due_ms > until_ms) break;
      this.#timers.delete(next[0]);
      this.#now_ms = Math.max(this.#now_ms, next[1].due_ms);
      next[1].run();
    }
    this.#now_ms = until_ms;
  }
}

/** In place of a message that is lost: that its sender has withdrawn it (S12), by which its receiver gives it up at once (S13). */
export function withdrawn(frame: Frame): Frame {
  const { stream_id, persona_id, clone_id } = laneOf(frame);
  const names = { stream_id, ...(persona_id !== '' && { persona_id }), ...(clone_id !== '' && { clone_id }) };
  const payload = { type: 'control.ack', content: { acks: [{ ...names, withdrawn: [frame.msg_seq] }] } };
  return { v: 1, session_id: frame.session_id, stream_id: '0', msg_seq: 1_000, flags: ['CTRL'], payload };
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
  /** What the client sent, in order. */
  readonly sent: Frame[] = [];
  /** A path that swallows everything, so that neither end is told of it: not even a close is answered. */
  is_dead = false;
  /** What becomes of the frames of the hub on their way to the client. */
  spoil: (frame: Frame) => Frame = (frame) => frame;
  readonly #hub: SessionHub;
  #attached: ReturnType<SessionHub['accept']>;
  #is_known = false;

  constructor(hub: SessionHub, protocols: readonly string[]) {
    this.#hub = hub;
    this.protocols = protocols;
    queueMicrotask(() => {
      if (this.is_dead) return;
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
    if (!this.is_dead) queueMicrotask(() => this.cut());
  }

  /** The connection is lost, at both ends. */
  cut(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#attached?.onClosed();
    this.onclose?.({ code: 1006, reason: '' });
  }

  #toClient(frame: Frame, encoding: 'json' | 'cbor'): void {
    const came = this.spoil(frame);
    const data = encoding === 'cbor' ? encodeCbor(came).slice().buffer : encodeJson(came);
    queueMicrotask(() => {
      if (this.readyState === 1 && !this.is_dead) this.onmessage?.({ data });
    });
  }

  #toHub(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    this.sent.push(frame);
    queueMicrotask(() => {
      if (this.readyState !== 1 || this.is_dead) return;
      if (this.#is_known) this.#attached?.onFrame(frame, bytes.length);
      else {
        this.#is_known = true;
        this.#attached = this.#hub.accept(this, { tenant: 'acme', key_id: 'k1' }, frame, bytes.length);
      }
    });
  }
}
