import type { MessageId } from '@atp-router/wire';
import { laneKey } from '@atp-router/wire';
import type { SessionEffect, StoredArrival, StoredChange } from '../contract.ts';

/** What can say how it is to be stored. Asked once at the end of an input, however often it changed. */
export interface Storable {
  stored(): StoredChange | undefined;
}

/**
 * Changes that are to be saved, and what waits for that. Without `durable` nothing waits and nothing is kept. Marks rise;
 * what is held under a mark is done in the order in which it was held.
 */
export class Journal {
  readonly durable: boolean;
  /** Delivered or reported, and not consumed, by stream; a successor does it again. */
  readonly #inbox: Map<string, Map<string, StoredArrival>> = new Map();
  #mark = 0;
  #changes: StoredChange[] = [];
  readonly #dirty: Set<Storable> = new Set();
  #held: { readonly mark: number; readonly run: () => void }[] = [];

  constructor(durable: boolean) {
    this.durable = durable;
  }

  /** Whether something waits for `saved`. */
  get waits(): boolean {
    return this.#held.length > 0;
  }

  change(change: StoredChange): void {
    if (this.durable) this.#changes.push(change);
  }

  /** At once, when nothing is to be saved before. */
  whenSaved(run: () => void): void {
    if (this.durable && (this.#changes.length > 0 || this.#dirty.size > 0 || this.waits)) this.hold(run);
    else run();
  }

  /** The thing as it is when the input has been handled. */
  touch(thing: Storable): void {
    if (this.durable) this.#dirty.add(thing);
  }

  /** Does it once everything that was changed up to now is saved; only with `durable`. */
  hold(run: () => void): void {
    this.#held.push({ mark: this.#mark + 1, run });
  }

  received(message: StoredArrival): void {
    if (!this.durable) return;
    this.restored(message);
    this.#changes.push({ put: 'inbox', ...message });
  }

  /** A predecessor has saved it. */
  restored(message: StoredArrival): void {
    const { stream_id } = message.id.lane;
    const of_stream = this.#inbox.get(stream_id) ?? new Map<string, StoredArrival>();
    this.#inbox.set(stream_id, of_stream);
    of_stream.set(messageKey(message.id), message);
  }

  *inbox(): Iterable<StoredArrival> {
    for (const of_stream of this.#inbox.values()) yield* of_stream.values();
  }

  consumed(id: MessageId): void {
    const of_stream = this.#inbox.get(id.lane.stream_id);
    if (of_stream?.delete(messageKey(id)) !== true) return;
    if (of_stream.size === 0) this.#inbox.delete(id.lane.stream_id);
    this.change({ drop: 'inbox', id });
  }

  /** An aborted stream: what it brought is of no use any more. */
  forget(stream_id: string): void {
    for (const { id } of this.#inbox.get(stream_id)?.values() ?? []) this.change({ drop: 'inbox', id });
    this.#inbox.delete(stream_id);
  }

  /** The `save` of an input, if it changed anything. */
  flush(): SessionEffect | undefined {
    if (!this.durable) return undefined;
    for (const thing of this.#dirty) {
      const change = thing.stored();
      if (change !== undefined) this.#changes.push(change);
    }
    this.#dirty.clear();
    const waits = this.#held.at(-1)?.mark === this.#mark + 1;
    if (this.#changes.length === 0 && !waits) return undefined;
    this.#mark += 1;
    const changes = this.#changes;
    this.#changes = [];
    return { type: 'save', mark: this.#mark, changes };
  }

  saved(mark: number): void {
    const upTo = Math.min(mark, this.#mark);
    let count = 0;
    while ((this.#held[count]?.mark ?? Number.POSITIVE_INFINITY) <= upTo) count += 1;
    for (const { run } of this.#held.splice(0, count)) run();
  }

  /** Nothing of it will be saved any more. */
  clear(): void {
    this.#changes = [];
    this.#dirty.clear();
    this.#held = [];
    this.#inbox.clear();
  }
}

export function messageKey({ lane, msg_seq }: MessageId): string {
  return `${msg_seq}/${laneKey(lane)}`;
}
