import type { AtpError } from '@atp-router/kernel';
import { isJournaled, type RouterEvent } from '@atp-router/ledger';
import type { EventLog } from '../engine/ports.ts';

/** The part of the journal that the bus needs. */
export interface JournalSink {
  append(event: RouterEvent): unknown;
  barrier(done: (error?: AtpError) => void): void;
}

export type EventListener = (event: RouterEvent) => void;

/** Live streams of one process; more are refused. */
const LISTENERS_MAX = 64;

/** One event, many readers: the journal first, then metrics, traces, logs and live streams. Listeners must not throw. */
export class EventBus implements EventLog {
  readonly #journal: JournalSink;
  readonly #listeners: Set<EventListener> = new Set();

  constructor(journal: JournalSink) {
    this.#journal = journal;
  }

  append(event: RouterEvent): void {
    if (isJournaled(event.type)) this.#journal.append(event);
    this.announce(event);
  }

  /** Tells listeners of an event that is in the journal already. */
  announce(event: RouterEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  barrier(done: (error?: AtpError) => void): void {
    this.#journal.barrier(done);
  }

  /** Resolves when everything appended so far is written. */
  written(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.barrier((error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  /** Returns the function that ends the subscription, or undefined when there are too many. */
  listen(listener: EventListener): (() => void) | undefined {
    if (this.#listeners.size >= LISTENERS_MAX) return undefined;
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
