import type { Clock, Timer, Timers } from '@atp-router/kernel';

/** How long a worker that is gone is expected back: the supervisor starts it at once, and reading its journal takes seconds. */
const EXPECTED_MS = 10_000;
/** A connection to a Unix socket that nobody listens at costs 0.1 ms. */
const KNOCK_MS = 500;

export interface AwayParts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Whether the worker answers. */
  readonly knock: (n: number) => Promise<boolean>;
}

interface Gone {
  readonly since_ms: number;
  timer: Timer | undefined;
}

/** Workers that were not there when they were asked, and since when; until they are back. */
export class Away {
  readonly #parts: AwayParts;
  /** At most as many as there are workers. */
  readonly #gone: Map<number, Gone> = new Map();
  #is_closed = false;

  constructor(parts: AwayParts) {
    this.#parts = parts;
  }

  /** It is not there. */
  lost(n: number): void {
    if (this.#is_closed || this.#gone.has(n)) return;
    const gone: Gone = { since_ms: this.#parts.clock.mono_ms(), timer: undefined };
    this.#gone.set(n, gone);
    this.#knockLater(n, gone);
  }

  /** It has answered. */
  back(n: number): void {
    this.#gone.get(n)?.timer?.cancel();
    this.#gone.delete(n);
  }

  /** What it has may be here again soon. False also for one that was never missed. */
  isExpected(n: number): boolean {
    const gone = this.#gone.get(n);
    return gone !== undefined && this.#parts.clock.mono_ms() - gone.since_ms < EXPECTED_MS;
  }

  close(): void {
    this.#is_closed = true;
    for (const n of [...this.#gone.keys()]) this.back(n);
  }

  #knockLater(n: number, gone: Gone): void {
    gone.timer = this.#parts.timers.after(KNOCK_MS, () => {
      void this.#parts.knock(n).then((is_there) => {
        if (this.#gone.get(n) !== gone) return;
        if (is_there) this.back(n);
        else this.#knockLater(n, gone);
      });
    });
  }
}
