import { assert } from '@atp-router/kernel';
import { type Acknowledgement, type Lane, laneKey } from '@atp-router/wire';
import type { FailureReason, Outgoing } from '../contract.ts';
import { type Core, Violation } from '../core.ts';
import type { Stream } from '../streams/stream.ts';
import { SESSION_STREAM } from '../streams/numbers.ts';
import type { Streams } from '../streams/streams.ts';
import { CongestionWindow } from './congestion.ts';
import { messageBytes, messageFrames } from './frames.ts';
import { FRESH, neverSent, sentAs } from './out-message.ts';
import type { LaneOut, OutMessage } from '../streams/stream.ts';
import { storedLane } from '../durable/stored.ts';
import { Resending } from './resending.ts';
import { RoundTrip, spread_ms } from './rtt.ts';

/** What follows from what becomes of messages. */
export interface SenderTo {
  /** Nothing of the stream is unsettled any more. */
  closing(stream: Stream): void;
  /** A status of this end has failed. */
  statusFailed(msg_seq: number): void;
}

/** The messages of this end, from their acceptance until each is acknowledged or has failed. */
export class Sender {
  readonly rtt: RoundTrip;
  readonly congestion: CongestionWindow;
  /** Lanes that have something unsettled. */
  readonly active: Set<LaneOut> = new Set();
  /** Lanes that refused a message, until they take one again. */
  readonly refused: Map<string, { readonly lane: Lane; readonly beyond: boolean }> = new Map();
  in_flight = 0;
  unsettled = 0;
  readonly #core: Core;
  readonly #streams: Streams;
  readonly #to: SenderTo;
  readonly #resending: Resending;
  #ready: LaneOut[] = [];
  #bytes = 0;
  #flight_bytes = 0;

  constructor(core: Core, streams: Streams, to: SenderTo) {
    this.#core = core;
    this.#streams = streams;
    this.#to = to;
    this.rtt = new RoundTrip(core.limits);
    this.congestion = new CongestionWindow(core.limits.unsettled_messages);
    this.#resending = new Resending(core, this);
  }

