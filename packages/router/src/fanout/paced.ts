import type { Clock, Timers } from '@atp-router/kernel';

/** After so long, whoever waits for the event loop goes first: a deadline, a client that leaves, other calls. */
const LONG_MS = 10;

/**
 * Does things in their order, each at once, unless one before took long: answers of many lanes can come in one turn of the
 * event loop, and to read each of them can take a while. Holds as many things as it is given: one for each lane at most.
 */
export class Paced {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #guard: (run: () => void) => void;
  #waiting: (() => void)[] = [];
  #rests = false;

  constructor(clock: Clock, timers: Timers, guard: (run: () => void) => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#guard = guard;
  }

  do(task: () => void): void {
    if (this.#rests) this.#waiting.push(task);
    else this.#run(task);
  }

  /** What waits is not done any more. */
  stop(): void {
    this.#waiting = [];
  }

  #run(task: () => void): void {
    const begun_ms = this.#clock.mono_ms();
    task();
    if (this.#clock.mono_ms() - begun_ms < LONG_MS) return;
    this.#rests = true;
    this.#timers.after(0, () => this.#guard(() => this.#goOn()));
  }

  #goOn(): void {
    this.#rests = false;
    for (let task = this.#waiting.shift(); task !== undefined; task = this.#waiting.shift()) {
      this.#run(task);
      if (this.#rests) return;
    }
  }
}
