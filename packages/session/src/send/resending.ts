import type { Core } from '../core.ts';
import { laneMembers } from '../receive/acks.ts';
import { SESSION_STREAM } from '../streams/numbers.ts';
import type { LaneOut, OutMessage } from '../streams/stream.ts';
import type { CongestionWindow } from './congestion.ts';
import { type RoundTrip, spread_ms } from './rtt.ts';

/** What sends. */
interface SendingAgain {
  readonly rtt: RoundTrip;
  readonly congestion: CongestionWindow;
  readonly in_flight: number;
  transmit(message: OutMessage, fragment: number): void;
  /** Starts the retransmission time anew. */
  sent(message: OutMessage): void;
  /** It is not on its way any more. */
  land(message: OutMessage): void;
  /** Other lanes of its stream may send. */
  readyBeside(lane: LaneOut): void;
}

/** Fragments of a message that are to be sent again. */
interface Named {
  readonly lane: LaneOut;
  readonly fragments: Set<number>;
}

/**
 * Sending again: what is named as missing, what nobody acknowledged in time; and giving up at the end of its lifetime. Some
 * bytes name megabytes, so what is named is sent in turns, each of which is small, however much and however often it is named.
 */
export class Resending {
  readonly #core: Core;
  readonly #sender: SendingAgain;
  readonly #named: Map<OutMessage, Named> = new Map();
  #turn_t = Number.NEGATIVE_INFINITY;

  constructor(core: Core, sender: SendingAgain) {
    this.#core = core;
    this.#sender = sender;
  }

  /** Messages of which nothing, or too little, has arrived. */
  messages(lane: LaneOut, numbers: readonly number[]): void {
    for (const msg_seq of numbers) {
      const message = this.#repeatable(lane, msg_seq);
      if (message !== undefined) this.#name(lane, message, message.frames.keys());
    }
    this.#turn();
  }

  /** How far one message is, and which of its fragments are to be sent again. */
  fragments(lane: LaneOut, msg_seq: number, up_to: number | undefined, missing: readonly number[] | undefined): void {
    const message = lane.at(msg_seq);
    if (message === undefined || message.sends === 0) return;
    if (up_to !== undefined && up_to > message.acked_up_to && up_to < message.frames.length) {
      message.acked_up_to = up_to;
      // It gets on: the time runs anew, as for a whole message.
      message.due_t = this.#core.t + spread_ms(this.#sender.rtt.rto_ms(1), this.#core.options.ports.rng);
      this.#core.wake(message.due_t);
    }
    if (missing === undefined || missing.length === 0 || this.#repeatable(lane, msg_seq) === undefined) return;
    this.#name(lane, message, missing);
    this.#turn();
  }

  /** A message that can have been missed: not just sent. The round trip is what the peer makes it seem. */
  #repeatable(lane: LaneOut, msg_seq: number): OutMessage | undefined {
    const message = lane.at(msg_seq);
    if (message === undefined || !isOnItsWay(lane, message)) return undefined;
    const least_ms = Math.max(this.#sender.rtt.srtt_ms / 2, this.#core.limits.resend_turn_ms);
    return this.#core.t - message.last_t < least_ms ? undefined : message;
  }

  #name(lane: LaneOut, message: OutMessage, fragments: Iterable<number>): void {
    const named = this.#named.get(message) ?? { lane, fragments: new Set() };
    for (const fragment of fragments) if (fragment < message.frames.length) named.fragments.add(fragment);
    if (named.fragments.size > 0) this.#named.set(message, named);
  }

