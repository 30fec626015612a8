import type { Acknowledgement, Lane, Reassembler } from '@atp-router/wire';
import type { Core } from '../core.ts';
import { SESSION_STREAM } from '../streams/numbers.ts';
import type { LaneIn } from '../streams/stream.ts';

/** Acknowledgements of one frame, and numbers in all of them: a frame stays far below the limit on items. */
const ACKS_MAX = 256;
const NUMBERS_MAX = 8_192;

/** The members of an acknowledgement that name its lane. */
export function laneMembers({ stream_id, persona_id, clone_id }: Lane): Acknowledgement {
  return {
    stream_id,
    ...(persona_id !== '' && { persona_id }),
    ...(clone_id !== '' && { clone_id }),
  };
}

/** Which lanes are to be acknowledged, and when (S17). */
export class Acks {
  readonly #core: Core;
  readonly #dirty: Set<LaneIn> = new Set();
  readonly #reassembler: () => Reassembler | undefined;
  #due_t = Number.POSITIVE_INFINITY;
  #messages = 0;
  #urgent = false;
  /** Of which the beginning of this connection has said everything. */
  #covered: ReadonlySet<LaneIn> = new Set();

  constructor(core: Core, reassembler: () => Reassembler | undefined) {
    this.#core = core;
    this.#reassembler = reassembler;
  }

  /** Something in the lane is to be told within the delay, or with the others when enough has gathered. */
  soon(lane: LaneIn, messages: number): void {
    this.#dirty.add(lane);
    this.#messages += messages;
    const due_t = this.#core.t + this.#core.limits.ack_delay_ms;
    if (due_t < this.#due_t) {
      this.#due_t = due_t;
      this.#core.wake(due_t);
    }
  }

  now(lane: LaneIn): void {
    this.#dirty.add(lane);
    this.#urgent = true;
  }

  /** With whatever there is. */
  hurry(): void {
    this.#urgent = true;
  }

  drop(lane: LaneIn): void {
    this.#dirty.delete(lane);
  }

  /** At the end of every input. */
  flush(): void {
    if (this.#dirty.size === 0 || !this.#core.is_up) return;
    if (this.#urgent || this.#messages >= this.#core.limits.ack_messages || this.#core.t >= this.#due_t) this.#send();
    else this.#core.wake(this.#due_t);
  }

  /** One lane at once: its stream is about to be forgotten. */
  close(lane: LaneIn): void {
    if (!this.#dirty.delete(lane) || !this.#core.is_up) return;
    this.#control(this.#entries(lane, []));
  }

  /** What a heartbeat says of some lanes: at most as many acknowledgements as one frame has. */
  some(lanes: Iterable<LaneIn>): readonly Acknowledgement[] {
    return this.#fitting(lanes).acks;
  }

  /** The same, for what begins a connection: `restart` says the rest. */
  first(lanes: Iterable<LaneIn>): readonly Acknowledgement[] {
    const { acks, covered } = this.#fitting(lanes);
    this.#covered = covered;
    return acks;
  }

  #fitting(lanes: Iterable<LaneIn>): { readonly acks: readonly Acknowledgement[]; readonly covered: Set<LaneIn> } {
    const acks: Acknowledgement[] = [];
    const covered: Set<LaneIn> = new Set();
    for (const lane of lanes) {
      if (lane.highest < 0) continue;
      if (acks.length >= ACKS_MAX) break;
      this.#whole(lane, acks);
      if (acks.length <= ACKS_MAX) covered.add(lane);
    }
    return { acks: acks.slice(0, ACKS_MAX), covered };
  }

  /** On a new connection: everything has been said, or is said now. */
  restart(lanes: Iterable<LaneIn>): void {
    for (const lane of lanes) {
      if (lane.highest < 0 || this.#covered.has(lane)) continue;
      this.#dirty.add(lane);
      for (const [msg_seq, up_to] of this.#incomplete(lane)) {
        lane.pieces ??= new Map();
        lane.pieces.set(msg_seq, up_to);
      }
    }
    this.#covered = new Set();
    this.#urgent = this.#dirty.size > 0;
  }

  #reset(): void {
    this.#dirty.clear();
    this.#due_t = Number.POSITIVE_INFINITY;
    this.#messages = 0;
    this.#urgent = false;
  }

  #send(): void {
    const lanes = [...this.#dirty];
    this.#reset();
    let acks: Acknowledgement[] = [];
    let numbers = 0;
    for (const lane of lanes) {
      for (const ack of this.#entries(lane, [])) {
        const size = (ack.missing?.length ?? 0) + (ack.missing_messages?.length ?? 0) + (ack.failed?.length ?? 0);
        if (acks.length >= ACKS_MAX || (numbers > 0 && numbers + size > NUMBERS_MAX)) {
          this.#control(acks);
          acks = [];
          numbers = 0;
        }
        acks.push(ack);
        numbers += size;
      }
    }
    this.#control(acks);
  }

  #control(acks: readonly Acknowledgement[]): void {
    this.#core.control(SESSION_STREAM, ['ACK', 'CTRL'], { type: 'control.ack', content: { acks } });
  }

  #entries(lane: LaneIn, acks: Acknowledgement[]): Acknowledgement[] {
    const { pieces, asked } = lane;
    acks.push(this.#ofLane(lane, asked));
    if (pieces !== undefined) for (const [msg_seq, up_to] of pieces) acks.push(this.#ofPieces(lane, msg_seq, up_to));
    lane.pieces = undefined;
    lane.asked = undefined;
    if (asked === undefined) return acks;
    for (const [msg_seq, missing] of asked)
      if (missing !== 'all') acks.push({ ...laneMembers(lane.lane), msg_seq, missing });
    return acks;
  }

  /** With all fragments that have come, for an end that begins anew. What is asked for is said by `flush`, once. */
  #whole(lane: LaneIn, acks: Acknowledgement[]): void {
    acks.push(this.#ofLane(lane));
    for (const [msg_seq, up_to] of this.#incomplete(lane)) acks.push(this.#ofPieces(lane, msg_seq, up_to));
  }

  /** Messages of which fragments may be acknowledged, and up to which. */
  *#incomplete({ lane, gaps }: LaneIn): Iterable<readonly [msg_seq: number, up_to: number]> {
    // What is not saved yet is told when it is.
    if (this.#core.journal.waits) return;
    for (const { from, in_pieces } of gaps?.ranges ?? []) {
      const up_to = in_pieces ? this.#reassembler()?.ackUpTo({ lane, msg_seq: from }) : undefined;
      if (up_to !== undefined && up_to >= 0) yield [from, up_to];
    }
  }

  #ofPieces(lane: LaneIn, msg_seq: number, up_to: number): Acknowledgement {
    return { ...laneMembers(lane.lane), msg_seq, ...(up_to >= 0 && { ack_up_to: up_to }) };
  }

  #ofLane(lane: LaneIn, asked?: LaneIn['asked']): Acknowledgement {
    const { settled, pending, failed, credit } = lane;
    lane.told_credit = credit;
    const told = failed?.filter((number) => number <= settled && number > settled - pending) ?? [];
    const messages: number[] = [];
    if (asked !== undefined) for (const [msg_seq, what] of asked) if (what === 'all') messages.push(msg_seq);
    return {
      ...laneMembers(lane.lane),
      ...(settled >= 0 && { ack_msg_up_to: settled }),
      credit,
      ...(messages.length > 0 && { missing_messages: messages }),
      ...(told.length > 0 && { failed: told }),
    };
  }
}
