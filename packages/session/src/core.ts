import type { WireCode } from '@atp-router/kernel';
import {
  errorPayload,
  type Frame,
  type Payload,
  PROTOCOL_MAJOR,
  type Sealer,
  type Window,
  type WireErrorContent,
} from '@atp-router/wire';
import type { Agreed, SessionEffect } from './contract.ts';
import { Journal } from './durable/journal.ts';
import { LiveTime } from './live-time.ts';
import { SESSION_LIMITS, type SessionLimits } from './limits.ts';
import type { SessionOptions } from './options.ts';

/** Counted for whoever watches the session; nothing is decided by them. */
export interface SessionCounts {
  /** Messages and fragments that had come before. */
  duplicates: number;
  /** What came of messages that had failed, and of streams that were aborted. */
  late: number;
  /** Frames for which there was no room (S22). */
  dropped: number;
  /** Messages and fragments that were sent again. */
  resent: number;
  /** Frames whose checksum was wrong. */
  damaged: number;
  /** Frames whose signature was missing, wrong or too old. For the audit log. */
  unauthentic: number;
  /** Frames whose nonce had been used. */
  replayed: number;
}

/** What a session begins with. */
export const NO_COUNTS: Readonly<SessionCounts> = {
  duplicates: 0,
  late: 0,
  dropped: 0,
  resent: 0,
  damaged: 0,
  unauthentic: 0,
  replayed: 0,
};

/** Thrown where a frame breaks the protocol; the session turns it into an abort of the stream, or of itself. */
export class Violation extends Error {
  readonly payload: Payload & { readonly content: WireErrorContent };
  readonly whole_session: boolean;

  constructor(
    reason: string,
    options: { readonly whole_session?: boolean; readonly code?: WireCode; fault?: string } = {},
  ) {
    super(reason);
    const details = options.fault === undefined ? {} : { details: { fault: options.fault } };
    this.payload = errorPayload(options.code ?? 'EPROTO', { reason, ...details });
    this.whole_session = options.whole_session ?? false;
  }
}

/** S40: no frame of the session can be sent any more, and the other end sees the connection close. */
export const KEYLESS: Payload = errorPayload('ESEC', { reason: 'No signing key of this end is valid at this time.' });

/** What all parts of a session share: its time, what leaves it, and what the handshake settled. */
export class Core {
  readonly options: SessionOptions;
  readonly limits: SessionLimits;
  readonly journal: Journal;
  readonly counts: SessionCounts = { ...NO_COUNTS };
  /** Session time in milliseconds: stands still without a connection (S31). */
  t = 0;
  /** Earliest time at which a part wants to be asked; may be earlier than needed, never later. */
  wake_t: number = Number.POSITIVE_INFINITY;
  /** Session time as far as the other end was heard: for what gives a message up. */
  readonly live: LiveTime = new LiveTime(this);
  agreed: Agreed | undefined;
  /** Whether frames other than the handshake's may be sent. */
  is_up = false;
  /** This way is crowded: acknowledgements tell (S15). */
  crowded = false;
  control_seq = 0;
  /** Below it a successor uses no number again: what is above must not be sent yet (S3). */
  control_limit: number = Number.POSITIVE_INFINITY;
  own_window: Window;
  peer_window: Window = {};
  /** What the other end takes of a lane (S8). */
  peer_pending: number;
  /** A frame was to be signed and no key was valid: the session is to end. */
  is_keyless = false;
  /** The last effect of all. */
  ending: SessionEffect | undefined;
  /** Wall clock minus monotone clock, once one is known. */
  wall_offset_ms: number | undefined;
  #now_ms = 0;
  #effects: SessionEffect[] = [];

  constructor(options: SessionOptions) {
    this.options = options;
    this.limits = options.limits === undefined ? SESSION_LIMITS : { ...SESSION_LIMITS, ...options.limits };
    this.journal = new Journal(options.durable ?? false);
    this.own_window = options.window ?? {};
    this.peer_pending = SESSION_LIMITS.pending_messages;
  }

  get now_ms(): number {
    return this.#now_ms;
  }

  set now_ms(now_ms: number) {
    this.#now_ms = now_ms;
  }

  get interval_ms(): number {
    return this.agreed?.interval_ms ?? this.limits.interval_ms;
  }

  /** For checksums: the one that signs, where there is one. */
  get sealer(): Sealer | undefined {
    const { signing, ports } = this.options;
    return signing?.sealer ?? ports.sealer;
  }

  get signs(): boolean {
    return this.agreed?.features.includes('sig') ?? false;
  }

  emit(effect: SessionEffect): void {
    this.#effects.push(effect);
  }

  take(): readonly SessionEffect[] {
    if (this.ending !== undefined) {
      this.#effects.push(this.ending);
      this.ending = undefined;
    }
    if (this.#effects.length === 0) return NOTHING;
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  wake(t: number): void {
    if (t < this.wake_t) this.wake_t = t;
  }

  /** What cannot be signed is not sent: the other end would refuse it, and rightly (S36). */
  transmit(frame: Frame): void {
    const outgoing = this.signs ? this.#signed(frame) : frame;
    if (outgoing === undefined) this.is_keyless = true;
    else this.emit({ type: 'send', frame: this.#summed(outgoing) });
  }

  /** With a checksum where both ends have asked for it (S55). */
  #summed(frame: Frame): Frame {
    return this.agreed?.features.includes('checksum') ? (this.sealer?.withChecksum(frame) ?? frame) : frame;
  }

  /** With the key that is the newest now; nothing without one. Each sending has a nonce of its own. */
  #signed(frame: Frame): Frame | undefined {
    const { signing, ports } = this.options;
    const ts = Math.max(0, Math.round((this.wall_offset_ms ?? 0) + this.#now_ms));
    const key = signing?.ring.signer(ts);
    return key && signing?.sealer.sign(frame, key, { nonce: ports.secret(), ts });
  }

  /** A control frame with the next number; the caller sends it. */
  controlFrame(stream_id: string, flags: readonly string[], payload?: Payload, window?: Window): Frame {
    const msg_seq = this.control_seq;
    this.control_seq += 1;
    return {
      v: PROTOCOL_MAJOR,
      session_id: this.options.session_id,
      stream_id,
      msg_seq,
      flags: this.crowded ? [...flags, 'ECN'] : flags,
      ...(window && { window }),
      ...(payload && { payload }),
    };
  }

  /** Whether the next control frame may be sent, as far as its number goes. */
  get may_number(): boolean {
    return this.control_seq < this.control_limit;
  }

  /** A control frame may be lost, so one whose number is not saved in time is as good as lost. */
  control(stream_id: string, flags: readonly string[], payload?: Payload, window?: Window): void {
    if (!this.may_number) return;
    this.transmit(this.controlFrame(stream_id, flags, payload, window));
  }
}

const NOTHING: readonly SessionEffect[] = [];
