import type { Frame, Lane, MessageId } from '@atp-router/wire';
import type { Assembled, FailureReason, Outgoing, StoredChange, StoredStream } from '../contract.ts';
import type { Storable } from '../durable/journal.ts';
import type { LaneGaps } from './lane-gaps.ts';
import { isMainLane, SESSION_STREAM } from './numbers.ts';

// A stream and its lanes in both directions know each other, so they stand together.

/** One stream that is open, or of which something has come although it is not opened yet. */
export class Stream implements Storable {
  readonly id: string;
  /** Whether this end opened it. */
  readonly own: boolean;
  /** Whether messages of it may be handed on: the opening one has been, or has failed. */
  opened: boolean;
  /** This end has given its last message; it may not be sent yet. */
  ended = false;
  /** Everything up to the last message of this end is settled. */
  out_done = false;
  /** The other end's last message has come, and was handed on. */
  in_ended = false;
  in_done = false;
  /** Closed or aborted: what still refers to it does nothing. */
  is_over = false;
  /** Messages of this end that are not settled, and how many of them are not in the main lane. */
  unsettled = 0;
  unsettled_beside = 0;
  main_in: LaneIn | undefined;
  main_out: LaneOut | undefined;
  ins: Map<string, LaneIn> | undefined;
  outs: Map<string, LaneOut> | undefined;
  /** By lane, how it is saved; only with `durable`. */
  lanes_stored: Map<string, Storable> | undefined;

  constructor(id: string, own: boolean) {
    this.id = id;
    this.own = own;
    this.opened = own || id === SESSION_STREAM;
  }

  /** A stream that is over is dropped, or stays as it was saved when both sides had ended it. */
  stored(): StoredChange | undefined {
    return this.is_over ? undefined : { put: 'stream', value: this.value };
  }

  get value(): StoredStream {
    return { stream_id: this.id, sent_fin: this.ended, got_fin: this.in_ended };
  }

  *lanesIn(): Iterable<LaneIn> {
    if (this.main_in !== undefined) yield this.main_in;
    if (this.ins !== undefined) yield* this.ins.values();
  }

  *lanesOut(): Iterable<LaneOut> {
    if (this.main_out !== undefined) yield this.main_out;
    if (this.outs !== undefined) yield* this.outs.values();
  }
}

/** What has become of a message that is not handed on yet. */
export type Arrival =
  | { readonly frame: Frame; readonly bytes: number; readonly assembled?: Assembled; readonly failed?: undefined }
  | { readonly failed: FailureReason };

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
  gaps: LaneGaps | undefined;
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
    this.is_main = isMainLane(lane);
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

/** A message of this end that is not settled. */
export interface OutMessage {
  readonly msg_seq: number;
  /** For a store and a successor. */
  readonly message: Outgoing;
  readonly fin: boolean;
  /** Made by the session itself: nobody is told what becomes of it. */
  readonly internal: boolean;
  /** Its content, roughly. */
  readonly bytes: number;
  /** Its frames, unsigned; none any more once it is withdrawn. */
  frames: readonly Frame[];
  sends: number;
  /** Live time of its first sending: it is withdrawn by that (S12, S42). */
  first_t: number;
  last_t: number;
  /** When it is sent again. */
  due_t: number;
  /** Highest fragment up to which the receiver has all. */
  acked_up_to: number;
  in_flight: boolean;
}

/** One lane of this end's messages: those from `first` to `next_seq` are not settled. */
export class LaneOut {
  readonly stream: Stream;
  readonly lane: Lane;
  readonly key: string;
  readonly is_main: boolean;
  next_seq = 0;
  /** Highest number that may be sent, and up to which sending waits for no store. */
  credit: number;
  released = -1;
  /** Number that is sent next; those below have been, on this connection. */
  unsent = 0;
  /** Numbers below it are withdrawn. */
  withdrawn = 0;
  withdraw_due_t: number = Number.POSITIVE_INFINITY;
  withdraw_sends = 0;
  /** Whether it stands in the queue of those that can send. */
  is_ready = false;
  #items: OutMessage[] = [];
  #head = 0;

  constructor(stream: Stream, lane: Lane, key: string, credit: number) {
    this.stream = stream;
    this.lane = lane;
    this.key = key;
    this.is_main = isMainLane(lane);
    this.credit = credit;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Number of the oldest message that is not settled. */
  get first(): number {
    return this.next_seq - this.size;
  }

  get oldest(): OutMessage | undefined {
    return this.#items[this.#head];
  }

  at(msg_seq: number): OutMessage | undefined {
    return msg_seq < this.first ? undefined : this.#items[this.#head + msg_seq - this.first];
  }

  push(message: OutMessage): void {
    this.#items.push(message);
    this.next_seq = message.msg_seq + 1;
  }

  /** Takes out the oldest one. */
  shift(): OutMessage | undefined {
    const message = this.#items[this.#head];
    if (message === undefined) return undefined;
    this.#head += 1;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return message;
  }

  *unsettled(): Iterable<OutMessage> {
    for (let i = this.#head; i < this.#items.length; i += 1) yield this.#items[i] as OutMessage;
  }

  id(msg_seq: number): MessageId {
    return { lane: this.lane, msg_seq };
  }
}
