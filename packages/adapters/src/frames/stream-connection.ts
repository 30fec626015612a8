import type { FrameConnectionLimits } from '@atp-router/kernel';
import { decodeCbor, encodeJson, type WireLimits } from '@atp-router/wire';
import type { HttpExchange } from '../http/index.ts';
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
import { EventReader } from './event-reader.ts';
import { EventRing } from './event-ring.ts';

/** What all connections of the fallback share. */
export interface StreamShell {
  readonly acceptor: FrameAcceptor;
  readonly limits: FrameConnectionLimits;
  readonly wire: WireLimits;
}

/** How the request that opened a connection is answered: once. */
export interface Opening {
  /** `end`: the connection was closed in the same turn. */
  answer(frame: EncodedFrame, end: CloseName | undefined): void;
  /** Without a frame. */
  refuse(end: CloseName): void;
}

/**
 * `FrameConnection` over plain HTTP: frames come in requests, the first that is sent answers the first request, and the
 * others are events that the client reads, also over several connections one after the other.
 */
export class StreamConnection implements FrameConnection {
  readonly carrier: 'http' = 'http' as const;
  readonly principal: FramePrincipal;
  readonly secure: boolean;
  readonly remote_address: string;
  /** Requests with frames that are under way. */
  posts = 0;
  readonly #shell: StreamShell;
  readonly #ring: EventRing;
  /** Called when nothing of it is wanted any more. */
  readonly #forget: () => void;
  #opening: Opening | undefined;
  /** The first frame, until the end of the turn in which it was sent. */
  #answer: EncodedFrame | undefined;
  #receiver: FrameReceiver | undefined;
  #reader: EventReader | undefined;
  #is_full = false;
  /** Set when closed. */
  #end: { readonly name: CloseName; readonly reason: string } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    exchange: HttpExchange,
    principal: FramePrincipal,
    opening: Opening,
    shell: StreamShell,
    forget: () => void,
  ) {
    this.principal = principal;
    this.secure = exchange.secure;
    this.remote_address = exchange.remote_address;
    this.#shell = shell;
    this.#opening = opening;
    this.#forget = forget;
    this.#ring = new EventRing(shell.limits.kept_events, shell.limits.kept_bytes);
    this.#after(shell.limits.first_answer_ms, () => this.#over('no_room', 'The first frame was not answered in time.'));
  }

  get buffered_bytes(): number {
    return this.#ring.unsent_bytes + (this.#reader?.buffered_bytes ?? 0);
  }

  get closed(): boolean {
    return this.#end !== undefined;
  }

  send(frame: EncodedFrame): boolean {
    if (this.closed) return false;
    if (this.#opening !== undefined && this.#answer === undefined) {
      this.#answer = frame;
      process.nextTick(() => this.#answerNow());
      return true;
    }
    this.#ring.add(jsonLine(frame, this.#shell.wire));
    this.#reader?.pump();
    const { high_water_bytes, unsent_bytes } = this.#shell.limits;
    const waiting = this.buffered_bytes;
    if (waiting > unsent_bytes) this.#over('slow', '');
    else if (waiting <= high_water_bytes) return true;
    this.#is_full = true;
    return false;
  }

  hold(_is_held: boolean): void {
    // Posts are few and small, and their user bounds what waits of them.
  }

  close(name: CloseName, reason: string = ''): void {
    if (this.closed) return;
    this.#end = { name, reason: closeReason(name, reason) };
    this.#receiver = undefined;
    if (this.#opening !== undefined) {
      // An answer that was given in this turn says so itself.
      if (this.#answer === undefined) this.#refuse(name);
      return;
    }
    if (this.#reader === undefined) this.#after(this.#shell.limits.absent_ms, () => this.#vanish());
    else this.#reader.pump();
  }

  /** Frames that came with one request. */
  handOn(frames: readonly ReceivedFrame[]): void {
    if (this.closed || frames.length === 0) return;
    try {
      this.#receiver ??= this.#shell.acceptor.accept(this);
      this.#receiver.onFrames(frames);
    } catch (error) {
      this.#fault(error);
    }
  }

  /** The client went away before it knew of the connection. */
  abandon(): void {
    if (this.#opening === undefined) return;
    this.#opening = undefined;
    this.#over('absent', '');
    this.#vanish();
  }

  reach(last_id: number): ReturnType<EventRing['reach']> {
    return this.#ring.reach(last_id);
  }

  /** Gives the events behind that one, which `reach` says is there, to this client from now on, and to no other. */
  read(exchange: HttpExchange, last_id: number): void {
    this.#reader?.end();
    clearTimeout(this.#timer);
    this.#ring.goTo(last_id);
    const reader: EventReader = new EventReader(exchange, this.#shell.limits.heartbeat_ms, {
      next: () => this.#ring.take(),
      last: () => (this.#end === undefined ? undefined : closeEvent(this.#end)),
      onRoom: () => this.#onRoom(),
      onOver: (is_whole) => this.#onReaderOver(reader, is_whole),
    });
    this.#reader = reader;
    reader.start();
    this.#onRoom();
  }

  #answerNow(): void {
    const opening = this.#opening;
    const answer = this.#answer;
    if (opening === undefined || answer === undefined) return;
    this.#opening = undefined;
    this.#answer = undefined;
    clearTimeout(this.#timer);
    opening.answer(answer, this.#end?.name);
    if (this.closed) this.#vanish();
    else this.#waitForReader();
  }

  #refuse(name: CloseName): void {
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.refuse(name);
    this.#vanish();
  }

  #onRoom(): void {
    if (!this.#is_full || this.closed || this.buffered_bytes > this.#shell.limits.high_water_bytes) return;
    this.#is_full = false;
    try {
      this.#receiver?.onDrain();
    } catch (error) {
      this.#fault(error);
    }
  }

  #onReaderOver(reader: EventReader, is_whole: boolean): void {
    if (this.#reader !== reader) return;
    this.#reader = undefined;
    if (is_whole) this.#vanish();
    else if (this.closed) this.#after(this.#shell.limits.absent_ms, () => this.#vanish());
    else this.#waitForReader();
  }

  #waitForReader(): void {
    this.#after(this.#shell.limits.absent_ms, () => {
      this.#over('absent', 'Nobody reads the events.');
      this.#vanish();
    });
  }

  #fault(error: unknown): void {
    this.#shell.acceptor.onFault(error);
    this.#over('failed', 'The node failed.');
  }

  /** Closed from here. What a slow reader did not take is thrown away. */
  #over(name: CloseName, reason: string): void {
    if (this.closed) return;
    const receiver = this.#receiver;
    this.close(name, reason);
    if (name === 'slow') {
      this.#reader?.cut();
      this.#vanish();
    }
    const end: ConnectionEnd = { code: CLOSES[name], reason, by: 'here' };
    try {
      receiver?.onClose(end);
    } catch (error) {
      this.#shell.acceptor.onFault(error);
    }
  }

  #vanish(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#forget();
  }

  #after(delay_ms: number, run: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, delay_ms);
    this.#timer.unref();
  }
}

function closeEvent({ name, reason }: { readonly name: CloseName; readonly reason: string }): string {
  return `event: close\ndata: ${JSON.stringify({ code: CLOSES[name], reason })}\n\n`;
}

/** Events carry text; the frame is the same in both encodings (W22, W40). */
function jsonLine(frame: EncodedFrame, limits: WireLimits): string {
  if (typeof frame !== 'string') return encodeJson(decodeCbor(frame, limits), limits);
  // Between members of JSON an end of line is white space, in an event it would end the line.
  return /[\r\n]/.test(frame) ? frame.replace(/[\r\n]/g, ' ') : frame;
}
