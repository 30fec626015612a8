import type { HttpExchange } from '../http/index.ts';

/** Server-sent events: a line that begins with a colon is a comment (WHATWG HTML, 9.2.6). */
const COMMENT = ': keep-alive\n\n';
/** Proxies must pass events on as they come (nginx reads x-accel-buffering). */
export const EVENT_HEADERS: readonly string[] = [
  'content-type',
  'text/event-stream; charset=utf-8',
  'cache-control',
  'no-store',
  'x-accel-buffering',
  'no',
];

/** Where the events come from. */
export interface EventSource {
  /** The next event, when there is one. */
  next(): string | undefined;
  /** What is said when all is said; nothing as long as more may come. */
  last(): string | undefined;
  /** The client took some. */
  onRoom(): void;
  /** Nobody reads any more. `is_whole`: and everything was said. Called once. */
  onOver(is_whole: boolean): void;
}

/** Writes events to one client, no faster than it reads. A client that reads nothing is given up by the exchange. */
export class EventReader {
  readonly #exchange: HttpExchange;
  readonly #heartbeat_ms: number;
  readonly #source: EventSource;
  #timer: NodeJS.Timeout | undefined;
  #is_slow = false;
  #spoke = false;
  #is_over = false;

  constructor(exchange: HttpExchange, heartbeat_ms: number, source: EventSource) {
    this.#exchange = exchange;
    this.#heartbeat_ms = heartbeat_ms;
    this.#source = source;
  }

  get buffered_bytes(): number {
    return this.#exchange.buffered_bytes;
  }

  start(): void {
    const exchange = this.#exchange;
    exchange.begin(200, EVENT_HEADERS);
    exchange.onGone(() => this.#over(false));
    // Also sends the head, so that the client knows that it is connected.
    this.#write(COMMENT);
    this.#timer = setInterval(() => this.#beat(), this.#heartbeat_ms);
    this.#timer.unref();
    this.pump();
  }

  /** Writes what there is, until the client is slow. */
  pump(): void {
    while (!this.#is_slow && !this.#is_over) {
      const event = this.#source.next();
      if (event === undefined) break;
      this.#write(event);
      this.#spoke = true;
    }
    if (this.#is_slow || this.#is_over) return;
    const last = this.#source.last();
    if (last === undefined) return;
    this.#exchange.end(last);
    this.#over(true);
  }

  /** Another client reads from now on. */
  end(): void {
    if (this.#is_over) return;
    this.#exchange.end();
    this.#over(false);
  }

  /** For a client that is not worth waiting for. */
  cut(): void {
    if (this.#is_over) return;
    this.#exchange.abort();
    this.#over(false);
  }

  #write(text: string): void {
    if (this.#exchange.write(text)) return;
    this.#is_slow = true;
    this.#exchange.onDrain(() => this.#onDrain());
  }

  #onDrain(): void {
    this.#is_slow = false;
    this.pump();
    this.#source.onRoom();
  }

  /** None to a client that has not taken what was said before. */
  #beat(): void {
    if (!this.#spoke && !this.#is_slow) this.#write(COMMENT);
    this.#spoke = false;
  }

  #over(is_whole: boolean): void {
    if (this.#is_over) return;
    this.#is_over = true;
    clearInterval(this.#timer);
    this.#source.onOver(is_whole);
  }
}
