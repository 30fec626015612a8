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

/** Sending again: what is named as missing, what nobody acknowledged in time; and giving up at the end of its lifetime. */
export class Resending {
  readonly #core: Core;
  readonly #sender: SendingAgain;

  constructor(core: Core, sender: SendingAgain) {
    this.#core = core;
    this.#sender = sender;
  }

  /** Messages of which nothing, or too little, has arrived. */
  messages(lane: LaneOut, numbers: readonly number[]): void {
    for (const msg_seq of numbers) {
      const message = this.#repeatable(lane, msg_seq);
      if (message === undefined) continue;
      for (let i = 0; i < message.frames.length; i += 1) this.#sender.transmit(message, i);
      this.#sender.sent(message);
    }
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
    for (const fragment of missing) this.#sender.transmit(message, fragment);
    this.#sender.sent(message);
  }

  /** A message that has been sent on this connection, is not withdrawn, and can have been missed: not just sent. */
  #repeatable(lane: LaneOut, msg_seq: number): OutMessage | undefined {
    const message = lane.at(msg_seq);
    if (message === undefined || msg_seq >= lane.unsent || msg_seq < lane.withdrawn) return undefined;
    return this.#core.t - message.last_t < this.#sender.rtt.srtt_ms / 2 ? undefined : message;
  }

  /**
   * Only the oldest message of a lane is sent again by time: those behind it may all have arrived, and the receiver names
   * the ones that have not.
   */
  timeout(lane: LaneOut): void {
    this.#withdraw(lane);
    const oldest = lane.at(Math.max(lane.first, lane.withdrawn));
    if (oldest === undefined) return;
    if (oldest.msg_seq >= lane.unsent) return;
    if (this.#core.t >= oldest.due_t) this.#again(oldest);
    else this.#core.wake(oldest.due_t);
  }

  #again(message: OutMessage): void {
    const { rtt, congestion, in_flight } = this.#sender;
    congestion.crowded(in_flight, this.#core.t, rtt.srtt_ms);
    const last = message.frames.length - 1;
    const first = Math.min(message.acked_up_to + 1, last);
    const batch = Math.min(last, first + this.#core.limits.resend_fragments - 1);
    for (let i = first; i < batch; i += 1) this.#sender.transmit(message, i);
    this.#sender.transmit(message, last);
    this.#sender.sent(message);
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
