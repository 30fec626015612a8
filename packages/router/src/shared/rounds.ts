import type { Timer, Timers } from '@atp-router/kernel';

/** Does something again and again with a pause between, one run at a time, until it is closed. */
export class Rounds {
  readonly #timers: Timers;
  readonly #round_ms: number;
  readonly #work: () => Promise<void>;
  readonly #onProblem: (error: unknown) => void;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(timers: Timers, round_ms: number, work: () => Promise<void>, onProblem: (error: unknown) => void) {
    this.#timers = timers;
    this.#round_ms = round_ms;
    this.#work = work;
    this.#onProblem = onProblem;
    this.#arm();
  }

  /** Starts no further round, and resolves when the present one is over, or after `timeout_ms`. */
  async close(timeout_ms: number): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    if (this.#running === undefined) return;
    const running = this.#running;
    await new Promise<void>((resolve) => {
      const timer = this.#timers.after(timeout_ms, resolve);
      void running.finally(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #arm(): void {
    if (this.#closed) return;
    this.#timer = this.#timers.after(this.#round_ms, () => {
      this.#running = this.#work()
        .catch(this.#onProblem)
        .finally(() => {
          this.#running = undefined;
          this.#arm();
        });
    });
  }
}
