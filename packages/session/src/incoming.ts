import {
  type Acknowledgement,
  errorPayload,
  type Frame,
  type Payload,
  hasFlag,
  laneOf,
  type Lane,
  SIGNATURE_REFUSAL,
} from '@atp-router/wire';
import type { SessionEffect } from './contract.ts';
import { Violation } from './core.ts';
import type { Engine } from './engine.ts';
import { isSyn } from './handshake/hello.ts';
import { laneMembers } from './receive/acks.ts';
import { ReplayGuard } from './replay-guard.ts';
import { isMainLane, SESSION_STREAM, streamNumber } from './streams/numbers.ts';
import type { Stream } from './streams/stream.ts';

/** What happens with a frame that came: judged, and given to the part that it is for. */
export class Incoming {
  readonly #engine: Engine;
  #guard: ReplayGuard | undefined;
  /** When the last opening or resumption was signed, until the connection is open. */
  #begun_ts: number | undefined;
  /** Control frame from which the other end's window was read: an older one does not replace it (S3). */
  #window_seq = -1;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  frame(frame: Frame, bytes: number, wall_ms: number): void {
    const { link, core } = this.#engine;
    if (link.is_over) return;
    core.wall_offset_ms = wall_ms - core.now_ms;
    if (frame.session_id !== core.options.session_id) return;
    try {
      if (!this.#isAuthentic(frame, wall_ms)) return;
      if (link.phase === 'open') this.#open(frame, bytes);
      else if (link.phase === 'opening' || link.phase === 'resuming') link.frame(frame);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#violated(frame, error);
    }
  }

