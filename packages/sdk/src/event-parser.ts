/** One server-sent event. `id` is absent where the event has none of its own. */
export interface ServerEvent {
  readonly type: string;
  readonly id: string | undefined;
  readonly data: string;
}

const LINE_END = /\r\n|\n|\r/;

/** Reads server-sent events (WHATWG HTML, 9.2.6) from text that comes in pieces of any size. */
export class EventParser {
  readonly #chars_max: number;
  #line = '';
  /** The last piece ended with CR: an LF that follows belongs to it. */
  #is_behind_cr = false;
  #type = '';
  #id: string | undefined;
  #data: string | undefined;

  /** `chars_max`: of the data of one event, and of a line. */
  constructor(chars_max: number) {
    this.#chars_max = chars_max;
  }

  /** The events that this piece completes. Throws `RangeError` when one is larger than any may be; nothing is to be read then. */
  push(piece: string): ServerEvent[] {
    if (piece === '') return [];
    const text = this.#is_behind_cr && piece.startsWith('\n') ? piece.slice(1) : piece;
    this.#is_behind_cr = piece.endsWith('\r');
    const lines = text.split(LINE_END);
    lines[0] = this.#line + lines[0];
    this.#line = lines.pop() ?? '';
    this.#assertFits(this.#line);
    return lines.flatMap((line) => this.#take(line) ?? []);
  }

  #take(line: string): ServerEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'event') this.#type = value;
    else if (name === 'id') this.#id = value;
    else if (name === 'data') {
      this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
      this.#assertFits(this.#data);
    }
    return undefined;
  }

  #dispatch(): ServerEvent | undefined {
    const event = this.#data === undefined ? undefined : { type: this.#type, id: this.#id, data: this.#data };
    this.#type = '';
    this.#id = undefined;
    this.#data = undefined;
    return event;
  }

  #assertFits(text: string): void {
    if (text.length > this.#chars_max) throw new RangeError(`An event is larger than ${this.#chars_max} characters.`);
  }
}
