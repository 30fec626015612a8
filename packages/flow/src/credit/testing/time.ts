import { type HeapMember, IndexedHeap } from '../../indexed-heap.ts';

interface Moment extends HeapMember {
  readonly at_ms: number;
  readonly order: number;
  readonly run: () => void;
}

/** True time, which nobody in the simulation sees. */
export class Time {
  now_ms = 0;
  readonly #moments: IndexedHeap<Moment> = new IndexedHeap<Moment>(
    (a, b) => a.at_ms < b.at_ms || (a.at_ms === b.at_ms && a.order < b.order),
  );
  #order = 0;

  at(at_ms: number, run: () => void): void {
    this.#order += 1;
    this.#moments.add({ at_ms: Math.max(at_ms, this.now_ms), order: this.#order, run, heap_at: -1 });
  }

  after(delay_ms: number, run: () => void): void {
    this.at(this.now_ms + delay_ms, run);
  }

  /** False when nothing happens up to then. */
  step(until_ms: number): boolean {
    const next = this.#moments.peek();
    if (next === undefined || next.at_ms > until_ms) return false;
    this.#moments.remove(next);
    this.now_ms = next.at_ms;
    next.run();
    return true;
  }
}

/** A monotone clock that runs at its own rate from an origin of its own. */
export class MonoClock {
  readonly #rate: number;
  readonly #origin_ms: number;

  constructor(rate: number, origin_ms: number) {
    this.#rate = rate;
    this.#origin_ms = origin_ms;
  }

  at(true_ms: number): number {
    return this.#origin_ms + true_ms * this.#rate;
  }

  /** True time at which it shows `mono_ms`. */
  when(mono_ms: number): number {
    return (mono_ms - this.#origin_ms) / this.#rate;
  }
}
