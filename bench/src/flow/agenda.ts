/** What is to happen at which time, in the order of times and then of making: a binary heap. */
export class Agenda<E> {
  readonly #heap: { readonly at_ms: number; readonly made: number; readonly event: E }[] = [];
  #made = 0;

  get next_ms(): number {
    return this.#heap[0]?.at_ms ?? Number.POSITIVE_INFINITY;
  }

  add(at_ms: number, event: E): void {
    this.#made += 1;
    const entry = { at_ms, made: this.#made, event };
    let at = this.#heap.push(entry) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.at_ms <= at_ms) break;
      this.#heap[at] = parent;
      at = above;
    }
    this.#heap[at] = entry;
  }

  /** The next event leaves. */
  take(): E | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first === undefined || last === undefined || first === last) return first?.event;
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) child += 1;
      const lower = heap[child];
      if (lower === undefined || !isBefore(lower, last)) break;
      heap[at] = lower;
      at = child;
    }
    heap[at] = last;
    return first.event;
  }
}

interface Timed {
  readonly at_ms: number;
  readonly made: number;
}

function isBefore(a: Timed, b: Timed): boolean {
  return a.at_ms < b.at_ms || (a.at_ms === b.at_ms && a.made < b.made);
}
