import type { Socket } from 'node:net';
import type { FrameConnectionLimits } from '@atp-router/kernel';
import type { WireLimits } from '@atp-router/wire';
import type { WebSocket } from 'ws';
import type { UpgradeRequest } from '../http/index.ts';
import { CLOSES, type CloseName, closeReason } from './closes.ts';
import type {
  ConnectionEnd,
  EncodedFrame,
  FrameAcceptor,
  FrameConnection,
  FrameReceiver,
  ReceivedFrame,
} from './connection.ts';
import type { FramePrincipal } from './credential.ts';
import { received } from './decode.ts';

/** What all connections of a shell share. */
export interface WebSocketShell {
  readonly acceptor: FrameAcceptor;
  readonly limits: FrameConnectionLimits;
  readonly wire: WireLimits;
  readonly client_stall_ms: () => number;
}

const MALFORMED = 1002;
/** Codes with which `ws` closes for its errors, where it is another. */
const REFUSALS: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: CLOSES.not_text,
  Z_DATA_ERROR: CLOSES.not_text,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: CLOSES.refused,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: CLOSES.too_large,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: CLOSES.too_large,
};

/** `FrameConnection` over one WebSocket. */
export class WebSocketConnection implements FrameConnection {
  readonly carrier: 'websocket' = 'websocket' as const;
  readonly principal: FramePrincipal | undefined;
  readonly secure: boolean;
  readonly remote_address: string;
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #shell: WebSocketShell;
  #receiver: FrameReceiver | undefined;
  /** Frames of the read that is going on. */
  #batch: ReceivedFrame[] = [];
  #is_closed = false;
  #is_corked = false;
  /** The user was told to wait. */
  #is_full = false;
  /** Until the first frame its time, later that of a reader who does not read. */
  #timer: NodeJS.Timeout | undefined;

  constructor(
    ws: WebSocket,
    socket: Socket,
    request: UpgradeRequest,
    principal: FramePrincipal | undefined,
    shell: WebSocketShell,
  ) {
    this.#ws = ws;
    this.#socket = socket;
    this.#shell = shell;
    this.principal = principal;
    this.secure = request.secure;
    this.remote_address = request.remote_address;
    ws.on('message', (data: Buffer, is_binary: boolean) => this.#onMessage(data, is_binary));
    ws.on('close', (code, reason) => this.#onClosed(code, reason.toString()));
    ws.on('error', (error: NodeJS.ErrnoException) => this.#onError(error.code));
    this.#timer = setTimeout(() => this.#end('no_frame', 'No frame came.'), shell.limits.first_frame_ms);
    this.#timer.unref();
  }

  get buffered_bytes(): number {
    return this.#ws.bufferedAmount;
  }

  get closed(): boolean {
    return this.#is_closed;
  }

  send(frame: EncodedFrame): boolean {
    const ws = this.#ws;
    // The peer may have closed its side while frames of it are still handed on.
    if (this.#is_closed || ws.readyState !== ws.OPEN) return false;
    this.#cork();
    const { high_water_bytes, unsent_bytes } = this.#shell.limits;
    // A character takes at most three bytes. To be told of every frame that has left would cost more than sending it.
    const bytes = typeof frame === 'string' ? frame.length * 3 : frame.length;
    if (!this.#is_full && ws.bufferedAmount + bytes <= high_water_bytes) {
      ws.send(frame);
      return true;
    }
    ws.send(frame, () => this.#onTaken());
    // Much has gathered: whether the peer is slow shows when it is written.
    this.#uncork();
    if (ws.bufferedAmount > unsent_bytes) this.#giveUp();
    else if (ws.bufferedAmount > high_water_bytes) this.#fill();
    return !this.#is_full && !this.#is_closed;
  }

  hold(is_held: boolean): void {
    if (this.#is_closed) return;
    if (is_held) this.#ws.pause();
    else this.#ws.resume();
  }

  close(end: CloseName, reason: string = ''): void {
    if (this.#is_closed) return;
    this.#stop();
    // The peer's answer to the close has to be read.
    if (this.#ws.isPaused) this.#ws.resume();
    this.#ws.close(CLOSES[end], closeReason(end, reason));
  }

  #onMessage(data: Buffer, is_binary: boolean): void {
    if (this.#is_closed) return;
    this.#batch.push(received(data, is_binary ? 'cbor' : 'json', this.#shell.wire));
    if (this.#batch.length === 1) process.nextTick(() => this.#handOn());
  }

  #handOn(): void {
    const batch = this.#batch;
    this.#batch = [];
    if (this.#is_closed) return;
    try {
      if (this.#receiver === undefined) {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.#receiver = this.#shell.acceptor.accept(this);
      }
      this.#receiver.onFrames(batch);
    } catch (error) {
      this.#fault(error);
    }
  }

  /** Frames of one turn leave in one write: a system call costs as much as all the rest of a small frame. */
  #cork(): void {
    if (this.#is_corked) return;
    this.#is_corked = true;
    this.#socket.cork();
    process.nextTick(() => this.#uncork());
  }

  #uncork(): void {
    if (!this.#is_corked) return;
    this.#is_corked = false;
    this.#socket.uncork();
  }

  #fill(): void {
    if (this.#is_full) return;
    this.#is_full = true;
    this.#timer = setTimeout(() => this.#giveUp(), this.#shell.client_stall_ms());
    this.#timer.unref();
  }

  /** The peer took something of what waited. */
  #onTaken(): void {
    if (this.#is_closed || !this.#is_full) return;
    if (this.buffered_bytes > this.#shell.limits.high_water_bytes) {
      this.#timer?.refresh();
      return;
    }
    this.#is_full = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      this.#receiver?.onDrain();
    } catch (error) {
      this.#fault(error);
    }
  }

  /** Whatever is said to a peer that does not read would wait as well. */
  #giveUp(): void {
    if (this.#is_closed) return;
    this.#stop();
    this.#ws.terminate();
    this.#tell({ code: CLOSES.slow, reason: '', by: 'here' });
  }

  #end(name: CloseName, reason: string): void {
    if (this.#is_closed) return;
    this.close(name, reason);
    this.#tell({ code: CLOSES[name], reason, by: 'here' });
  }

  #onClosed(code: number, reason: string): void {
    if (this.#is_closed) return;
    this.#stop();
    this.#tell({ code, reason, by: 'peer' });
  }

  /** What came is no WebSocket, or too much: `ws` closes the connection and says why. A broken socket closes by itself. */
  #onError(code: string = ''): void {
    const told = REFUSALS[code] ?? (code.startsWith('WS_ERR_') ? MALFORMED : undefined);
    if (this.#is_closed || told === undefined) return;
    this.#stop();
    this.#tell({ code: told, reason: '', by: 'here' });
  }

  #fault(error: unknown): void {
    this.#shell.acceptor.onFault(error);
    this.#end('failed', 'The node failed.');
  }

  #tell(end: ConnectionEnd): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    try {
      receiver?.onClose(end);
    } catch (error) {
      this.#shell.acceptor.onFault(error);
    }
  }

  #stop(): void {
    this.#uncork();
    this.#is_closed = true;
    this.#batch = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
