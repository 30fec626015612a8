import type { Reassembler } from '@atp-router/wire';
import type { FailureReason } from '../contract.ts';
import type { Core } from '../core.ts';
import { spread_ms } from '../send/rtt.ts';
import { type Gap, LaneGaps } from '../streams/lane-gaps.ts';
import type { LaneIn } from '../streams/stream.ts';
import type { Acks } from './acks.ts';

/** Back-off of asking again: 500 ms, 1 s, 2 s, 4 s, 8 s, and so on. */
const DOUBLINGS_MAX = 4;

/**
 * What is missing in the lanes: asked for when it is old enough, given up at the end of its lifetime (S19, S20). How much may
 * be missing is bounded, and so is what is done of it at a time.
 */
export class Gaps {
  /** Lanes that have gaps. */
  readonly #lanes: Set<LaneIn> = new Set();
  readonly #core: Core;
  readonly #acks: Acks;
  readonly #reassembler: () => Reassembler | undefined;
  readonly #fail: (lane: LaneIn, msg_seq: number, why: FailureReason) => void;
  /** Messages that are missing, and those that have failed and wait for an earlier one. */
  #count = 0;

  constructor(
    core: Core,
    acks: Acks,
    reassembler: () => Reassembler | undefined,
    fail: (lane: LaneIn, msg_seq: number, why: FailureReason) => void,
  ) {
    this.#core = core;
    this.#acks = acks;
    this.#reassembler = reassembler;
    this.#fail = fail;
  }

  /** Whether the message may leave out those that it leaves out. */
  hasRoom(lane: LaneIn, msg_seq: number): boolean {
    return this.#count + Math.max(0, msg_seq - lane.highest) <= this.#core.limits.gaps;
  }

  /** Numbers between the highest and this one have become gaps. */
  reach(lane: LaneIn, msg_seq: number): void {
    if (msg_seq <= lane.highest) return;
    if (msg_seq > lane.highest + 1) this.#add(lane, lane.highest + 1, msg_seq - 1);
    lane.highest = msg_seq;
  }

  /** The message is incomplete. */
  open(lane: LaneIn, msg_seq: number): Gap {
    this.reach(lane, msg_seq);
    return lane.gaps?.single(msg_seq) ?? this.#add(lane, msg_seq, msg_seq);
  }

  #add(lane: LaneIn, from: number, to: number): Gap {
    const { t, live, limits } = this.#core;
    lane.gaps ??= new LaneGaps();
    this.#lanes.add(lane);
    this.#count += to - from + 1;
    this.#core.wake(t + limits.gap_ms);
    return lane.gaps.add(from, to, { since_t: live.now, due_t: t + limits.gap_ms });
  }

  close(lane: LaneIn, msg_seq: number): void {
    if (lane.gaps?.take(msg_seq) !== true) return;
    this.#count -= 1;
    if (lane.gaps.count === 0) this.forget(lane);
  }

  /** So many more messages have failed and wait; fewer, when it is negative. */
  failed(messages: number): void {
    this.#count += messages;
  }

  forget(lane: LaneIn): void {
    this.#count -= lane.gaps?.count ?? 0;
    lane.gaps = undefined;
    this.#lanes.delete(lane);
  }

  /** A turn of what is due; what is left over has the next one. */
  timeout(): void {
    const { t, limits } = this.#core;
    let left = limits.turn;
    for (const lane of this.#lanes) {
      if (left <= 0) break;
      left -= this.#ofLane(lane, left);
    }
    if (left <= 0) this.#core.wake(t + limits.ack_delay_ms);
  }

  /** Gives how many messages and fragments it gave up or asked for: by one message more than `most` at most. */
  #ofLane(lane: LaneIn, most: number): number {
    const { t, limits, live } = this.#core;
    let done = 0;
    // What fails changes the ranges.
    for (const gap of [...(lane.gaps?.ranges ?? [])]) {
      if (live.isDue(gap.since_t + limits.resend_lifetime_ms)) {
        const to = Math.min(gap.to, gap.from + most - done - 1);
        for (let msg_seq = gap.from; msg_seq <= to && !lane.stream.is_over; msg_seq += 1) {
          this.#fail(lane, msg_seq, 'expired');
          done += 1;
        }
      } else if (t >= gap.due_t && done < most) done += this.#ask(lane, gap);
      if (gap.due_t > t) this.#core.wake(gap.due_t);
    }
    return done;
  }

  /** Names the messages, or the fragments of a message that are known to be missing. */
  #ask(lane: LaneIn, gap: Gap): number {
    const { t, limits, options } = this.#core;
    gap.due_t = t + spread_ms(limits.gap_ms * 2 ** Math.min(gap.asks, DOUBLINGS_MAX), options.ports.rng);
    if (!gap.in_pieces) {
      gap.asks += 1;
      lane.asked ??= new Map();
      for (let msg_seq = gap.from; msg_seq <= gap.to; msg_seq += 1) lane.asked.set(msg_seq, 'all');
      this.#acks.now(lane);
      return gap.to - gap.from + 1;
    }
    const missing = this.#reassembler()?.missing({ lane: lane.lane, msg_seq: gap.from }) ?? [];
    // A message of which the last fragment has not come is not a gap yet.
    if (missing.length === 0) return 0;
    gap.asks += 1;
    this.ask(lane, gap.from, missing);
    return missing.length;
  }

  /** Fragments of a message, at once. */
  ask(lane: LaneIn, msg_seq: number, fragments: readonly number[]): void {
    lane.asked ??= new Map();
    lane.asked.set(msg_seq, fragments);
    this.#acks.now(lane);
  }
}
