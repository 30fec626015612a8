import { AtpError } from '@atp-router/kernel';
import type { Frame } from './dialect.ts';

/** Splits an upstream byte stream into frames without copying what lies within one chunk. */
export interface Framer {
  /** Complete frames in `chunk` (together with what was left before), in order. */
  push(chunk: Uint8Array): Frame[];
  /** Bytes after the last complete frame; non-zero at EOF means the stream was cut inside a frame. */
  readonly pending_bytes: number;
}

const LF = 10;
const CR = 13;

export function framer(kind: 'sse' | 'ndjson', limit_bytes: number): Framer {
  return kind === 'sse'
    ? new SplitFramer(limit_bytes, sseEnd, parseSse)
    : new SplitFramer(limit_bytes, lineEnd, parseLine);
}

/** Finds the end of the first frame at or after `from`; -1 when it is not complete. */
type FindEnd = (bytes: Uint8Array, from: number) => number;

class SplitFramer implements Framer {
  readonly #limit_bytes: number;
  readonly #findEnd: FindEnd;
  readonly #parse: (raw: Uint8Array, text: string) => Frame;
  readonly #decoder: TextDecoder = new TextDecoder();
  #rest: Uint8Array | undefined;

  constructor(limit_bytes: number, findEnd: FindEnd, parse: (raw: Uint8Array, text: string) => Frame) {
    this.#limit_bytes = limit_bytes;
    this.#findEnd = findEnd;
    this.#parse = parse;
  }

  get pending_bytes(): number {
    return this.#rest?.length ?? 0;
  }

  push(chunk: Uint8Array): Frame[] {
    const bytes = this.#rest === undefined ? chunk : concat(this.#rest, chunk);
    // A separator may straddle the chunks, so the search restarts a little before the seam.
    let scan = this.#rest === undefined ? 0 : Math.max(0, this.#rest.length - 3);
    const frames: Frame[] = [];
    let start = 0;
    for (;;) {
      const end = this.#findEnd(bytes, scan);
      if (end < 0) break;
      const raw = bytes.subarray(start, end);
      frames.push(this.#parse(raw, this.#decoder.decode(raw)));
      start = end;
      scan = end;
    }
    this.#keep(bytes, start);
    return frames;
  }

  #keep(bytes: Uint8Array, start: number): void {
    const left = bytes.length - start;
    if (left > this.#limit_bytes) {
      throw new AtpError(
        'upstream_error',
        `The provider sent a stream frame of more than ${this.#limit_bytes} bytes.`,
        {
          origin: 'remote',
        },
      );
    }
    this.#rest = left === 0 ? undefined : bytes.subarray(start);
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a, 0);
  out.set(b, a.length);
  return out;
}

/** An SSE event ends with a blank line; lines end with LF, CRLF or CR (WHATWG HTML §9.2.5). */
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
  // The overwhelmingly common frame: one `data: …` line.
  if (text.startsWith('data: ') && text.indexOf('\n') === text.length - 2) {
    return { event: '', data: text.slice(6, -2), raw };
  }
  let event = '';
  let data: string | undefined;
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line === '' || line.startsWith(':')) continue;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') data = data === undefined ? value : `${data}\n${value}`;
    else if (field === 'event') event = value;
  }
  return { event, data: data ?? '', raw };
}

function parseLine(raw: Uint8Array, text: string): Frame {
  return { event: '', data: text.trim(), raw };
}
