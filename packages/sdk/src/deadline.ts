import type { Runtime } from './runtime.ts';

/** The longest that a timer of Node or of a browser waits; a longer one would fire at once. */
const TIMER_MAX_MS = 2_147_483_647;

/** A point in time after which something is of no use, and the timer that tells of it. */
export class Deadline {
  readonly #runtime: Pick<Runtime, 'setTimeout' | 'clearTimeout' | 'performance'>;
  readonly #due_ms: number;
  #timer: unknown;

  constructor(runtime: Pick<Runtime, 'setTimeout' | 'clearTimeout' | 'performance'>, in_ms: number) {
    this.#runtime = runtime;
    this.#due_ms = runtime.performance.now() + in_ms;
  }

  /** Below 0 when it is over; no number when it was set to none. */
  get left_ms(): number {
    return this.#due_ms - this.#runtime.performance.now();
  }

  /** Calls once, `grace_ms` after the deadline. A deadline that is no time never comes. */
  watch(run: () => void, grace_ms: number = 0): void {
    this.cancel();
    const wait_ms = this.left_ms + grace_ms;
    if (!Number.isFinite(wait_ms)) return;
    const next = wait_ms > TIMER_MAX_MS ? (): void => this.watch(run, grace_ms) : run;
    this.#timer = this.#runtime.setTimeout(next, Math.min(Math.max(0, wait_ms), TIMER_MAX_MS));
  }

  cancel(): void {
    this.#runtime.clearTimeout(this.#timer);
  }
}
