import type { Socket } from 'node:net';
import { type AtpError, type Clock, isAtpError, type Timer, type Timers } from '@atp-router/kernel';
import { Asking } from './asking.ts';
import { answerTo, fromFailure, linkDown, linkProblem, toFailure, tooManyQuestions } from './errors.ts';
import { encodeFrame, FrameReader, type LinkFrame } from './frame.ts';
import { Keepalive } from './keepalive.ts';
import type { LinkLimits } from './limits.ts';
import type { LinkHandlers, LinkPeer } from './types.ts';

export interface LinkParts {
  readonly path: string;
  readonly limits: LinkLimits;
  readonly timers: Timers;
  readonly clock: Clock;
  /** The first frame. Opens the link, or closes or cuts it, before it returns. */
  readonly onGreeting: (frame: LinkFrame) => void;
  /** The socket is gone. Once, and never within a call. */
  readonly onGone: () => void;
  readonly onProblem: (problem: AtpError) => void;
}

/** Up to so many bytes of a turn are copied together: that costs less than the bookkeeping of single writes, above it more. */
const JOIN_BYTES = 262_144;

type State =
  /** What is sent waits behind the greeting. */
  | { readonly type: 'greeting' }
  | { readonly type: 'up'; readonly handlers: LinkHandlers }
  /** Nothing is taken or sent any more; what was sent may still be leaving. `handlers`: who is told when it is gone. */
  | { readonly type: 'down'; readonly handlers: LinkHandlers | undefined };

/** One connection between two processes, from its greeting to its end. */
export class Link implements LinkPeer {
  readonly #socket: Socket;
  readonly #parts: LinkParts;
  readonly #reader: FrameReader;
  readonly #asking: Asking;
  readonly #keepalive: Keepalive;
  #state: State = { type: 'greeting' };
  /** Frames of this turn; until the link is open, all. */
  #outbox: Buffer[] = [];
  #outbox_bytes = 0;
  #flush: NodeJS.Immediate | undefined;
  /** Questions of the other side that are being answered. */
  #answering = 0;
  /** While what was sent leaves. */
  #closing: Timer | undefined;

  constructor(socket: Socket, parts: LinkParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#reader = new FrameReader(parts.limits.frame_bytes);
    this.#asking = new Asking(parts);
    const onPing = (): void => this.#ping();
    this.#keepalive = new Keepalive({ ...parts, onPing, onSilent: (silent_ms) => this.#onSilent(silent_ms) });
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('end', () => this.cut());
    socket.on('error', () => this.cut());
    socket.once('close', () => this.#onClose());
  }

  get isUp(): boolean {
    return this.#state.type === 'up';
  }

  send(kind: string, body: unknown): boolean {
    try {
      return this.#post({ type: 'message', id: 0, kind, body });
    } catch (cause) {
      this.cut(`is cut, as a message is lost: ${isAtpError(cause) ? cause.message : 'a fault of this process'}`, cause);
      return false;
    }
  }

  ask(kind: string, body: unknown, options: { readonly timeout_ms?: number } = {}): Promise<unknown> {
    const { path, limits } = this.#parts;
    if (this.#state.type === 'down') return Promise.reject(linkDown(path));
    // When it does not fit, the link is cut, and with that this question is rejected.
    return this.#asking.ask(kind, options.timeout_ms ?? limits.answer_ms, (id) => {
      this.#post({ type: 'question', id, kind, body });
    });
  }

