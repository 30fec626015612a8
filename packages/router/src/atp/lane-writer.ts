import type { Outgoing } from '@atp-router/session';
import type { Payload } from '@atp-router/wire';
import type { TaskStream } from './task-stream.ts';

/** What a writer does with its lane. */
export interface LaneOfSession {
  /** Why the next message would not be taken; nothing when it would be. */
  refusal(): 'full' | 'window' | 'closed' | undefined;
  /** Sends, or is refused and told when there is room. */
  send(message: Outgoing, fin: boolean): void;
  reset(error: Payload): void;
}

/**
 * The main lane of a stream, as the call on it sees it. Messages that the session does not take yet wait here; the call
 * stops when it is told that there are any, so that no more than one piece of the answer waits.
 */
export class LaneWriter implements TaskStream {
  readonly #lane: LaneOfSession;
  readonly #waiting: { readonly message: Outgoing; readonly fin: boolean }[] = [];
  #onWritable: (() => void) | undefined;
  #onGone: (() => void) | undefined;
  #is_over = false;

  constructor(lane: LaneOfSession) {
    this.#lane = lane;
  }

  send(message: Outgoing, fin: boolean): boolean {
    if (this.#is_over) return true;
    if (fin) this.#is_over = true;
    if (this.#waiting.length > 0) this.#waiting.push({ message, fin });
    else this.#offer(message, fin);
    return this.#waiting.length === 0;
  }

  reset(error: Payload): void {
    this.#is_over = true;
    this.#waiting.length = 0;
    this.#lane.reset(error);
  }

  onWritable(run: () => void): void {
    this.#onWritable = run;
  }

  onGone(run: () => void): void {
    this.#onGone = run;
  }

  /** Everything is with the session, or nobody wants it any more. */
  get is_done(): boolean {
    return this.#is_over && this.#waiting.length === 0;
  }

  /** The session takes messages of this lane again. */
  onRoom(): void {
    const waiting = this.#waiting.splice(0);
    for (const { message, fin } of waiting) {
      if (this.#waiting.length > 0) this.#waiting.push({ message, fin });
      else this.#offer(message, fin);
    }
    if (this.#waiting.length > 0) return;
    const run = this.#onWritable;
    this.#onWritable = undefined;
    run?.();
  }

  /** The stream is closed: a call that is not over has lost its client. */
  onClosed(): void {
    this.#waiting.length = 0;
    const run = this.#is_over ? undefined : this.#onGone;
    this.#is_over = true;
    run?.();
  }

  #offer(message: Outgoing, fin: boolean): void {
    const refusal = this.#lane.refusal();
    // A message that waits has to be offered all the same: only who was refused is told when there is room.
    this.#lane.send(message, fin);
    if (refusal === 'full' || refusal === 'window') this.#waiting.push({ message, fin });
  }
}
