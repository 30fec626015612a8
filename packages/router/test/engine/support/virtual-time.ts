import { type Clock, type Rng, randomInt, type Timer, type Timers } from '@atp-router/kernel';

interface Pending {
  readonly due_ms: number;
  readonly run: () => void;
}

/** A clock that moves from timer to timer. What is due at the same moment runs in an order drawn from the seed. */
export class VirtualTime implements Clock, Timers {
  readonly #rng: Rng;
  #start_ms: number;
  readonly #pending: Set<Pending> = new Set();
  #now_ms = 0;

  constructor(rng: Rng, start_ms: number) {
    this.#rng = rng;
    this.#start_ms = start_ms;
  }

  now_ms: () => number = () => this.#start_ms + this.#now_ms;

  mono_ms: () => number = () => this.#now_ms;

  /** Somebody sets the wall clock. */
  jump(by_ms: number): void {
    this.#start_ms += by_ms;
  }

  get pending(): number {
    return this.#pending.size;
  }

  after(delay_ms: number, run: () => void): Timer {
    const timer = { due_ms: this.#now_ms + Math.max(0, delay_ms), run };
    this.#pending.add(timer);
    return { cancel: () => void this.#pending.delete(timer) };
  }

  /** Runs one timer of the next moment that has any. False when nothing is left to happen. */
  step(): boolean {
    let due: Pending[] = [];
    for (const timer of this.#pending) {
      const first = due[0];
      if (first === undefined || timer.due_ms < first.due_ms) due = [timer];
      else if (timer.due_ms === first.due_ms) due.push(timer);
    }
    const next = due[randomInt(this.#rng, 0, due.length - 1)];
    if (next === undefined) return false;
    this.#now_ms = Math.max(this.#now_ms, next.due_ms);
    this.#pending.delete(next);
    next.run();
    return true;
  }
}

/** Timers that know how many of them are set. */
export class CountedTimers implements Timers {
  readonly #timers: Timers;
  set = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  after(delay_ms: number, run: () => void): Timer {
    let is_set = true;
    this.set += 1;
    const over = (): void => {
      if (is_set) this.set -= 1;
      is_set = false;
    };
    const timer = this.#timers.after(delay_ms, () => {
      over();
      run();
    });
    return {
      cancel: () => {
        over();
        timer.cancel();
      },
    };
  }
}
