import type { Timer, Timers } from '@atp-router/kernel';

/** Ends of calls that wait for the store: a minute's worth of a busy router. What is dropped is found again in the journal. */
const ENTRIES_MAX = 20_000;
/** At a time, so that ends do not take every connection from the beginnings. */
const LANES = 2;
const RETRY_FIRST_MS = 100;
const RETRY_LONGEST_MS = 5_000;

export type Delivery = () => Promise<unknown>;

/**
 * What the store has to be told and nobody waits for. Each delivery is tried until it succeeds; it must be safe to
 * repeat. One that fails goes to the end of the line, so that it does not hold up the others.
 */
export class Outbox {
  readonly #timers: Timers;
  readonly #waiting: Delivery[] = [];
  #under_way = 0;
  #retry: Timer | undefined;
  #retry_ms = RETRY_FIRST_MS;
  #dropped = 0;
  #idle: (() => void)[] = [];

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get size(): number {
    return this.#waiting.length + this.#under_way;
  }

  /** False when the outbox is full and the delivery was dropped. */
  put(delivery: Delivery): boolean {
    if (this.size >= ENTRIES_MAX) {
      this.#dropped += 1;
      return false;
    }
    this.#waiting.push(delivery);
    this.#pump();
    return true;
  }

  /** Deliveries that found no room, in all. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Resolves when everything is delivered, or after `timeout_ms`. */
  async drain(timeout_ms: number): Promise<void> {
    if (this.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#timers.after(timeout_ms, resolve);
      this.#idle.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #pump(): void {
    while (this.#retry === undefined && this.#under_way < LANES) {
      const delivery = this.#waiting.shift();
      if (delivery === undefined) return;
      this.#under_way += 1;
      void this.#deliver(delivery);
    }
  }

  async #deliver(delivery: Delivery): Promise<void> {
    try {
      await delivery();
      this.#retry_ms = RETRY_FIRST_MS;
    } catch {
      this.#waiting.push(delivery);
      this.#later();
    }
    this.#under_way -= 1;
    if (this.size > 0) this.#pump();
    else for (const wake of this.#idle.splice(0)) wake();
  }

  #later(): void {
    if (this.#retry !== undefined) return;
    this.#retry = this.#timers.after(this.#retry_ms, () => {
      this.#retry = undefined;
      this.#pump();
    });
    this.#retry_ms = Math.min(RETRY_LONGEST_MS, this.#retry_ms * 2);
  }
}
