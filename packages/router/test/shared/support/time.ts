import type { Clock, Timer, Timers } from '@atp-router/kernel';

interface Due {
  readonly at_ms: number;
  readonly delay_ms: number;
  readonly run: () => void;
}

/** A clock and timers that stand until they are moved. */
export class ManualTime implements Clock, Timers {
  #now_ms: number;
  #due: Due[] = [];

  constructor(now_ms: number = 1_790_000_000_000) {
    this.#now_ms = now_ms;
  }

  now_ms = (): number => this.#now_ms;
  mono_ms = (): number => this.#now_ms;

  after(delay_ms: number, run: () => void): Timer {
    const due: Due = { at_ms: this.#now_ms + delay_ms, delay_ms, run };
    this.#due.push(due);
    return {
      cancel: () => {
        this.#due = this.#due.filter((one) => one !== due);
      },
    };
  }

  /** How many timers that were set to this delay wait. */
  armed(delay_ms: number): number {
    return this.#due.filter((due) => due.delay_ms === delay_ms).length;
  }

  /** Moves on, running what falls due on the way in its order. */
  advance(by_ms: number): void {
    const until_ms = this.#now_ms + by_ms;
    for (;;) {
      const [next] = this.#due.filter(({ at_ms }) => at_ms <= until_ms).sort((a, b) => a.at_ms - b.at_ms);
      if (next === undefined) break;
      this.#due = this.#due.filter((one) => one !== next);
      this.#now_ms = Math.max(this.#now_ms, next.at_ms);
      next.run();
    }
    this.#now_ms = until_ms;
  }
}

/** Lets everything happen that needs no time. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Until it holds: what brings it about is on its way, through sockets mostly. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await settled();
}

/** A promise that a test resolves. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T>(): Deferred<T> {
  return Promise.withResolvers<T>();
}
