import { AtpError, ByteTail } from '@atp-router/kernel';
import type { Frame } from './dialect.ts';

/** Splits an upstream byte stream into frames without copying what lies within one chunk. */
export interface Framer {
  /** Complete frames in `chunk` (together with what was left before), in order. */
  push(chunk: Uint8Array): Frame[];
  /** Bytes after the last complete frame. */
  readonly pending_bytes: number;
  /**
   * The last frame, at EOF, of servers that do not end it: what is left after the last complete frame, its separator
   * added. Whether it is whole only its content can tell. Nothing when no more than white space is left.
   */
  end(): Frame[];
}

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
/** CR LF CR LF. */
const SEPARATOR_BYTES_MAX = 4;
const SSE_SEPARATOR = '\n\n';
const LINE_SEPARATOR = '\n';

export function framer(kind: 'sse' | 'ndjson', limit_bytes: number): Framer {
  return kind === 'sse'
    ? new SplitFramer(limit_bytes, sseEnd, parseSse, SSE_SEPARATOR)
    : new SplitFramer(limit_bytes, lineEnd, parseLine, LINE_SEPARATOR);
}

/** Finds the end of the first frame at or after `from`; -1 when it is not complete. */
type FindEnd = (bytes: Uint8Array, from: number) => number;

class SplitFramer implements Framer {
  readonly #limit_bytes: number;
  readonly #findEnd: FindEnd;
  readonly #parse: (raw: Uint8Array, text: string) => Frame;
  readonly #separator: string;
  readonly #decoder: TextDecoder = new TextDecoder();
  /** The unfinished frame. A view is enough: nobody writes to a chunk again. */
  readonly #tail: ByteTail = new ByteTail('view');

  constructor(
    limit_bytes: number,
    findEnd: FindEnd,
    parse: (raw: Uint8Array, text: string) => Frame,
    separator: string,
  ) {
    this.#limit_bytes = limit_bytes;
    this.#findEnd = findEnd;
    this.#parse = parse;
    this.#separator = separator;
  }

  get pending_bytes(): number {
    return this.#tail.length;
  }

  end(): Frame[] {
    const frames = this.#tail.bytes.every(isBlank) ? [] : this.push(new TextEncoder().encode(this.#separator));
    this.#tail.clear();
    return frames;
  }

  push(chunk: Uint8Array): Frame[] {
    // A separator may straddle the chunks, so the search restarts a little before the seam.
    let scan = Math.max(0, this.#tail.length - SEPARATOR_BYTES_MAX + 1);
    const bytes = this.#tail.with(chunk);
    const frames: Frame[] = [];
    let start = 0;
    for (;;) {
      const end = this.#findEnd(bytes, scan);
      if (end < 0) break;
      this.#check(end - start);
      const raw = bytes.subarray(start, end);
      frames.push(this.#parse(raw, this.#decoder.decode(raw)));
      start = end;
      scan = end;
    }
    this.#tail.keep(bytes, start);
    this.#check(this.#tail.length);
    return frames;
  }

  #check(frame_bytes: number): void {
    if (frame_bytes <= this.#limit_bytes) return;
    throw new AtpError('upstream_error', `The provider sent a stream frame of more than ${this.#limit_bytes} bytes.`, {
      origin: 'remote',
    });
  }
}

function isBlank(byte: number): boolean {
  return byte === LF || byte === CR || byte === SPACE || byte === TAB;
}

/**
 * An SSE event ends with a blank line; lines end with LF or CRLF (WHATWG HTML §9.2.5). The bare CR that the standard also
 * allows is sent by no provider, and could only be told from a CRLF when the next chunk has come.
 */
function sseEnd(bytes: Uint8Array, from: number): number {
  for (let i = bytes.indexOf(LF, from); i >= 0; i = bytes.indexOf(LF, i + 1)) {
    const next = bytes[i + 1];
    if (next === LF) return i + 2;
    if (next === CR && bytes[i + 2] === LF) return i + 3;
  }
  return -1;
}

function lineEnd(bytes: Uint8Array, from: number): number {
  return bytes.indexOf(LF, from) + 1 || -1;
}

function parseSse(raw: Uint8Array, text: string): Frame {
  let event = '';
  let data: string | undefined;
  for (let from = 0; from < text.length; ) {
    const lf = text.indexOf('\n', from);
    const next = lf < 0 ? text.length : lf + 1;
    let end = lf < 0 ? text.length : lf;
    if (end > from && text.charCodeAt(end - 1) === CR) end -= 1;
    const value = fieldValue(text, 'data', from, end);
    if (value !== undefined) data = data === undefined ? value : `${data}\n${value}`;
    else event = fieldValue(text, 'event', from, end) ?? event;
    from = next;
  }
  return { event, data: data ?? '', raw };
}

/** The value of one SSE line, when it is of this field; other fields and comments are nothing to a decoder. */
function fieldValue(text: string, field: string, from: number, end: number): string | undefined {
  if (!text.startsWith(field, from)) return undefined;
  const colon = from + field.length;
  if (colon === end) return '';
  if (text[colon] !== ':') return undefined;
  return text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1, end);
}

function parseLine(raw: Uint8Array, text: string): Frame {
  return { event: '', data: text.trim(), raw };
}