  /** Content of all unsettled messages, roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there is room for a message in the lane; the lane need not be there yet. */
  hasRoom(lane: LaneOut | undefined): boolean {
    const { unsettled_messages, outbox_bytes } = this.#core.limits;
    if (this.unsettled >= unsettled_messages || this.#bytes >= outbox_bytes) return false;
    return lane === undefined || lane.next_seq <= lane.credit;
  }

  /** Takes a message for which there is room. Throws `FrameError`, and takes nothing, when it cannot be carried. */
  add(stream: Stream, at: Lane, message: Outgoing, fin: boolean, internal: boolean): void {
    const lane = this.#streams.laneOut(stream, at);
    assert(lane.is_main || message.payload !== undefined, 'a message of a persona has a payload');
    const msg_seq = lane.next_seq;
    const frames = messageFrames(this.#core.options, lane, msg_seq, message, fin);
    const bytes = internal && fin ? 0 : messageBytes(message);
    this.queue(lane, { ...FRESH, msg_seq, message, fin, internal, bytes, frames });
    const { journal } = this.#core;
    if (fin) {
      stream.ended = true;
      journal.touch(stream);
    }
    if (!journal.durable) {
      lane.released = msg_seq;
      this.ready(lane);
      return;
    }
    journal.change({ put: 'outbox', id: lane.id(msg_seq), message, fin });
    journal.touch(storedLane(this.#core, stream, lane.lane));
    // A number that a successor would give again must not be on the wire before it is kept.
    journal.hold(() => {
      lane.released = msg_seq;
      this.ready(lane);
      this.pump();
    });
  }

  /** Into the lane, without asking or saving: also what a store kept. */
  queue(lane: LaneOut, message: OutMessage): void {
    lane.push(message);
    this.unsettled += 1;
    this.#bytes += message.bytes;
    lane.stream.unsettled += 1;
    if (!lane.is_main) lane.stream.unsettled_beside += 1;
    this.active.add(lane);
  }

  ready(lane: LaneOut): void {
    if (lane.is_ready) return;
    lane.is_ready = true;
    this.#ready.push(lane);
  }

  /** Sends what may be sent: one message of each lane in turn, so that no lane waits for another. */
  pump(): void {
    if (!this.#core.is_up) return;
    let at = 0;
    while (at < this.#ready.length && this.#mayFly()) {
      const lane = this.#ready[at] as LaneOut;
      at += 1;
      if (this.#sendNext(lane)) this.#ready.push(lane);
      else lane.is_ready = false;
    }
    if (at === this.#ready.length) this.#ready = at === 0 ? this.#ready : [];
    else if (at > 0) this.#ready = this.#ready.slice(at);
  }

  #mayFly(): boolean {
    if (this.in_flight >= this.congestion.messages) return false;
    return this.#flight_bytes < this.#core.limits.flight_bytes;
  }

  #fly(message: OutMessage): void {
    message.in_flight = true;
    this.in_flight += 1;
    this.#flight_bytes += message.bytes;
  }

  /** Settled, withdrawn, or lost with its connection. */
  land(message: OutMessage): void {
    if (!message.in_flight) return;
    message.in_flight = false;
    this.in_flight -= 1;
    this.#flight_bytes -= message.bytes;
  }

  /** Whether the lane may have more to send. */
  #sendNext(lane: LaneOut): boolean {
    const message = lane.at(lane.unsent);
    if (message === undefined || message.msg_seq > lane.released || message.msg_seq > lane.credit) return false;
    if (message.fin && lane.is_main && lane.stream.unsettled_beside > 0) return false;
    // Nothing of a stream can be settled before its first message: with a small window it would be in its way.
    if (
      !lane.is_main &&
      lane.stream.own &&
      lane.stream.main_out?.unsent === 0 &&
      lane.lane.stream_id !== SESSION_STREAM
    )
      return false;
    lane.unsent += 1;
    if (message.sends === 0) message.first_t = this.#core.live.now;
    this.#fly(message);
    for (let i = message.acked_up_to + 1; i < message.frames.length; i += 1) this.transmit(message, i);
    this.sent(message);
    if (lane.is_main && message.msg_seq === 0) this.readyBeside(lane);
    return lane.unsent <= lane.released;
  }

  /** The first message of a stream was sent, is settled, or is given up: its other lanes may send. */
  readyBeside({ stream }: LaneOut): void {
    for (const lane of stream.outs?.values() ?? []) if (lane.size > 0) this.ready(lane);
  }

  transmit(message: OutMessage, fragment: number): void {
    const frame = message.frames[fragment];
    if (frame === undefined) return;
    if (message.sends > 0) this.#core.counts.resent += 1;
    this.#core.transmit(frame);
  }

  /** Starts the retransmission time anew. */
  sent(message: OutMessage): void {
    const { t, options } = this.#core;
    message.sends += 1;
    message.last_t = t;
    message.due_t = t + spread_ms(this.rtt.rto_ms(message.sends), options.ports.rng);
    this.#core.wake(message.due_t);
  }

  /** An acknowledgement of a lane of this end. Throws `Violation` for one of what was never sent. */
  acknowledged(ack: Acknowledgement): void {
    const { stream_id = SESSION_STREAM, persona_id = '', clone_id = '' } = ack;
    const lane = this.#streams.findOut({ stream_id, persona_id, clone_id });
    if (lane === undefined) {
      // What comes late on a stream that is closed says nothing new.
      if (ack.ack_msg_up_to !== undefined && !this.#streams.isClosed(stream_id)) throw neverSent();
      return;
    }
    if (ack.ack_msg_up_to !== undefined) this.#upTo(lane, ack.ack_msg_up_to, ack.failed);
    if (ack.credit !== undefined && ack.credit > lane.credit) {
      lane.credit = ack.credit;
      if (this.#core.journal.durable) this.#core.journal.touch(storedLane(this.#core, lane.stream, lane.lane));
      if (lane.unsent <= lane.released) this.ready(lane);
    }
    if (ack.missing_messages !== undefined) this.#resending.messages(lane, ack.missing_messages);
    if (ack.msg_seq !== undefined) this.#resending.fragments(lane, ack.msg_seq, ack.ack_up_to, ack.missing);
  }

  #upTo(lane: LaneOut, up_to: number, failed: readonly number[] | undefined): void {
    if (up_to >= lane.next_seq) throw neverSent();
    const lost = new Set(failed);
    let newest: OutMessage | undefined;
    let count = 0;
    let again = false;
    while (lane.first <= up_to) {
      const message = lane.oldest as OutMessage;
      if (message.sends === 0)
        throw new Violation('A message was acknowledged before it was sent.', { whole_session: true });
      count += 1;
      again ||= message.sends > 1;
      newest = message;
      this.#settle(lane, message, lost.has(message.msg_seq) ? 'expired' : undefined);
    }
    if (newest === undefined) return;
    if (!again) this.rtt.sample(this.#core.t - newest.last_t);
    this.congestion.acknowledged(count);
    const next = lane.oldest;
    if (next !== undefined && next.sends > 0) this.#core.wake(next.due_t);
  }

  #settle(lane: LaneOut, message: OutMessage, failed: FailureReason | undefined): void {
    const { stream } = lane;
    lane.shift();
    this.#leave(lane, message);
    const { msg_seq, internal, fin } = message;
    const id = lane.id(msg_seq);
    this.#core.journal.change({ drop: 'outbox', id });
    if (!internal)
      this.#core.emit(
        failed
          ? { type: 'failed', way: 'out', id, reason: failed }
          : { type: 'acknowledged', id, sent: sentAs(message, this.#core.t) },
      );
    // Nobody has read that this was the last one: another one has to say it.
    if (fin && failed !== undefined) this.add(stream, lane.lane, {}, true, true);
    else if (fin) stream.out_done = true;
    else if (internal && failed !== undefined) this.#to.statusFailed(msg_seq);
    if (stream.unsettled_beside === 0 && stream.ended && stream.main_out !== undefined) this.ready(stream.main_out);
    if (stream.unsettled === 0) this.#to.closing(stream);
  }

  #leave(lane: LaneOut, message: OutMessage): void {
    this.land(message);
    this.unsettled -= 1;
    this.#bytes -= message.bytes;
    lane.stream.unsettled -= 1;
    if (!lane.is_main) lane.stream.unsettled_beside -= 1;
    if (lane.unsent <= message.msg_seq) {
      lane.unsent = message.msg_seq + 1;
      // Settled by a word of an earlier connection, before it was sent on this one.
      if (lane.is_main && message.msg_seq === 0) this.readyBeside(lane);
    }
    if (lane.withdrawn <= message.msg_seq) lane.withdrawn = message.msg_seq + 1;
    if (lane.size === 0) this.active.delete(lane);
  }

  timeout(): void {
    this.#resending.timeout(this.active);
  }

  /** On a new connection: nothing is on its way any more, and what is not settled is sent again. */
  restart(): void {
    this.#resending.restart();
    for (const lane of this.active) {
      for (const message of lane.unsettled()) {
        this.land(message);
        message.acked_up_to = -1;
      }
      lane.unsent = Math.max(lane.first, lane.withdrawn);
      if (lane.withdrawn > lane.first) lane.withdraw_due_t = this.#core.t;
      this.ready(lane);
    }
    this.#core.wake(this.#core.t);
  }

  /** The stream or the session is over. `reason` is for what was sent, and may have arrived; what was not has not. */
  abandon(stream: Stream, reason: FailureReason): void {
    for (const lane of stream.lanesOut()) {
      lane.is_ready = false;
      for (let message = lane.shift(); message !== undefined; message = lane.shift()) {
        this.#leave(lane, message);
        const id = lane.id(message.msg_seq);
        this.#core.journal.change({ drop: 'outbox', id });
        if (message.internal) continue;
        this.#core.emit({ type: 'failed', way: 'out', id, reason: message.sends > 0 ? reason : 'expired' });
      }
      lane.unsent = lane.next_seq;
      lane.released = lane.next_seq - 1;
    }
    this.#ready = this.#ready.filter((lane) => lane.stream !== stream);
  }

  /** Remembers whom to tell when there is room. */
  refuse(lane: Lane, beyond: boolean): void {
    if (this.refused.size < this.#core.limits.unsettled_messages) this.refused.set(laneKey(lane), { lane, beyond });
  }
}
