import { type Lane, laneKey } from '@atp-router/wire';
import type { StoredChange, StoredNumbers } from '../contract.ts';
import { type Core, Violation } from '../core.ts';
import type { Storable } from '../durable/journal.ts';
import { LaneIn, LaneOut, Stream } from './stream.ts';
import { isMainLane, OpenedNumbers, SESSION_STREAM, streamNumber } from './numbers.ts';

/** Where a frame of a stream belongs. */
export type Place = Stream | 'closed' | 'refused';

/** The streams of a session, and the lanes within them. Is saved as the numbers that come next. */
export class Streams implements Storable {
  readonly zero: Stream = new Stream(SESSION_STREAM, true);
  readonly open: Map<string, Stream> = new Map();
  readonly own: OpenedNumbers;
  readonly peer: OpenedNumbers;
  /** Main lanes of closed streams in which a message failed: their senders may not know yet. */
  readonly lingering: Map<string, LaneIn> = new Map();
  readonly #core: Core;
  #own_open = 0;
  #peer_open = 0;
  /** Lanes of the other end beside the main ones. */
  #beside = 0;

  constructor(core: Core) {
    this.#core = core;
    this.open.set(SESSION_STREAM, this.zero);
    const first = core.options.role === 'client' ? 1 : 2;
    this.own = new OpenedNumbers(first);
    this.peer = new OpenedNumbers(3 - first, (change) => core.journal.change(change));
  }

  stored(): StoredChange {
    return { put: 'numbers', value: this.numbers };
  }

  get numbers(): StoredNumbers {
    return { next_stream: this.own.next, peer_next_stream: this.peer.next };
  }

  get own_open(): number {
    return this.#own_open;
  }

  /** Whether no stream but the session's own is open. */
  get are_closed(): boolean {
    return this.open.size === 1 && this.peer.unseen === 0;
  }

  add(stream: Stream): Stream {
    this.open.set(stream.id, stream);
    if (stream.own) this.#own_open += 1;
    else this.#peer_open += 1;
    return stream;
  }

  remove(stream: Stream): void {
    if (!this.open.delete(stream.id)) return;
    if (stream.own) this.#own_open -= 1;
    else this.#peer_open -= 1;
    this.#forgetLanes(stream);
  }

