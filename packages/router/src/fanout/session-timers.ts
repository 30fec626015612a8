import type { SessionTimer } from '@atp-router/consensus';
import type { Timer, Timers } from '@atp-router/kernel';

/** The timers of one session; one of each kind. */
export class SessionTimers {
  readonly #timers: Timers;
  readonly #due: (timer: SessionTimer) => void;
  readonly #set: Map<SessionTimer, Timer> = new Map();

  constructor(timers: Timers, due: (timer: SessionTimer) => void) {
    this.#timers = timers;
    this.#due = due;
  }

  set(timer: SessionTimer, delay_ms: number): void {
    this.#set.set(
      timer,
      this.#timers.after(delay_ms, () => this.#due(timer)),
    );
  }

  cancel(timer: SessionTimer): void {
    this.#set.get(timer)?.cancel();
  }

  cancelAll(): void {
    for (const timer of this.#set.values()) timer.cancel();
  }
}
