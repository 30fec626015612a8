import type { AtpError } from '@atp-router/kernel';
import { isJournaled, type RouterEvent } from '@atp-router/ledger';
import type { EventLog } from '../engine/ports.ts';

/** The part of the journal that the bus needs. */
export interface JournalSink {
  readonly failure: AtpError | undefined;
  append(event: RouterEvent): unknown;
  barrier(done: (error?: AtpError) => void): void;
}

export type EventListener = (event: RouterEvent) => void;

/** Live streams of one process; more are refused. */
const STREAMS_MAX = 64;

/** One event, many readers: the journal first, then metrics, traces, logs and live streams. */
export class EventBus implements EventLog {
  readonly #journal: JournalSink;
  readonly #onFault: (error: unknown) => void;
  // Replaced, never changed: a listener may end its own subscription while an event goes round.
  #listeners: readonly EventListener[] = [];
  #listener_errors = 0;
  #streams = 0;

  /** `onFault` is told of the first listener that threw; the others are only counted. */
  constructor(journal: JournalSink, onFault: (error: unknown) => void = warn) {
    this.#journal = journal;
    this.#onFault = onFault;
  }

  /** How often a listener threw. Whoever watches a call must not be able to end it, so it goes on. */
  get listener_errors(): number {
    return this.#listener_errors;
  }

  get failure(): AtpError | undefined {
    return this.#journal.failure;
  }

  append(event: RouterEvent): void {
    if (isJournaled(event.type)) this.#journal.append(event);
    this.announce(event);
  }

  /** Tells listeners of an event that is in the journal already. */
  announce(event: RouterEvent): void {
    const listeners = this.#listeners;
    for (let i = 0; i < listeners.length; i += 1) {
      try {
        (listeners[i] as EventListener)(event);
      } catch (error) {
        this.#listener_errors += 1;
        if (this.#listener_errors === 1) this.#onFault(error);
      }
    }
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

  /** A live stream: returns the function that ends it, or undefined when there are too many. */
  stream(listener: EventListener): (() => void) | undefined {
    if (this.#streams >= STREAMS_MAX) return undefined;
    this.#streams += 1;
    const stop = this.listen(listener);
    let is_open = true;
    return () => {
      if (is_open) this.#streams -= 1;
      is_open = false;
      stop();
    };
  }

  /** A part of the router itself, of which there are as many as it is made of. Returns the function that ends the subscription. */
  listen(listener: EventListener): () => void {
    const own: EventListener = (event) => listener(event);
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((one) => one !== own);
    };
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
