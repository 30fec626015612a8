import type { Reassembler } from '@atp-router/wire';
import type { FailureReason } from '../contract.ts';
import type { Core } from '../core.ts';
import { spread_ms } from '../send/rtt.ts';
import type { Acks } from './acks.ts';
import type { Gap, LaneIn } from '../streams/stream.ts';

/** Back-off of asking again: 500 ms, 1 s, 2 s, 4 s, 8 s, and so on. */
const DOUBLINGS_MAX = 4;

/** What is missing in the lanes: asked for when it is old enough, given up at the end of its lifetime (S19, S20). */
export class Gaps {
  /** Lanes that have gaps. */
  readonly #lanes: Set<LaneIn> = new Set();
  readonly #core: Core;
  readonly #acks: Acks;
  readonly #reassembler: () => Reassembler | undefined;
  readonly #fail: (lane: LaneIn, msg_seq: number, why: FailureReason) => void;

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

  /** The message is incomplete. */
  open(lane: LaneIn, msg_seq: number): Gap {
    const gap = lane.gap(msg_seq, this.#core);
    this.watch(lane);
    return gap;
  }

  /** The lane may have new gaps. */
  watch(lane: LaneIn): void {
    if (lane.gaps === undefined || lane.gaps.size === 0) return;
    this.#lanes.add(lane);
    this.#core.wake(this.#core.t + this.#core.limits.gap_ms);
  }

  close(lane: LaneIn, msg_seq: number): void {
    if (lane.gaps?.delete(msg_seq) !== true || lane.gaps.size > 0) return;
    this.forget(lane);
  }

  forget(lane: LaneIn): void {
    lane.gaps = undefined;
    this.#lanes.delete(lane);
  }

  timeout(): void {
    for (const lane of this.#lanes) this.#ofLane(lane);
  }

  #ofLane(lane: LaneIn): void {
    const { t, limits, live } = this.#core;
    const over: number[] = [];
    for (const [msg_seq, gap] of lane.gaps ?? []) {
      if (live.isDue(gap.since_t + limits.resend_lifetime_ms)) {
        over.push(msg_seq);
        continue;
      }
      if (t >= gap.due_t) this.#ask(lane, msg_seq, gap);
      this.#core.wake(gap.due_t);
    }
    for (const msg_seq of over) this.#fail(lane, msg_seq, 'expired');
  }

  /** Names the message, or those of its fragments that are known to be missing. */
  #ask(lane: LaneIn, msg_seq: number, gap: Gap): void {
    const { limits, options } = this.#core;
    const missing = gap.in_pieces ? this.#reassembler()?.missing({ lane: lane.lane, msg_seq }) : 'all';
    gap.due_t = this.#core.t + spread_ms(limits.gap_ms * 2 ** Math.min(gap.asks, DOUBLINGS_MAX), options.ports.rng);
    // A message of which the last fragment has not come is not a gap yet.
    if (missing === undefined || missing.length === 0) return;
    gap.asks += 1;
    lane.asked ??= new Map();
    lane.asked.set(msg_seq, missing);
    this.#acks.now(lane);
  }
}
