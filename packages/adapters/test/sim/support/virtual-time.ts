import type { Clock, Timer, Timers } from '@atp-router/kernel';

interface Pending {
  readonly due_ms: number;
  readonly run: () => void;
}

/** A clock that moves when it is told to, and the timers that hang on it. */
export class VirtualTime implements Clock, Timers {
  #now_ms = 0;
  readonly #pending: Set<Pending> = new Set();

  now_ms(): number {
    return 1_800_000_000_000 + this.#now_ms;
  }

  mono_ms(): number {
    return this.#now_ms;
  }

  get pending(): number {
    return this.#pending.size;
  }

  after(delay_ms: number, run: () => void): Timer {
    const timer = { due_ms: this.#now_ms + delay_ms, run };
    this.#pending.add(timer);
    return { cancel: () => void this.#pending.delete(timer) };
  }

  /** Runs everything that is due within so many milliseconds, in its order. */
  advance(by_ms: number): void {
    const until_ms = this.#now_ms + by_ms;
    for (let next = this.#next(); next !== undefined && next.due_ms <= until_ms; next = this.#next()) {
      this.#now_ms = Math.max(this.#now_ms, next.due_ms);
      this.#pending.delete(next);
      next.run();
    }
    this.#now_ms = until_ms;
  }

  /** Sets order timers of the same moment by age. */
  #next(): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.#pending) if (first === undefined || timer.due_ms < first.due_ms) first = timer;
    return first;
  }
}
