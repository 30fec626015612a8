import type { Frame, Lane } from '@atp-router/wire';
import type { FailureReason } from '../contract.ts';
import type { Stream } from '../streams/stream.ts';

/** What has become of a message that is not handed on yet. */
export type Arrival =
  | { readonly frame: Frame; readonly bytes: number; readonly failed?: undefined }
  | { readonly failed: FailureReason };

/** A message that is incomplete, or not there while later ones are. */
export interface Gap {
  readonly since_t: number;
  /** When it is asked for, or asked for again. */
  due_t: number;
  asks: number;
  /** Whether fragments of it have come. */
  in_pieces: boolean;
}

/** One lane of the other end's messages. Numbers up to `arrived` are decided, those above stand in `waiting` and `gaps`. */
export class LaneIn {
  readonly stream: Stream;
  readonly lane: Lane;
  readonly key: string;
  readonly is_main: boolean;
  readonly pending: number;
  /** Highest number up to which all were handed on or have failed; `settled` follows when that is saved. */
  arrived = -1;
  settled = -1;
  highest = -1;
  /** Highest number that was told to be allowed, and the one that may be told now. Neither falls. */
  told_credit: number;
  credit: number;
  waiting: Map<number, Arrival> | undefined;
  gaps: Map<number, Gap> | undefined;
  /** Failed ones that may be untold (S17), rising. */
  failed: number[] | undefined;
  /** To be handed on, or handed on and not consumed; rising. */
  held: Set<number> | undefined;
  /** Fragments to acknowledge with the next acknowledgement: highest index by message. */
  pieces: Map<number, number> | undefined;
  /** Messages and fragments to name in the next acknowledgement. */
  asked: Map<number, readonly number[] | 'all'> | undefined;

  constructor(stream: Stream, lane: Lane, key: string, pending: number) {
    this.stream = stream;
    this.lane = lane;
    this.key = key;
    this.is_main = lane.persona_id === '' && lane.clone_id === '';
    this.pending = pending;
    this.credit = pending - 1;
    this.told_credit = pending - 1;
  }

  get may_advance(): boolean {
    return this.is_main || this.stream.opened;
  }

  /** Whether the number is decided, complete, or failed already. */
  has(msg_seq: number): boolean {
    return msg_seq <= this.arrived || (this.waiting?.has(msg_seq) ?? false);
  }

  wait(msg_seq: number, arrival: Arrival): void {
    this.waiting ??= new Map();
    this.waiting.set(msg_seq, arrival);
  }

  take(msg_seq: number): Arrival | undefined {
    const arrival = this.waiting?.get(msg_seq);
    if (arrival !== undefined) this.waiting?.delete(msg_seq);
    return arrival;
  }

  /** Numbers between the highest and this one have become gaps. */
  reach(msg_seq: number, t: number, gap_ms: number): void {
    for (let between = this.highest + 1; between < msg_seq; between += 1) this.gap(between, t, gap_ms);
    if (msg_seq > this.highest) this.highest = msg_seq;
  }

  gap(msg_seq: number, t: number, gap_ms: number): Gap {
    this.gaps ??= new Map();
    let gap = this.gaps.get(msg_seq);
    if (gap === undefined) {
      gap = { since_t: t, due_t: t + gap_ms, asks: 0, in_pieces: false };
      this.gaps.set(msg_seq, gap);
    }
    return gap;
  }

  /** A failed number, in order; those that no acknowledgement needs to have any more are dropped. */
  fail(msg_seq: number): void {
    this.failed = (this.failed ?? []).filter((number) => number > this.settled - this.pending);
    this.failed.push(msg_seq);
  }

  hold(msg_seq: number): void {
    this.held ??= new Set();
    this.held.add(msg_seq);
  }

  /**
   * The credit that follows from the first message that is not consumed, once everything is saved that has come up to now:
   * a successor must not tell less than was told.
   */
  get credit_when_saved(): number {
    const [first = Number.POSITIVE_INFINITY] = this.held ?? [];
    return Math.max(this.credit, Math.min(this.arrived, first - 1) + this.pending);
  }

  /** What was worked out before is saved. */
  grant(credit: number): void {
    this.credit = Math.max(this.credit, credit);
  }
}
