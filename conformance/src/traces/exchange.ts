import { createHash } from 'node:crypto';
import {
  type Digests,
  digestsFrom,
  encodeCbor,
  encodeJson,
  type Flag,
  type Frame,
  laneKey,
  laneOf,
  type Meta,
  type Payload,
  Sealer,
  type SigningKey,
  type Window,
} from '@atp-router/wire';
import { type Direction, TraceRecorder } from '@atp-router/wire/tools';

export const digests: Digests = digestsFrom((bytes) => createHash('sha256').update(bytes).digest());

/** What an end sends; the exchange numbers it. */
export interface Said {
  readonly flags?: readonly Flag[];
  /** Default: the stream of the session. */
  readonly stream?: number | string;
  readonly payload?: Payload;
  readonly window?: Window;
  readonly meta?: Meta;
  /** Instead of the next number of the lane, or of the control frames. */
  readonly msg_seq?: number;
}

type End = 'client' | 'server';

const SESSION_ID = 'c7f3a9e2b1d84560';
const STEP_MS = 10;

/**
 * Writes down an exchange between a client and a server as the client's trace: `out` is the client. Each end numbers its
 * control frames and its lanes by itself; what a rule forbids can be said all the same. Time goes on ten milliseconds a
 * frame.
 */
export class Exchange {
  readonly #recorder: TraceRecorder = new TraceRecorder(0, { with_bytes: true });
  readonly #next: Map<string, number> = new Map();
  readonly #lines: string[] = [];
  readonly #key: SigningKey | undefined;
  #encoding: 'json' | 'cbor' = 'json';
  #conn = 1;
  #now_ms = 0;
  #nonces = 0;

  constructor(about: string, key?: SigningKey) {
    this.#lines.push(this.#recorder.header(about));
    this.#key = key;
  }

  text(): string {
    return this.#lines.join('');
  }

  client(said: Said): Frame {
    return this.#say('client', said);
  }

  server(said: Said): Frame {
    return this.#say('server', said);
  }

  /** The server's, or lost on the way to it: numbered, and not in the trace. */
  lost(end: End, said: Said): Frame {
    return this.#frame(end, said);
  }

  /** Sends a frame as it is: a repetition, a fragment. */
  send(end: End, frame: Frame): Frame {
    const { flags = [] } = frame;
    const is_signed = this.#key !== undefined && !flags.includes('SYN');
    const sent = is_signed ? this.#signed(frame, this.#key) : frame;
    const bytes = this.#encoding === 'cbor' ? encodeCbor(sent) : Buffer.from(encodeJson(sent));
    this.bytes(end, bytes, this.#encoding);
    return frame;
  }

  /** Sends bytes, whatever they are. */
  bytes(end: End, bytes: Uint8Array, encoding: 'json' | 'cbor' = this.#encoding): void {
    const dir: Direction = end === 'client' ? 'out' : 'in';
    this.#lines.push(this.#recorder.line({ dir, conn: `c${this.#conn}`, encoding, bytes, now_ms: this.#now_ms }));
    this.#now_ms += STEP_MS;
  }

  /** From here on both ends use CBOR. */
  cbor(): void {
    this.#encoding = 'cbor';
  }

  /** The connection is lost, and there is another one after a while. */
  reconnect(): void {
    this.#conn += 1;
    this.#now_ms += 1_000;
  }

  /** The next number of a lane, or of the control frames, of an end. */
  number(end: End, frame: Frame): Frame {
    const key = `${end} ${frame.flags?.includes('CTRL') ? 'control' : laneKey(laneOf(frame))}`;
    const msg_seq = this.#next.get(key) ?? 0;
    this.#next.set(key, msg_seq + 1);
    return { ...frame, msg_seq };
  }

  #say(end: End, said: Said): Frame {
    return this.send(end, this.#frame(end, said));
  }

  #frame(end: End, { flags, stream = 0, msg_seq, window, meta, payload }: Said): Frame {
    const frame: Frame = {
      ...{ v: 1, session_id: SESSION_ID, stream_id: String(stream), msg_seq: msg_seq ?? 0 },
      ...(flags && { flags }),
      ...(window && { window }),
      ...(meta && { meta }),
      ...(payload && { payload }),
    };
    return msg_seq === undefined ? this.number(end, frame) : frame;
  }

  #signed(frame: Frame, key: SigningKey): Frame {
    this.#nonces += 1;
    const stamp = { nonce: `n${this.#nonces}`, ts: 1_764_000_000_000 + this.#now_ms };
    return new Sealer(digests).sign(frame, key, stamp);
  }
}
