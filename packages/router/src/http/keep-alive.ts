import type { HttpExchange } from '@atp-router/adapters';
import type { Timer, Timers } from '@atp-router/kernel';
import type { Bytes } from '../relay/types.ts';

/** Server-sent events: a line that begins with a colon is a comment, which every reader ignores (WHATWG HTML, 9.2.6). */
const COMMENT = ': keep-alive\n\n';
const LF = 10;
const CR = 13;

/**
 * Comments in a stream that says nothing, so that proxies do not take it for dead while a model thinks or a call waits.
 * The first one begins the reply. One goes out when nothing was said for one to two periods; none within an event, and
 * none to a client that has not taken what was said before.
 */
export class KeepAlive {
  readonly #exchange: HttpExchange;
  readonly #timers: Timers;
  readonly #period_ms: number;
  readonly #begin: () => void;
  #timer: Timer | undefined;
  #spoke = false;
  #last: Bytes | undefined;

  constructor(exchange: HttpExchange, timers: Timers, period_ms: number, begin: () => void) {
    this.#exchange = exchange;
    this.#timers = timers;
    this.#period_ms = period_ms;
    this.#begin = begin;
    this.#arm();
  }

  /** The stream said something. Called for each chunk, so it only takes note. */
  spoke(chunk: Bytes): void {
    this.#spoke = true;
    this.#last = chunk;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#timers.after(this.#period_ms, () => this.#tick());
  }

  #tick(): void {
    const exchange = this.#exchange;
    if (exchange.closed) return;
    if (!this.#spoke && exchange.buffered_bytes === 0 && endsEvent(this.#last)) {
      if (!exchange.begun) this.#begin();
      exchange.write(COMMENT);
    }
    this.#spoke = false;
    this.#arm();
  }
}

/** Whether the next byte begins a line between two events. */
function endsEvent(chunk: Bytes | undefined): boolean {
  if (chunk === undefined) return true;
  const at = (back: number): number | undefined =>
    typeof chunk === 'string' ? chunk.charCodeAt(chunk.length - back) : chunk[chunk.length - back];
  if (at(1) !== LF) return false;
  return at(2) === LF || (at(2) === CR && at(3) === LF);
}