  /** Sends some of what is named, if it is time. */
  #turn(): void {
    const { t, limits } = this.#core;
    if (this.#named.size === 0) return;
    if (t >= this.#turn_t) {
      this.#turn_t = t + limits.resend_turn_ms;
      let left = limits.resend_fragments;
      for (const [message, named] of this.#named) {
        if (left <= 0) break;
        left -= this.#sendNamed(message, named, left);
      }
    }
    if (this.#named.size > 0) this.#core.wake(this.#turn_t);
  }

  /** Gives how many fragments it sent. */
  #sendNamed(message: OutMessage, { lane, fragments }: Named, most: number): number {
    let count = 0;
    // It may be settled meanwhile, or given up.
    if (lane.at(message.msg_seq) === message && isOnItsWay(lane, message))
      for (const fragment of fragments) {
        if (count === most) break;
        this.#sender.transmit(message, fragment);
        fragments.delete(fragment);
        count += 1;
      }
    if (count > 0) this.#sender.sent(message);
    if (count === 0 || fragments.size === 0) this.#named.delete(message);
    return count;
  }

  /** A new connection: everything is sent anew. */
  restart(): void {
    this.#named.clear();
  }

  timeout(lanes: Iterable<LaneOut>): void {
    const { t, limits } = this.#core;
    this.#turn();
    let left = limits.turn;
    for (const lane of lanes) {
      if (left <= 0) break;
      left -= this.#ofLane(lane);
    }
    if (left <= 0) this.#core.wake(t + limits.ack_delay_ms);
  }

  /**
   * Only the oldest message of a lane is sent again by time: those behind it may all have arrived, and the receiver names
   * the ones that have not. Gives how many frames it sent.
   */
  #ofLane(lane: LaneOut): number {
    this.#withdraw(lane);
    const oldest = lane.at(Math.max(lane.first, lane.withdrawn));
    if (oldest === undefined || oldest.msg_seq >= lane.unsent) return 0;
    if (this.#core.t >= oldest.due_t) return this.#again(oldest);
    this.#core.wake(oldest.due_t);
    return 0;
  }

  #again(message: OutMessage): number {
    const { rtt, congestion, in_flight } = this.#sender;
    congestion.crowded(in_flight, this.#core.t, rtt.srtt_ms);
    const last = message.frames.length - 1;
    const first = Math.min(message.acked_up_to + 1, last);
    const batch = Math.min(last, first + this.#core.limits.resend_fragments - 1);
    for (let i = first; i < batch; i += 1) this.#sender.transmit(message, i);
    this.#sender.transmit(message, last);
    this.#sender.sent(message);
    return batch - first + 1;
  }

  /** Gives up what is over its lifetime, and says so until the receiver has settled it (S12). */
  #withdraw(lane: LaneOut): void {
    const { t, limits, options, live } = this.#core;
    const before = lane.withdrawn;
    for (let message = lane.at(Math.max(lane.first, lane.withdrawn)); message !== undefined; ) {
      if (message.sends === 0 || !live.isDue(message.first_t + limits.resend_lifetime_ms)) break;
      lane.withdrawn = message.msg_seq + 1;
      lane.unsent = Math.max(lane.unsent, lane.withdrawn);
      message.frames = [];
      this.#sender.land(message);
      message = lane.at(lane.withdrawn);
    }
    if (lane.withdrawn > before) {
      lane.withdraw_sends = 0;
      lane.withdraw_due_t = t;
      if (lane.is_main && before === 0) this.#sender.readyBeside(lane);
    }
    if (lane.withdrawn <= lane.first) return;
    if (t >= lane.withdraw_due_t) {
      lane.withdraw_sends += 1;
      lane.withdraw_due_t = t + spread_ms(this.#sender.rtt.rto_ms(lane.withdraw_sends), options.ports.rng);
      const withdrawn = Array.from({ length: lane.withdrawn - lane.first }, (_, i) => lane.first + i);
      const acks = [{ ...laneMembers(lane.lane), withdrawn }];
      this.#core.control(SESSION_STREAM, ['CTRL'], { type: 'control.ack', content: { acks } });
    }
    this.#core.wake(lane.withdraw_due_t);
  }
}

/** Sent on this connection, and neither withdrawn nor settled. */
function isOnItsWay(lane: LaneOut, { msg_seq }: OutMessage): boolean {
  return msg_seq < lane.unsent && msg_seq >= lane.withdrawn;
}
