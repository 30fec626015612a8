import type { SessionTimer } from '@atp-router/consensus';
import type { Timer, Timers } from '@atp-router/kernel';

/** Those of a session, and the end of the call where it goes on without its session. */
export type FanoutTimer = SessionTimer | 'end';

/** The timers of one fan-out; one of each kind. */
export class SessionTimers {
  readonly #timers: Timers;
  readonly #due: (timer: FanoutTimer) => void;
  readonly #set: Map<FanoutTimer, Timer> = new Map();
  #is_over_time = false;

  constructor(timers: Timers, due: (timer: FanoutTimer) => void) {
    this.#timers = timers;
    this.#due = due;
  }

  /** The session's deadline has come: a clock read then may still be a little before it. */
  get is_over_time(): boolean {
    return this.#is_over_time;
  }

  set(timer: FanoutTimer, delay_ms: number): void {
    const ring = (): void => {
      if (timer === 'deadline') this.#is_over_time = true;
      this.#due(timer);
    };
    this.#set.set(timer, this.#timers.after(delay_ms, ring));
  }

  cancel(timer: FanoutTimer): void {
    this.#set.get(timer)?.cancel();
  }

  cancelAll(): void {
    for (const timer of this.#set.values()) timer.cancel();
  }
}
