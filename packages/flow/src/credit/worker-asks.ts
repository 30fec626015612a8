import { IndexedHeap } from '../indexed-heap.ts';
import type { CreditTicket, Growth } from './worker-ticket.ts';

export type Asking<T> = CreditTicket<T> | Growth<T>;

/** What the owner was asked for, or will be: by number, and by when the worker stops waiting for an answer. */
export class WorkerAsks<T> {
  readonly #max: number;
  readonly #asking: Map<number, Asking<T>> = new Map();
  readonly #due: IndexedHeap<Asking<T>> = new IndexedHeap<Asking<T>>((a, b) => a.due_mono_ms < b.due_mono_ms);
  #ids = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#asking.size;
  }

  get is_full(): boolean {
    return this.#asking.size >= this.#max;
  }

  get due_mono_ms(): number {
    return this.#due.peek()?.due_mono_ms ?? Number.POSITIVE_INFINITY;
  }

  nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }

  values(): IterableIterator<Asking<T>> {
    return this.#asking.values();
  }

  find(id: number): Asking<T> | undefined {
    return this.#asking.get(id);
  }

  add(asking: Asking<T>, until_mono_ms: number): void {
    asking.due_mono_ms = until_mono_ms;
    this.#asking.set(asking.id, asking);
    this.#due.add(asking);
  }

  /** Returns whether it was there. */
  leave(asking: Asking<T>): boolean {
    if (!this.#asking.delete(asking.id)) return false;
    this.#due.remove(asking);
    return true;
  }

  /** One whose time has come. */
  overdue(mono_ms: number): Asking<T> | undefined {
    const first = this.#due.peek();
    return first !== undefined && first.due_mono_ms <= mono_ms ? first : undefined;
  }
}
