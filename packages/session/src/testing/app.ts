import { laneKey, type Lane } from '@atp-router/wire';
import type { Outgoing, SessionEffect } from '../contract.ts';
import { messageOf } from './content.ts';
import type { Side } from './network.ts';
import type { PlannedStream, Say } from './plan.ts';

/** How the application gives a message to its session: undefined when it was taken. */
export type Give = (lane: Lane, message: Outgoing, fin: boolean) => 'full' | 'window' | 'closed' | undefined;

interface AppStream {
  readonly opener: boolean;
  stream_id: string | undefined;
  readonly waiting: Map<number, Say[]>;
  fin: 'no' | 'wanted' | 'taken';
  closed: boolean;
}

/** Numbers of messages that no plan has: what opens a stream without a say, and what ends one. */
const OPENING_UID = 100_000;
const ENDING_UID = 200_000;
const LANES = 4;

/**
 * The application at one end: says what its plan says as soon as it may, in the order of the plan within each lane, and
 * tries again only when the session says that it may. It outlives its session's process, as the plan does.
 */
export class App {
  readonly #side: Side;
  /** By index of the plan, the session's own stream at −1. Numbers of streams are shared by both ends of a history. */
  readonly #streams: Map<number, AppStream> = new Map();
  readonly #directory: Map<string, number>;
  readonly #blocked: Set<string> = new Set();
  /** Everything is to end. */
  ended = false;

