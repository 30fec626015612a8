import type { Socket } from 'node:net';
import { isAtpError, type Timer } from '@atp-router/kernel';
import { linkProblem } from './errors.ts';
import { encodeFrame, FrameReader, type LinkFrame } from './frame.ts';
import type { LinkLimits } from './limits.ts';
import type { Pipe, PipeHandlers } from './pipe-types.ts';
import type { LinkOptions } from './types.ts';

export interface PipeParts extends Pick<LinkOptions, 'path' | 'timers' | 'clock' | 'onProblem'> {
  readonly limits: LinkLimits;
  /** The first frame. Opens the pipe, or ends it, before it returns. */
  readonly onGreeting: (frame: LinkFrame) => void;
  /** The socket is gone. */
  readonly onGone: () => void;
}

/** One conversation on a connection of its own: the kernel holds back whoever is faster than the other reads. */
export class SocketPipe implements Pipe {
  readonly #socket: Socket;
  readonly #parts: PipeParts;
  readonly #reader: FrameReader;
  /** Frames that came with others behind which nothing more was wanted. */
  #held: LinkFrame[] = [];
  #handlers: PipeHandlers | undefined;
  #is_paused = false;
  /** Frames are being handed on: those that come meanwhile wait their turn. */
  #is_handing = false;
  #is_closed = false;
  /** Nothing is told any more. */
  #is_over = false;
  #heard_ms: number;
  #sent_ms: number;
  #timer: Timer | undefined;

  constructor(socket: Socket, parts: PipeParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#reader = new FrameReader(parts.limits.frame_bytes);
    this.#heard_ms = parts.clock.mono_ms();
    this.#sent_ms = this.#heard_ms;
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('drain', () => {
      if (!this.#is_over) this.#handlers?.onDrain();
    });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#onClose());
    this.#watch();
  }

  /** The greeting is over: what comes is for these. */
  open(handlers: PipeHandlers): void {
    this.#handlers = handlers;
  }

  send(kind: string, body?: unknown): boolean {
    try {
      return this.write({ type: 'message', id: 0, kind, body });
    } catch (cause) {
      this.#cut(
        `is cut, as a message is lost: ${isAtpError(cause) ? cause.message : 'a fault of this process'}`,
        cause,
      );
      return true;
    }
  }

  /** Throws `internal_error` for what cannot be put into a frame. */
  write(frame: LinkFrame): boolean {
    const bytes = encodeFrame(frame, this.#parts.limits.frame_bytes);
    // To a socket that is gone nothing can be written, and nobody has to wait for it.
    if (this.#is_over || !this.#socket.writable) return true;
    this.#sent_ms = this.#parts.clock.mono_ms();
    return this.#socket.write(bytes);
  }

  pause(): void {
    this.#is_paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#is_paused || this.#is_over) return;
    this.#is_paused = false;
    // Who was not listened to was not silent.
    this.#heard_ms = this.#parts.clock.mono_ms();
    this.#hand();
  }

  end(): void {
    if (this.#is_over) return;
    this.#is_over = true;
    this.#timer?.cancel();
    // What still comes is read and dropped: bytes in a socket that is closed would reset it under the reader (unix(7)).
    this.#socket.resume();
    this.#socket.end();
    this.#timer = this.#parts.timers.after(this.#parts.limits.close_ms, () => this.#socket.destroy());
  }

  destroy(): void {
    this.#is_over = true;
    this.#timer?.cancel();
    this.#held = [];
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    if (this.#is_over) return;
    this.#heard_ms = this.#parts.clock.mono_ms();
    this.#held.push(...this.#reader.read(chunk));
    this.#hand();
  }

  #hand(): void {
    if (this.#is_handing) return;
    this.#is_handing = true;
    while (this.#held.length > 0 && !this.#is_paused && !this.#is_over) this.#take(this.#held.shift() as LinkFrame);
    this.#is_handing = false;
    if (this.#is_over || this.#held.length > 0) return;
    if (this.#reader.problem !== undefined) this.#cut(`is cut: the other process sent ${this.#reader.problem}`);
    else if (this.#is_closed) this.#gone();
    else if (!this.#is_paused) this.#socket.resume();
  }

  #take(frame: LinkFrame): void {
    if (frame.type === 'ping') return;
    if (this.#handlers === undefined) this.#parts.onGreeting(frame);
    else if (frame.type !== 'message') this.#cut(`is cut: the other process sent "${frame.type}" in a conversation`);
    else
      try {
        this.#handlers.onMessage(frame.kind, frame.body);
      } catch (cause) {
        this.#cut(`is cut, as this process failed at the message "${frame.kind}"`, cause);
      }
  }

  #cut(problem: string, cause?: unknown): void {
    const { path, onProblem } = this.#parts;
    this.#held = [];
    this.#socket.destroy();
    if (!this.#is_over) onProblem(linkProblem(path, problem, cause));
  }

  #onClose(): void {
    this.#is_closed = true;
    this.#timer?.cancel();
    this.#parts.onGone();
    // What came before is heard first.
    if (this.#held.length === 0) this.#gone();
  }

  #gone(): void {
    if (this.#is_over) return;
    this.#is_over = true;
    this.#handlers?.onGone();
  }

  /** A process that is stopped ends no connection by itself: both ends show that they live. */
  #watch(): void {
    const { timers, limits } = this.#parts;
    this.#timer = timers.after(limits.ping_ms, () => {
      const now_ms = this.#parts.clock.mono_ms();
      const is_idle = now_ms - this.#sent_ms >= limits.ping_ms && this.#socket.writableLength === 0;
      if (is_idle && this.#handlers !== undefined) this.write({ type: 'ping', id: 0, kind: '', body: undefined });
      // The late one may be this process: what waits in the socket is read before anything is judged.
      if (!this.#is_paused && now_ms - this.#heard_ms >= limits.silence_ms) setImmediate(() => this.#judge());
      this.#watch();
    });
  }

  #judge(): void {
    const { clock, limits } = this.#parts;
    const silent_ms = clock.mono_ms() - this.#heard_ms;
    if (this.#is_over || this.#is_paused || silent_ms < limits.silence_ms) return;
    this.#cut(`is cut: the other process was silent for ${Math.round(silent_ms)} ms; it is stopped, or too busy`);
  }
}
