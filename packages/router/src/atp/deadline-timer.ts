import type { Clock, Timer, Timers } from '@atp-router/kernel';

/** One timer, set anew only for what is due before it: one that comes too early finds nothing to do. */
export class DeadlineTimer {
  readonly #ports: { readonly clock: Clock; readonly timers: Timers };
  readonly #run: () => void;
  #timer: Timer | undefined;
  #at_ms = Number.POSITIVE_INFINITY;

  constructor(ports: { readonly clock: Clock; readonly timers: Timers }, run: () => void) {
    this.#ports = ports;
    this.#run = run;
  }

  /** Runs at this time of the monotone clock, or earlier; undefined: not at all. */
  arm(due_ms: number | undefined): void {
    if (due_ms === undefined) {
      this.cancel();
      return;
    }
    if (due_ms >= this.#at_ms) return;
    this.#timer?.cancel();
    this.#at_ms = due_ms;
    const { clock, timers } = this.#ports;
    this.#timer = timers.after(Math.max(0, due_ms - clock.mono_ms()), () => {
      this.#timer = undefined;
      this.#at_ms = Number.POSITIVE_INFINITY;
      this.#run();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#at_ms = Number.POSITIVE_INFINITY;
  }
}