  constructor(side: Side, streams: readonly PlannedStream[], directory: Map<string, number>) {
    this.#side = side;
    this.#directory = directory;
    this.#streams.set(-1, { opener: false, stream_id: '0', waiting: new Map(), fin: 'no', closed: false });
    for (const [index, { opener }] of streams.entries())
      this.#streams.set(index, {
        opener: opener === side,
        stream_id: undefined,
        waiting: new Map(),
        fin: 'no',
        closed: false,
      });
  }

  /** Says that nobody has taken yet, for what keeps a history from its end. */
  get waiting(): readonly string[] {
    const out: string[] = [];
    for (const [index, { stream_id, waiting }] of this.#streams) {
      const count = [...waiting.values()].reduce((sum, says) => sum + says.length, 0);
      if (count > 0) out.push(`${count} on stream ${stream_id ?? `${index} of the plan`}`);
    }
    return out;
  }

  say(say: Say): void {
    const stream = this.#streams.get(say.stream);
    if (stream === undefined || stream.closed || stream.fin !== 'no') return;
    const says = stream.waiting.get(say.lane) ?? [];
    stream.waiting.set(say.lane, says);
    says.push(say);
  }

  fin(index: number): void {
    const stream = this.#streams.get(index);
    if (stream?.fin === 'no') stream.fin = 'wanted';
  }

  /** All streams end as soon as what was said is taken; unopened ones are forgotten. */
  finAll(): void {
    this.ended = true;
    for (const index of this.#streams.keys()) if (index >= 0) this.fin(index);
  }

  streamId(index: number): string | undefined {
    const stream = this.#streams.get(index);
    return stream?.closed === true ? undefined : stream?.stream_id;
  }

  /** Whether the other end may still see this end open the stream. */
  mayOpen(index: number): boolean {
    const stream = this.#streams.get(index);
    if (stream === undefined || stream.closed || !stream.opener) return false;
    return stream.stream_id !== undefined || [...stream.waiting.values()].some((says) => says.length > 0);
  }

  /** Whether everything is said, and every stream that is there or may come has been ended from here. */
  done(other: App): boolean {
    for (const [index, { opener, closed, fin, stream_id, waiting }] of this.#streams) {
      if (closed) continue;
      if (stream_id === undefined && !opener && !other.mayOpen(index)) continue;
      if ([...waiting.values()].some((says) => says.length > 0)) return false;
      if (index !== -1 && stream_id !== undefined && fin !== 'taken') return false;
    }
    return true;
  }

  sees(effect: SessionEffect): void {
    if (effect.type === 'writable') this.#blocked.delete(laneKey(effect.lane));
    if (effect.type === 'stream_opened') {
      const stream = this.#of(effect.stream_id);
      if (stream !== undefined) stream.stream_id = effect.stream_id;
    }
    if (effect.type === 'stream_closed') this.close(effect.stream_id);
    if (effect.type === 'closed') for (const stream of this.#streams.values()) forget(stream);
  }

  close(stream_id: string): void {
    if (stream_id === '0') for (const stream of this.#streams.values()) forget(stream);
    const stream = this.#of(stream_id);
    if (stream !== undefined) forget(stream);
  }

  /**
   * After a restart: streams that are not kept do not exist (again: a stream that was only being opened may be opened once
   * more), and ends that were not kept were not said.
   */
  restarted(kept: (stream_id: string) => 'open' | 'ended' | 'unknown', over: (stream_id: string) => boolean): void {
    this.#blocked.clear();
    for (const [index, stream] of this.#streams) {
      if (index === -1 || stream.stream_id === undefined) continue;
      const state = kept(stream.stream_id);
      if (stream.closed && state === 'unknown') continue;
      // An end or an abort that was not kept did not happen.
      stream.closed = false;
      if (state === 'open' && stream.fin === 'no' && this.ended) stream.fin = 'wanted';
      if (state === 'unknown' && over(stream.stream_id)) forget(stream);
      else if (state === 'unknown') {
        if (this.#directory.get(stream.stream_id) === index && stream.opener) this.#directory.delete(stream.stream_id);
        stream.stream_id = undefined;
      } else if (stream.fin === 'taken' && state === 'open') stream.fin = 'wanted';
    }
  }

  /** Gives what may be given. */
  pump(nextStreamId: () => string, give: Give): void {
    for (const [index, stream] of this.#streams) {
      if (stream.closed) continue;
      if (stream.stream_id === undefined && !this.#open(index, stream, nextStreamId(), give)) continue;
      for (let lane = 0; lane < LANES; lane += 1) this.#pumpLane(stream, lane, give);
      this.#pumpFin(index, stream, give);
    }
  }

  #open(index: number, stream: AppStream, stream_id: string, give: Give): boolean {
    if (!stream.opener || [...stream.waiting.values()].every((says) => says.length === 0)) return false;
    const lane = laneOf(stream_id, 0);
    if (this.#blocked.has(laneKey(lane))) return false;
    const first = stream.waiting.get(0)?.[0];
    this.#directory.set(stream_id, index);
    const message = first === undefined ? messageOf(OPENING_UID + index, 'text', 5, lane) : toMessage(first, lane);
    if (!this.#give(stream, lane, message, false, give)) {
      this.#directory.delete(stream_id);
      return false;
    }
    stream.stream_id = stream_id;
    stream.waiting.get(0)?.shift();
    return true;
  }

  #pumpLane(stream: AppStream, number: number, give: Give): void {
    const says = stream.waiting.get(number);
    if (says === undefined || stream.stream_id === undefined) return;
    const lane = laneOf(stream.stream_id, number);
    while (!stream.closed && says[0] !== undefined && !this.#blocked.has(laneKey(lane))) {
      if (!this.#give(stream, lane, toMessage(says[0], lane), false, give)) return;
      says.shift();
    }
  }

  #pumpFin(index: number, stream: AppStream, give: Give): void {
    if (stream.fin !== 'wanted' || stream.stream_id === undefined || stream.closed) return;
    if ([...stream.waiting.values()].some((says) => says.length > 0)) return;
    const lane = laneOf(stream.stream_id, 0);
    if (this.#blocked.has(laneKey(lane))) return;
    const uid = ENDING_UID + index * 2 + (this.#side === 'client' ? 0 : 1);
    const message = index % 2 === 0 ? {} : messageOf(uid, 'text', 20, lane);
    if (this.#give(stream, lane, message, true, give)) stream.fin = 'taken';
  }

  #give(stream: AppStream, lane: Lane, message: Outgoing, fin: boolean, give: Give): boolean {
    const refused = give(lane, message, fin);
    if (refused === undefined) return true;
    if (refused === 'closed') forget(stream);
    else this.#blocked.add(laneKey(lane));
    return false;
  }

  #of(stream_id: string): AppStream | undefined {
    if (stream_id === '0') return this.#streams.get(-1);
    const index = this.#directory.get(stream_id);
    return index === undefined ? undefined : this.#streams.get(index);
  }
}

function forget(stream: AppStream): void {
  stream.closed = true;
  stream.waiting.clear();
}

function toMessage(say: Say, lane: Lane): Outgoing {
  return messageOf(say.uid, say.kind, say.size, lane, say.qos);
}

function laneOf(stream_id: string, number: number): Lane {
  return number === 0
    ? { stream_id, persona_id: '', clone_id: '' }
    : { stream_id, persona_id: 'p', clone_id: `c${number}` };
}
