import type { Timer, Timers } from '@atp-router/kernel';

type Name = 'retry' | 'hedge' | 'deadline';

/** The timers of one call; one of each kind. */
export class CallTimers {
  readonly #timers: Timers;
  #retry: Timer | undefined;
  #hedge: Timer | undefined;
  #deadline: Timer | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  set(name: Name, delay_ms: number, run: () => void): void {
    const timer = this.#timers.after(delay_ms, run);
    if (name === 'retry') this.#retry = timer;
    else if (name === 'hedge') this.#hedge = timer;
    else this.#deadline = timer;
  }

  cancel(name: Name): void {
    if (name === 'retry') this.#retry?.cancel();
    else if (name === 'hedge') this.#hedge?.cancel();
    else this.#deadline?.cancel();
  }

  cancelAll(): void {
    this.#retry?.cancel();
    this.#hedge?.cancel();
    this.#deadline?.cancel();
  }
}
