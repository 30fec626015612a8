import type { Outgoing, StoredStatus } from '../contract.ts';
import type { Core } from '../core.ts';
import type { Storable } from '../durable/journal.ts';
import { SESSION_LANE, SESSION_STREAM } from '../streams/numbers.ts';
import type { Streams } from '../streams/streams.ts';
import { messageFrames } from './frames.ts';
import type { Sender } from './sender.ts';

/**
 * What this end said last of itself. The other end holds on to what it heard last, so the newest is said until it has
 * arrived (S41); one that waits for room gives way to a newer one, so there is never more than one.
 */
export class OwnStatus {
  readonly #core: Core;
  readonly #streams: Streams;
  readonly #sender: Sender;
  readonly #store: Storable;
  #newest: StoredStatus | undefined;

  constructor(core: Core, streams: Streams, sender: Sender, store: Storable) {
    this.#core = core;
    this.#streams = streams;
    this.#sender = sender;
    this.#store = store;
  }

  /** For a successor. */
  get stored(): StoredStatus | undefined {
    return this.#newest;
  }

  /** Whether it waits for room in its lane. */
  get waits(): boolean {
    return this.#newest !== undefined && this.#newest.msg_seq === undefined;
  }

  restore(newest: StoredStatus | undefined): void {
    this.#newest = newest;
  }

  /** Throws `FrameError`, and keeps what there was, for one that cannot be carried. */
  set(message: Outgoing): void {
    const { zero: stream } = this.#streams;
    // The lane itself is made once it is known how much the other end takes.
    messageFrames(this.#core.options, { lane: SESSION_LANE, stream, is_main: true }, 0, message, false);
    this.#keep({ message });
  }

  /** It was not heard: if it was the newest, the other end has an older one. */
  failed(msg_seq: number): void {
    if (this.#newest?.msg_seq === msg_seq) this.#keep({ message: this.#newest.message });
  }

  /** At the end of every input: says it, if there is room. */
  say(): void {
    const { zero } = this.#streams;
    const newest = this.#newest;
    if (newest === undefined || !this.waits || this.#core.agreed === undefined || zero.ended) return;
    const lane = this.#streams.laneOut(zero, SESSION_LANE);
    if (!this.#sender.hasRoom(lane)) return;
    this.#keep({ ...newest, msg_seq: lane.next_seq });
    this.#sender.add(zero, SESSION_LANE, newest.message, false, true);
  }

  #keep(newest: StoredStatus): void {
    this.#newest = newest;
    this.#core.journal.touch(this.#store);
  }
}

/** Said by the session itself: the application is not told what becomes of it. */
export function isOwnStatus(stream_id: string, { payload }: Outgoing): boolean {
  return stream_id === SESSION_STREAM && payload?.type === 'control.status';
}