  /** Refuses the frame (W64): its stream is aborted, or the session. */
  #violated(frame: Frame, violation: Violation): void {
    const engine = this.#engine;
    const { payload, whole_session } = violation;
    if (engine.link.phase !== 'open') {
      engine.link.violated(payload);
      return;
    }
    const stream = engine.streams.open.get(frame.stream_id);
    if (stream !== undefined) engine.violated(stream, violation);
    else if (whole_session) engine.abortSession(payload);
    else this.#refuseUnopened(frame.stream_id, payload);
  }

  /**
   * A refused frame of a stream that is not open (S43). It may be sent again, and be in order then: it gets the same answer,
   * because the stream is as aborted as an open one would be.
   */
  #refuseUnopened(stream_id: string, error: Payload): void {
    const engine = this.#engine;
    const { core, streams, resets } = engine;
    const number = streamNumber(stream_id);
    const is_peers = streams.peerNumber(stream_id) !== undefined;
    // By its form alone, so every time.
    if (number === undefined) core.control(stream_id, ['RST', 'CTRL'], error);
    else if (resets.has(stream_id)) resets.again(stream_id);
    else if (streams.isUnopened(number) || (is_peers && streams.isFar(number))) engine.abortSession(error);
    else if (engine.tellReset(stream_id, error) && is_peers) streams.see(number);
  }

  /** Checksum and signature (S36). False: nothing is done with the frame. */
  #isAuthentic(frame: Frame, wall_ms: number): boolean {
    const { core } = this.#engine;
    const { signing } = core.options;
    if (frame.checksum !== undefined && core.sealer?.checkChecksum(frame) === 'bad') {
      core.counts.damaged += 1;
      return false;
    }
    if (signing === undefined || !core.signs || this.#mayBeUnsigned(frame)) return true;
    const { signature_skew_ms, nonces } = core.limits;
    // A key is good for what was signed in its time: the clocks of the ends differ when the key changes (S40).
    const verdict = signing.sealer.verify(frame, signing.ring, frame.ts ?? wall_ms);
    const guard = this.#guarded(signature_skew_ms, nonces);
    const seen = verdict.ok ? guard.check(frame.nonce ?? '', frame.ts ?? 0, wall_ms) : 'stale';
    if (seen === 'good') {
      if (isSyn(frame) && this.#engine.link.phase !== 'open') this.#begun_ts = frame.ts;
      return true;
    }
    if (seen === 'stale') {
      core.counts.unauthentic += 1;
      core.emit(verdict.ok ? skewed(frame, wall_ms) : { type: 'unauthentic', fault: verdict.fault });
      throw new Violation(SIGNATURE_REFUSAL.reason, { code: 'ESEC' });
    }
    // A connection may bring a frame twice: only its first coming counts.
    if (seen === 'seen') core.counts.replayed += 1;
    else {
      core.counts.dropped += 1;
      this.#engine.windows.noRoom();
    }
    return false;
  }

  /** A predecessor's nonces are not known: what was signed before the connection began is of another one (S36). */
  #guarded(skew_ms: number, nonces: number): ReplayGuard {
    this.#guard ??= new ReplayGuard(skew_ms, nonces);
    if (this.#begun_ts !== undefined && this.#engine.link.phase === 'open') {
      this.#guard.from(this.#begun_ts);
      this.#begun_ts = undefined;
    }
    return this.#guard;
  }

  /** Nonces that are remembered. */
  get nonces(): number {
    return this.#guard?.size ?? 0;
  }

  /** The first SYN and its answer; and a refusal of the handshake, by somebody who has no key for it. */
  #mayBeUnsigned(frame: Frame): boolean {
    if (frame.sig !== undefined) return false;
    const { link, server } = this.#engine;
    if (!isSyn(frame)) return link.phase !== 'open' && hasFlag(frame, 'RST');
    if (frame.payload?.type !== 'control.hello') return false;
    // The link knows whether it is the first one again. The answer to a resumption is signed.
    return server !== undefined || link.phase !== 'resuming';
  }

  #open(frame: Frame, bytes: number): void {
    const engine = this.#engine;
    engine.quiet.read();
    if (engine.server !== undefined) engine.server.frame(frame);
    if (frame.flags !== undefined && hasFlag(frame, 'CTRL')) this.#control(frame);
    else this.#message(frame, bytes);
  }

  #control(frame: Frame): void {
    if (hasFlag(frame, 'RST')) this.#reset(frame);
    else if (!hasFlag(frame, 'SYN')) this.#told(frame);
  }

  #told(frame: Frame): void {
    const { sender, core, link } = this.#engine;
    if (hasFlag(frame, 'ECN')) {
      sender.congestion.crowded(sender.in_flight, core.t, sender.rtt.srtt_ms);
      core.emit({ type: 'peer_crowded' });
    }
    const { payload } = frame;
    if (payload?.type === 'control.window_update') this.#window(frame);
    else if (payload?.type !== 'control.ack') return;
    const { acks = [] } = (payload.content ?? {}) as { readonly acks?: readonly Acknowledgement[] };
    for (const ack of acks) {
      if (link.is_over) return;
      const of = ack.stream_id === undefined ? { ...ack, stream_id: frame.stream_id } : ack;
      sender.acknowledged(of);
      if (of.withdrawn !== undefined && of.withdrawn.length > 0) this.#withdrawn(of);
    }
  }

  #window({ window, msg_seq }: Frame): void {
    const { core, store } = this.#engine;
    if (window === undefined || msg_seq <= Math.max(this.#window_seq, store.window_seq)) return;
    this.#window_seq = msg_seq;
    const { max_parallel, max_tokens, max_usd_micros } = core.peer_window;
    const isSame =
      max_parallel === window.max_parallel &&
      max_tokens === window.max_tokens &&
      max_usd_micros === window.max_usd_micros;
    if (isSame) return;
    core.peer_window = window;
    store.window_seq = msg_seq;
    core.journal.touch(store);
    core.emit({ type: 'peer_window', window });
  }

  #withdrawn(ack: Acknowledgement): void {
    const { stream_id = SESSION_STREAM, persona_id = '', clone_id = '', withdrawn = [] } = ack;
    const lane = { stream_id, persona_id, clone_id };
    const stream = this.#place(lane, Math.max(...withdrawn));
    if (stream !== undefined) this.#engine.receiver.withdrawn(ack, stream);
  }

  #message(frame: Frame, bytes: number): void {
    const { quiet, receiver, streams } = this.#engine;
    quiet.active();
    const stream = streams.open.get(frame.stream_id) ?? this.#place(laneOf(frame), frame.msg_seq);
    if (stream !== undefined) receiver.message(stream, frame, bytes);
  }

  /** The stream of a message; where there is none, the other end is told why. */
  #place(lane: Lane, msg_seq: number): Stream | undefined {
    const engine = this.#engine;
    const { core, resets, streams } = engine;
    const { stream_id } = lane;
    if (resets.has(stream_id)) {
      core.counts.late += 1;
      resets.again(stream_id);
      return undefined;
    }
    const place = streams.place(stream_id, engine.peer_streams);
    if (place !== 'refused' && place !== 'closed') return place;
    if (place === 'closed') this.#closed(lane, msg_seq);
    else
      engine.tellReset(stream_id, engine.finishing ? errorPayload('EDRAINING') : full(core.limits.window_interval_ms));
    return undefined;
  }

  /** Everything that a closed stream brought is settled (S30). */
  #closed(lane: Lane, msg_seq: number): void {
    const { core, streams, receiver } = this.#engine;
    core.counts.duplicates += 1;
    const main = streams.lingering.get(lane.stream_id);
    if (main !== undefined && isMainLane(lane)) {
      receiver.acks.now(main);
      return;
    }
    const acks = [{ ...laneMembers(lane), ack_msg_up_to: msg_seq, credit: msg_seq }];
    core.control(SESSION_STREAM, ['ACK', 'CTRL'], { type: 'control.ack', content: { acks } });
  }

  #reset(frame: Frame): void {
    const engine = this.#engine;
    const { stream_id, payload } = frame;
    if (stream_id === SESSION_STREAM) {
      engine.close(payload, 'reset');
      engine.core.emit({ type: 'disconnect' });
      return;
    }
    const confirmed = engine.resets.confirmed(stream_id);
    const stream = engine.streams.open.get(stream_id);
    if (hasFlag(frame, 'ACK')) {
      // Not asked for: the other end has no such stream any more.
      if (!confirmed && stream !== undefined) engine.abort(stream, errorPayload('EPROTO'), false);
      return;
    }
    if (stream !== undefined) engine.abort(stream, payload, false);
    const number = stream === undefined ? engine.streams.peerNumber(stream_id) : undefined;
    if (number !== undefined) engine.streams.see(number);
    // Who has this answer forgets the stream: a successor must know of it first.
    engine.core.journal.whenSaved(() => {
      if (engine.core.is_up) engine.core.control(stream_id, ['RST', 'ACK', 'CTRL']);
    });
  }
}

/** Signed with a good key, at another time: a clock that is wrong. */
function skewed({ ts = 0 }: Frame, wall_ms: number): SessionEffect {
  return { type: 'unauthentic', fault: 'clock', skew_ms: ts - wall_ms };
}

/** By then the other end knows the window, also where it has just changed (S24). */
function full(retry_after_ms: number): Payload {
  return errorPayload('EWINDOW', { retry_after_ms });
}
