import type { Timer } from '@atp-router/kernel';

interface Entry {
  readonly at_ms: number;
  /** Breaks ties in the order of asking, so that a history replays exactly. */
  readonly order: number;
  readonly run: () => void;
  live: boolean;
}

/** Time that passes only when the next thing happens. A heap, as a history asks for tens of thousands of moments. */
export class VirtualTime {
  #now_ms = 0;
  #order = 0;
  readonly #heap: Entry[] = [];

  get now_ms(): number {
    return this.#now_ms;
  }

  /** When the next thing happens; undefined when nothing will. */
  get next_ms(): number | undefined {
    this.#dropDead();
    return this.#heap[0]?.at_ms;
  }

  at(at_ms: number, run: () => void): Timer {
    this.#order += 1;
    const entry: Entry = { at_ms: Math.max(at_ms, this.#now_ms), order: this.#order, run, live: true };
    this.#push(entry);
    return {
      cancel: () => {
        entry.live = false;
      },
    };
  }

  after(delay_ms: number, run: () => void): Timer {
    return this.at(this.#now_ms + delay_ms, run);
  }

  /** Goes to the next moment and does what is due. False when nothing is left. */
  step(): boolean {
    this.#dropDead();
    const entry = this.#pop();
    if (entry === undefined) return false;
    this.#now_ms = entry.at_ms;
    entry.run();
    return true;
  }

  #dropDead(): void {
    while (this.#heap[0] !== undefined && !this.#heap[0].live) this.#pop();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const up = (at - 1) >>> 1;
      if (!before(entry, heap[up] as Entry)) break;
      heap[at] = heap[up] as Entry;
      at = up;
    }
    heap[at] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (let down = 1; down < heap.length; down = at * 2 + 1) {
      const right = heap[down + 1];
      if (right !== undefined && before(right, heap[down] as Entry)) down += 1;
      if (!before(heap[down] as Entry, last)) break;
      heap[at] = heap[down] as Entry;
      at = down;
    }
    heap[at] = last;
    return first;
  }
}

function before(left: Entry, right: Entry): boolean {
  return left.at_ms === right.at_ms ? left.order < right.order : left.at_ms < right.at_ms;
}

/** The clocks of one end: they start anywhere, and run a little too fast or too slow. */
export interface Drift {
  /** Its milliseconds in a true millisecond. */
  readonly rate: number;
  readonly mono_origin_ms: number;
  readonly wall_origin_ms: number;
}

export class DriftingClock {
  readonly #time: VirtualTime;
  readonly #drift: Drift;
  #set_ms = 0;

  constructor(time: VirtualTime, drift: Drift) {
    this.#time = time;
    this.#drift = drift;
  }

  mono_ms(): number {
    return this.#drift.mono_origin_ms + this.#time.now_ms * this.#drift.rate;
  }

  wall_ms(): number {
    return Math.floor(this.#drift.wall_origin_ms + this.#time.now_ms * this.#drift.rate) + this.#set_ms;
  }

  /** Somebody sets the wall clock. The monotone one does not care. */
  set(by_ms: number): void {
    this.#set_ms += by_ms;
  }

  /** True milliseconds from now until this clock shows a time. Rounded up, so that the clock is not a hair before it. */
  until_ms(mono_ms: number): number {
    return Math.max(0, Math.ceil(((mono_ms - this.mono_ms()) / this.#drift.rate) * 1_024) / 1_024);
  }
}
