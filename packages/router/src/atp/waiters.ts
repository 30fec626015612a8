import type { Timers } from '@atp-router/kernel';

/** Who waits for something to have happened, for so long or for good. */
export class Waiters {
  readonly #timers: Timers;
  readonly #waiting: Set<() => void> = new Set();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Resolves with the next `tell`, or after so long. */
  wait(longest_ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        timer?.cancel();
        resolve();
      };
      const timer = longest_ms === undefined ? undefined : this.#timers.after(longest_ms, done);
      this.#waiting.add(done);
    });
  }

  tell(): void {
    for (const done of [...this.#waiting]) done();
  }
}
