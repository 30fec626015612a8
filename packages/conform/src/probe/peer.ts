import { randomBytes } from 'node:crypto';
import {
  type Acknowledgement,
  decodeCbor,
  decodeJson,
  encodeCbor,
  encodeJson,
  type Frame,
  type HelloContent,
  isFrameError,
  type Lane,
  type Payload,
  type Window,
  type WireErrorContent,
} from '@atp-router/wire';
import { Inbox } from '../net/inbox.ts';
import type { RawConnection } from '../net/raw-connection.ts';
import type { WsMessage } from '../net/ws-frames.ts';
import { acksOfLane, covers, errorOf, has, helloOf, idleDispatch, isMessage, mainLane } from './frames.ts';
import { assert, Failed } from './outcome.ts';
import type { Transcript } from './transcript.ts';

/** A frame that came, with how and when. */
export interface Came {
  readonly frame: Frame;
  readonly kind: WsMessage['kind'];
  readonly encoding: 'json' | 'cbor';
  readonly text: string;
  readonly at_ms: number;
}

export interface MessageOptions {
  readonly stream_id?: string;
  readonly msg_seq: number;
  readonly flags?: readonly string[];
  readonly payload?: Payload;
  readonly more?: Partial<Frame>;
}

/** What a server did with a message that it may have had to refuse. */
export type Answered =
  | { readonly type: 'refused'; readonly error: WireErrorContent | undefined; readonly frame: Frame }
  | { readonly type: 'taken' }
  | { readonly type: 'closed'; readonly code: number }
  | { readonly type: 'nothing' };

export const LOG: Payload = { type: 'agent.log', content: 'probe' };
/** What may still come behind the answer to something later. */
const GRACE_MS = 200;

/** One end of a session, by hand: it numbers its control frames, and does nothing by itself. */
export class Peer {
  readonly ws: RawConnection;
  readonly came: Inbox<Came> = new Inbox();
  /** Everything that came, also what was taken from the inbox. */
  readonly history: Came[] = [];
  /** What came and is no frame. */
  readonly unreadable: string[] = [];
  session_id: string;
  encoding: 'json' | 'cbor' = 'json';
  hello: HelloContent = {};
  /** The server's answer to the first frame. */
  answer: Frame | undefined;
  /** Changes a frame before it goes: signs it. */
  seal: (frame: Frame) => Frame = (frame) => frame;
  #control = 0;
  readonly #transcript: Transcript;
  readonly #patience_ms: number;

  constructor(ws: RawConnection, transcript: Transcript, patience_ms: number, session_id?: string) {
    this.ws = ws;
    this.session_id = session_id ?? `probe-${randomBytes(12).toString('hex')}`;
    this.#transcript = transcript;
    this.#patience_ms = patience_ms;
    ws.onMessage = (message) => this.#read(message);
    ws.onEnd = () => this.came.close();
  }

  /** Goes on with the number that a former connection of the session had. */
  follow(former: Peer): this {
    this.session_id = former.session_id;
    this.encoding = former.encoding;
    this.#control = former.#control;
    return this;
  }

  send(frame: Frame, encoding: 'json' | 'cbor' = this.encoding): Frame {
    const sealed = this.seal(frame);
    if (encoding === 'cbor') this.bytes(encodeCbor(sealed));
    else this.text(encodeJson(sealed));
    return sealed;
  }

  text(text: string): void {
    this.#transcript.add(`→ ${text}`);
    this.ws.text(text);
  }

  bytes(bytes: Uint8Array): void {
    this.#transcript.add(`→ cbor ${Buffer.from(bytes).toString('hex')}`);
    this.ws.binary(bytes);
  }

  controlFrame(flags: readonly string[], payload?: Payload, more: Partial<Frame> = {}): Frame {
    const msg_seq = this.#control;
    this.#control += 1;
    const { session_id } = this;
    return {
      v: 1,
      session_id,
      stream_id: '0',
      msg_seq,
      flags: [...flags, 'CTRL'],
      ...(payload && { payload }),
      ...more,
    };
  }

  control(flags: readonly string[], payload?: Payload, more: Partial<Frame> = {}): Frame {
    return this.send(this.controlFrame(flags, payload, more));
  }

  /** The frame of a message; the first one of a stream has `SYN` unless `flags` say otherwise. */
  frame({ stream_id = '1', msg_seq, flags, payload = LOG, more = {} }: MessageOptions): Frame {
    const opens = msg_seq === 0 && payload.persona_id === undefined && payload.clone_id === undefined;
    const all = flags ?? (opens ? ['SYN'] : []);
    const { session_id } = this;
    return { v: 1, session_id, stream_id, msg_seq, ...(all.length > 0 && { flags: all }), payload, ...more };
  }

  message(options: MessageOptions): Frame {
    return this.send(this.frame(options));
  }

  /** Opens a stream that asks for no work, and waits until the server has it. */
  async stream(stream_id: string = '1'): Promise<string> {
    this.message({ stream_id, msg_seq: 0, payload: idleDispatch(this.session_id) });
    await this.acked(0, stream_id);
    return stream_id;
  }

  acknowledge(lane: Lane, ack_msg_up_to: number, credit: number = ack_msg_up_to + 256): void {
    const { stream_id, persona_id, clone_id } = lane;
    const names = { ...(persona_id !== '' && { persona_id }), ...(clone_id !== '' && { clone_id }) };
    this.control(['ACK'], { type: 'control.ack', content: { acks: [{ stream_id, ...names, ack_msg_up_to, credit }] } });
  }

  window(window: Window): void {
    this.control([], { type: 'control.window_update' }, { window });
  }

