/** The events of one connection: those that were not written yet, and the last ones that were, for a reader that comes back. */
export class EventRing {
  readonly #kept_events: number;
  readonly #kept_bytes: number;
  #events: string[] = [];
  /** Id of the first event that is kept; ids begin at 1 and have no gaps. */
  #first = 1;
  /** Id of the event that is written next. */
  #next = 1;
  #bytes = 0;
  #unsent_bytes = 0;

  constructor(kept_events: number, kept_bytes: number) {
    this.#kept_events = kept_events;
    this.#kept_bytes = kept_bytes;
  }

  /** Characters of what is to be written, which are about its bytes. */
  get unsent_bytes(): number {
    return this.#unsent_bytes;
  }

  get last_id(): number {
    return this.#first + this.#events.length - 1;
  }

  /** One frame in JSON, in one line. */
  add(json: string): void {
    const event = `id: ${this.last_id + 1}\ndata: ${json}\n\n`;
    this.#events.push(event);
    this.#bytes += event.length;
    this.#unsent_bytes += event.length;
  }

  /** Whether all events behind this one are there; `unknown`: there was none of this id. */
  reach(id: number): 'there' | 'gone' | 'unknown' {
    if (id > this.last_id) return 'unknown';
    return id + 1 < this.#first ? 'gone' : 'there';
  }

  /** Goes on behind an event that `reach` says is there. */
  goTo(id: number): void {
    this.#next = id + 1;
    this.#unsent_bytes = 0;
    for (let i = this.#next - this.#first; i < this.#events.length; i += 1) {
      this.#unsent_bytes += this.#events[i]?.length ?? 0;
    }
  }

  /** The next event to write; it then counts as sent, and is kept while there is room. */
  take(): string | undefined {
    const event = this.#events[this.#next - this.#first];
    if (event === undefined) return undefined;
    this.#next += 1;
    this.#unsent_bytes -= event.length;
    this.#trim();
    return event;
  }

  #trim(): void {
    let sent = this.#next - this.#first;
    while (sent > 1 && (sent > this.#kept_events || this.#bytes - this.#unsent_bytes > this.#kept_bytes)) {
      this.#bytes -= this.#events.shift()?.length ?? 0;
      this.#first += 1;
      sent -= 1;
    }
  }
}
