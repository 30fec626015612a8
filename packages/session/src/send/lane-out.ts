import type { Frame, Lane, MessageId } from '@atp-router/wire';
import type { Outgoing } from '../contract.ts';
import type { Stream } from '../streams/stream.ts';

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
    this.is_main = lane.persona_id === '' && lane.clone_id === '';
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