  /** The next frame that fits and was not taken before. Throws `Failed` when none comes in time. */
  async expect(what: string, fits: (frame: Frame, came: Came) => boolean, within_ms?: number): Promise<Came> {
    const found = await this.maybe(fits, within_ms ?? this.#patience_ms);
    if (found !== undefined) return found;
    const seen = this.ws.closed ? `the connection was closed${this.#closeText()}` : `nothing of the kind in time`;
    throw new Failed(what, this.unreadable.length > 0 ? `${seen}; what is no frame: ${this.unreadable[0]}` : seen);
  }

  maybe(fits: (frame: Frame, came: Came) => boolean, within_ms: number): Promise<Came | undefined> {
    return this.came.take((came) => fits(came.frame, came), within_ms);
  }

  /** Waits for the acknowledgement of a message; an `RST` before it fails. */
  async acked(msg_seq: number, stream_id: string = '1', lane: Lane = mainLane(stream_id)): Promise<Frame> {
    const what = `message ${msg_seq} of stream ${stream_id} acknowledged`;
    const { frame } = await this.expect(what, (one) => covers(one, lane, msg_seq) || isReset(one, lane.stream_id));
    assert(!has(frame, 'RST'), what, () => `RST ${JSON.stringify(errorOf(frame) ?? {})}`);
    return frame;
  }

  /** Waits for an acknowledgement of a lane that fits. */
  async ack(
    what: string,
    fits: (ack: Acknowledgement) => boolean,
    lane: Lane = mainLane('1'),
  ): Promise<Acknowledgement> {
    const { frame } = await this.expect(what, (one) => acksOfLane(one, lane).some(fits));
    return acksOfLane(frame, lane).find(fits) as Acknowledgement;
  }

  /** The highest acknowledgement of a lane of all that came. */
  ackedUpTo(lane: Lane): number {
    return Math.max(
      -1,
      ...this.history.flatMap(({ frame }) => acksOfLane(frame, lane).map(({ ack_msg_up_to = -1 }) => ack_msg_up_to)),
    );
  }

  /** The next `RST` of a stream or of the session, with its error. */
  async reset(stream_id: string = '1', code?: string): Promise<WireErrorContent> {
    const what = `RST with an error${code === undefined ? '' : ` ${code}`} on stream ${stream_id} or the session`;
    const { frame } = await this.expect(what, (one) => isReset(one, stream_id));
    const error = errorOf(frame);
    assert(error !== undefined, what, 'RST without an error');
    assert(code === undefined || error.code === code, what, () => `RST with ${error.code}`);
    return error;
  }

  /**
   * What became of what was sent last as message `msg_seq` of `stream_id`. A good message behind it, on stream `fence`,
   * bounds the wait: what must be refused has been when that one was acknowledged.
   */
  async verdict(stream_id: string, msg_seq: number, fence: string): Promise<Answered> {
    this.message({ stream_id: fence, msg_seq: 0, payload: idleDispatch(this.session_id) });
    const lanes = [mainLane(stream_id), mainLane(fence)] as const;
    const decides = (frame: Frame): boolean => isReset(frame, stream_id) || covers(frame, lanes[0], msg_seq);
    const first = await this.maybe((frame) => decides(frame) || covers(frame, lanes[1], 0), this.#patience_ms);
    const last = first !== undefined && !decides(first.frame) ? await this.maybe(decides, GRACE_MS) : first;
    if (last === undefined) {
      const close = this.ws.closed ? await this.ws.events.take((one) => one.type === 'close', 0) : undefined;
      return close?.type === 'close' ? { type: 'closed', code: close.code } : { type: 'nothing' };
    }
    if (!isReset(last.frame, stream_id)) return { type: 'taken' };
    return { type: 'refused', error: errorOf(last.frame), frame: last.frame };
  }

  /** The messages of a lane that came, each once, in order of coming. */
  messages(stream_id: string): readonly Frame[] {
    return this.history.map(({ frame }) => frame).filter((frame) => isMessage(frame) && frame.stream_id === stream_id);
  }

  #read({ kind, data }: WsMessage): void {
    const text = kind === 'text' ? data.toString('utf8') : data.toString('hex');
    try {
      const is_cbor = data.length > 0 && (data[0] as number) >>> 5 === 5;
      const frame = is_cbor ? decodeCbor(data) : decodeJson(data);
      this.#transcript.add(`← ${is_cbor ? `cbor as ` : ''}${encodeJson(frame)}`);
      const encoding = is_cbor ? 'cbor' : 'json';
      const came: Came = { frame, kind, encoding, text, at_ms: performance.now() };
      if (has(frame, 'SYN', 'ACK')) this.#answered(frame);
      this.history.push(came);
      this.came.put(came);
    } catch (error) {
      if (!isFrameError(error)) throw error;
      this.#transcript.add(`← no frame (${error.message}): ${text}`);
      this.unreadable.push(error.message);
    }
  }

  #answered(frame: Frame): void {
    this.answer ??= frame;
    this.hello = helloOf(this.answer);
    this.encoding = this.hello.encoding === 'cbor' ? 'cbor' : 'json';
  }

  #closeText(): string {
    const close = this.ws.events.all().find((one) => one.type === 'close');
    return close?.type === 'close' ? ` with ${close.code}` : '';
  }
}

/** `RST` of a stream, or of the session that it is of. The confirmation of one is none. */
export function isReset(frame: Frame, stream_id: string): boolean {
  return has(frame, 'RST') && !has(frame, 'ACK') && (frame.stream_id === stream_id || frame.stream_id === '0');
}