  /** What remembers the stream for a while remembers its main lanes alone. */
  #forgetLanes(stream: Stream): void {
    this.#beside -= stream.ins?.size ?? 0;
    stream.ins = undefined;
    stream.outs = undefined;
    stream.lanes_stored = undefined;
  }

  /** The session is over. */
  clear(): void {
    for (const stream of this.open.values()) if (stream !== this.zero) this.remove(stream);
    this.#forgetLanes(this.zero);
    this.lingering.clear();
  }

  /** Opens the next stream of this end. */
  openNext(): Stream {
    const number = this.own.next;
    this.own.see(number);
    return this.add(new Stream(String(number), true));
  }

  /** A stream that `openNext` gave has a message. */
  opened(stream: Stream): void {
    this.#core.journal.touch(this);
    this.#core.journal.touch(stream);
  }

  /** Takes back what `openNext` did, before anybody knows. */
  unopen(stream: Stream): void {
    this.remove(stream);
    this.own.next -= 2;
  }

  /** The stream of a message that came; opens it when the other end may. `most` are the streams that it may have open. */
  place(stream_id: string, most: number): Place {
    const known = this.open.get(stream_id);
    if (known !== undefined) return known;
    const number = this.#judged(stream_id);
    if (number === undefined || !this.peer.isNew(number)) return 'closed';
    const wanted = this.#peer_open + this.peer.unseen + Math.max(1, this.peer.growth(number));
    const is_awaited = this.peer.isUnseen(number);
    this.see(number);
    if (wanted > most && !is_awaited) return 'refused';
    const stream = this.add(new Stream(stream_id, false));
    this.#core.journal.touch(stream);
    return stream;
  }

  /** Whether thousands below it were left out. */
  isFar(number: number): boolean {
    return this.peer.unseen + this.peer.growth(number) > 2 * this.#core.limits.streams;
  }

  /** A number of the other end is used up, whatever became of it. */
  see(number: number): boolean {
    if (this.isFar(number))
      throw new Violation('A stream number was used, and those below it were left out.', { whole_session: true });
    const { next } = this.peer;
    const is_new = this.peer.see(number);
    if (this.peer.next !== next) this.#core.journal.touch(this);
    return is_new;
  }

  /** The number when the other end opens such; nothing when it is one of this end's that was opened. */
  #judged(stream_id: string): number | undefined {
    const number = streamNumber(stream_id);
    if (number === undefined) throw new Violation('The stream id is not a decimal number.', { fault: 'value' });
    if (number % 2 === this.peer.next % 2) return number;
    if (this.isUnopened(number))
      throw new Violation('The stream is not open, and is not for its sender to open.', { whole_session: true });
    return undefined;
  }

  /** Whether it is one that this end is to open, and has not: nobody but a broken end says anything of it. */
  isUnopened(number: number): boolean {
    return number % 2 === this.own.next % 2 && number >= this.own.next;
  }

  /** Whether it has been open, and is not any more. */
  isClosed(stream_id: string): boolean {
    const number = streamNumber(stream_id);
    if (number === undefined || this.open.has(stream_id)) return false;
    return !this.isUnopened(number) && !(number % 2 === this.peer.next % 2 && this.peer.isNew(number));
  }

  /** For a reset: the number, when it is one that the other end opens. */
  peerNumber(stream_id: string): number | undefined {
    const number = streamNumber(stream_id);
    return number !== undefined && number > 0 && number % 2 === this.peer.next % 2 ? number : undefined;
  }

  /** The lane of what came; made when this is the first of it. Nothing: the session has no room for another one (S22). */
  laneIn(stream: Stream, lane: Lane): LaneIn | undefined {
    if (isMainLane(lane)) return stream.main_in ?? this.keptLane(stream, lane);
    const { session_lanes, lanes } = this.#core.limits;
    const found = stream.ins?.get(laneKey(lane));
    if (found !== undefined) return found;
    if (stream.ins !== undefined && stream.ins.size >= lanes)
      throw new Violation('The stream has too many lanes.', { code: 'EWINDOW', whole_session: stream === this.zero });
    return this.#beside >= session_lanes ? undefined : this.keptLane(stream, lane);
  }

  /** The same of a lane that a predecessor had: it kept to the limits. */
  keptLane(stream: Stream, lane: Lane): LaneIn {
    const { pending_messages } = this.#core.limits;
    const key = laneKey(lane);
    if (isMainLane(lane)) {
      stream.main_in ??= new LaneIn(stream, lane, key, pending_messages);
      return stream.main_in;
    }
    stream.ins ??= new Map();
    let found = stream.ins.get(key);
    if (found === undefined) {
      found = new LaneIn(stream, lane, key, pending_messages);
      stream.ins.set(key, found);
      this.#beside += 1;
    }
    return found;
  }

  findIn(lane: Lane): LaneIn | undefined {
    const stream = this.open.get(lane.stream_id);
    if (isMainLane(lane)) return stream?.main_in;
    return stream?.ins?.get(laneKey(lane));
  }

  laneOut(stream: Stream, lane: Lane): LaneOut {
    const credit = this.#core.peer_pending - 1;
    if (isMainLane(lane)) {
      stream.main_out ??= new LaneOut(stream, lane, laneKey(lane), credit);
      return stream.main_out;
    }
    const key = laneKey(lane);
    stream.outs ??= new Map();
    let found = stream.outs.get(key);
    if (found === undefined) {
      found = new LaneOut(stream, lane, key, credit);
      stream.outs.set(key, found);
    }
    return found;
  }

  findOut(lane: Lane): LaneOut | undefined {
    const stream = this.open.get(lane.stream_id);
    if (isMainLane(lane)) return stream?.main_out;
    return stream?.outs?.get(laneKey(lane));
  }

  /**
   * A closed stream of whose messages some failed is remembered for the sender that has not heard it (S30). Gives the one
   * that is not remembered, or not any more.
   */
  linger(stream: Stream): string | undefined {
    const main = stream.main_in;
    if (main?.failed === undefined) return stream.id;
    this.lingering.set(stream.id, main);
    const [oldest] = this.lingering.keys();
    if (this.lingering.size <= this.#core.limits.lingering || oldest === undefined) return undefined;
    this.lingering.delete(oldest);
    return oldest;
  }

  *lanesIn(): Iterable<LaneIn> {
    for (const stream of this.open.values()) yield* stream.lanesIn();
  }

  *lanesOut(): Iterable<LaneOut> {
    for (const stream of this.open.values()) yield* stream.lanesOut();
  }
}