  /** Sends a frame of the greeting, before everything else. */
  greet(frame: LinkFrame): void {
    if (this.#state.type === 'greeting') this.#socket.write(encodeFrame(frame, this.#parts.limits.frame_bytes));
  }

  /** The greeting is over: what was sent leaves, and what comes is for these. */
  open(handlers: LinkHandlers): void {
    // It may be over already; they are told all the same.
    this.#state = { type: this.#state.type === 'greeting' ? 'up' : 'down', handlers };
    if (this.#outbox.length > 0) this.#write();
  }

  /** Ends the link when what was sent has left and the other side has ended it as well, or after a while. */
  close(): void {
    if (this.#state.type === 'down') return;
    const { timers, limits } = this.#parts;
    if (this.#state.type === 'up') this.#write();
    this.#goDown();
    // What still comes is read and dropped: to close a socket with bytes in it would reset it under the reader (unix(7)).
    this.#socket.end();
    this.#closing = timers.after(limits.close_ms, () => this.#socket.destroy());
  }

  /** Ends the link now. `problem`: whose fault that is, if anybody's, as the end of a sentence. */
  cut(problem?: string, cause?: unknown): void {
    this.#socket.destroy();
    if (this.#state.type === 'down') return;
    this.#goDown();
    if (problem !== undefined) this.#parts.onProblem(linkProblem(this.#parts.path, problem, cause));
  }

  #goDown(): void {
    this.#state = { type: 'down', handlers: this.#state.type === 'up' ? this.#state.handlers : undefined };
    clearImmediate(this.#flush);
    this.#outbox = [];
    this.#outbox_bytes = 0;
    this.#keepalive.stop();
    this.#asking.rejectAll(linkDown(this.#parts.path));
  }

  #onClose(): void {
    this.cut();
    this.#closing?.cancel();
    const handlers = this.#state.type === 'down' ? this.#state.handlers : undefined;
    try {
      handlers?.onDown();
    } catch (cause) {
      this.#parts.onProblem(linkProblem(this.#parts.path, 'went down, and this process failed to take note', cause));
    }
    this.#parts.onGone();
  }

  /** False when the link is down, or is cut because the frame does not fit. */
  #post(frame: LinkFrame): boolean {
    if (this.#state.type === 'down') return false;
    const { frame_bytes, unsent_bytes } = this.#parts.limits;
    const bytes = encodeFrame(frame, frame_bytes);
    const waiting_bytes = this.#socket.writableLength + this.#outbox_bytes + bytes.length;
    if (waiting_bytes > unsent_bytes) {
      this.cut(`is cut: ${waiting_bytes} bytes would wait for the other process to read; at most ${unsent_bytes} may`);
      return false;
    }
    this.#outbox.push(bytes);
    this.#outbox_bytes += bytes.length;
    // Frames of one turn leave in one write: a system call costs more than all the rest of a small frame.
    if (this.#state.type === 'up') this.#flush ??= setImmediate(() => this.#write());
    return true;
  }

  #write(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    const frames = this.#outbox;
    const is_small = this.#outbox_bytes <= JOIN_BYTES;
    this.#outbox = [];
    this.#outbox_bytes = 0;
    if (frames.length === 0) return;
    this.#keepalive.sent();
    this.#socket.cork();
    for (const part of is_small ? [Buffer.concat(frames)] : frames) this.#socket.write(part);
    this.#socket.uncork();
  }

  #ping(): void {
    // Until the link is up, the greeting is all that may be said.
    if (this.isUp && this.#post({ type: 'ping', id: 0, kind: '', body: undefined })) this.#write();
  }

  #onSilent(silent_ms: number): void {
    this.cut(`is cut: the other process was silent for ${Math.round(silent_ms)} ms; it is stopped, or too busy`);
  }

  #onData(chunk: Buffer): void {
    if (this.#state.type === 'down') return;
    this.#keepalive.heard();
    for (const frame of this.#reader.read(chunk)) this.#take(frame);
    if (this.#reader.problem !== undefined) this.cut(`is cut: the other process sent ${this.#reader.problem}`);
  }

  #take(frame: LinkFrame): void {
    switch (this.#state.type) {
      case 'greeting':
        this.#parts.onGreeting(frame);
        return;
      case 'up':
        this.#hand(frame, this.#state.handlers);
        return;
      case 'down':
    }
  }

  #hand({ type, id, kind, body }: LinkFrame, handlers: LinkHandlers): void {
    switch (type) {
      case 'message':
        try {
          handlers.onMessage(kind, body);
        } catch (cause) {
          this.cut(`is cut, as this process failed at the message "${kind}", which is lost`, cause);
        }
        return;
      case 'question':
        this.#answer(id, kind, body, handlers).catch((cause: unknown) => {
          this.#parts.onProblem(linkProblem(this.#parts.path, `does not carry the answer to "${kind}"`, cause));
        });
        return;
      case 'answer':
        this.#asking.resolve(id, body);
        return;
      case 'failure':
        this.#asking.reject(id, fromFailure(kind, body));
        return;
      case 'ping':
        return;
      case 'hello':
      case 'welcome':
      case 'refusal':
        this.cut(`is cut: the other process sent "${type}" again`);
    }
  }

  async #answer(id: number, kind: string, body: unknown, handlers: LinkHandlers): Promise<void> {
    const { questions } = this.#parts.limits;
    if (this.#answering >= questions) {
      this.#post({ type: 'failure', id, ...toFailure(tooManyQuestions(questions)) });
      return;
    }
    this.#answering += 1;
    try {
      const answer = await handlers.onQuestion(kind, body);
      this.#post({ type: 'answer', id, kind: '', body: answer });
    } catch (error) {
      const told = answerTo(error, kind);
      if (!isAtpError(error)) this.#parts.onProblem(told);
      this.#post({ type: 'failure', id, ...toFailure(told) });
    } finally {
      this.#answering -= 1;
    }
  }
}
