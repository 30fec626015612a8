import { FrameError } from '../frame-error.ts';
import { shortestFloat, toHalf } from './floats.ts';

const UTF8 = new TextEncoder();
const TWO_32 = 4_294_967_296;
const SHORT_TEXT = 40;
const HEAD_MAX = 9;

/** Small results are cut from a block like this one after the other: an allocation for each would cost as much as writing it. */
const BLOCK_BYTES = 8_192;
/** Larger results get memory of their own, so that one that is kept does not keep a block. */
const CUT_BYTES_MAX = 2_048;

/** Where CBOR items are written to, one result after the other. */
export class Sink {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(BLOCK_BYTES);
  #view: DataView = new DataView(this.#bytes.buffer);
  #start = 0;
  #at = 0;

  begin(): void {
    this.#at = this.#start;
  }

  /** What was written since `begin`; nothing writes there again. */
  end(): Uint8Array<ArrayBuffer> {
    const length = this.#at - this.#start;
    if (length > CUT_BYTES_MAX) return this.#bytes.slice(this.#start, this.#at);
    const cut = this.#bytes.subarray(this.#start, this.#at);
    this.#start = this.#at;
    return cut;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const length = this.#at - this.#start;
    const grown = new Uint8Array(Math.max(BLOCK_BYTES, length * 2 + bytes));
    grown.set(this.#bytes.subarray(this.#start, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
    this.#start = 0;
    this.#at = length;
  }

  /** Major type (in the upper three bits) and number, in the shortest form. */
  head(major: number, value: number): void {
    this.#room(HEAD_MAX);
    this.#head(major, value);
  }

  #head(major: number, value: number): void {
    const at = this.#at;
    const bytes = this.#bytes;
    if (value < 24) {
      bytes[at] = major | value;
      this.#at = at + 1;
    } else if (value < 0x100) {
      bytes[at] = major | 24;
      bytes[at + 1] = value;
      this.#at = at + 2;
    } else if (value < 0x1_0000) {
      bytes[at] = major | 25;
      bytes[at + 1] = value >>> 8;
      bytes[at + 2] = value;
      this.#at = at + 3;
    } else if (value < TWO_32) {
      bytes[at] = major | 26;
      this.#view.setUint32(at + 1, value);
      this.#at = at + 5;
    } else {
      bytes[at] = major | 27;
      this.#view.setUint32(at + 1, Math.floor(value / TWO_32));
      this.#view.setUint32(at + 5, value % TWO_32);
      this.#at = at + 9;
    }
  }

  bytes(bytes: Uint8Array): void {
    this.#room(HEAD_MAX + bytes.length);
    this.#head(0x40, bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  float(value: number): void {
    this.#room(HEAD_MAX);
    const at = this.#at;
    const size = shortestFloat(value);
    this.#at = at + 1 + size;
    if (size === 2) {
      this.#bytes[at] = 0xf9;
      this.#view.setUint16(at + 1, toHalf(value));
    } else if (size === 4) {
      this.#bytes[at] = 0xfa;
      this.#view.setFloat32(at + 1, value);
    } else {
      this.#bytes[at] = 0xfb;
      this.#view.setFloat64(at + 1, value);
    }
  }

  /** Text in UTF-8. Throws `FrameError` for half a surrogate pair. */
  text(text: string): void {
    if (text.length <= SHORT_TEXT && this.#ascii(text)) return;
    this.#room(HEAD_MAX + text.length * 3);
    const start = this.#at;
    const guess = headBytes(text.length);
    const { written } = UTF8.encodeInto(text, this.#bytes.subarray(start + guess));
    if (written !== text.length && !text.isWellFormed()) throw new FrameError('utf8');
    const head = headBytes(written);
    if (head !== guess) this.#bytes.copyWithin(start + head, start + guess, start + guess + written);
    this.#head(0x60, written);
    this.#at = start + head + written;
  }

  /** Short ASCII, character by character; false when there is something else in it. */
  #ascii(text: string): boolean {
    const { length } = text;
    this.#room(HEAD_MAX + length);
    const bytes = this.#bytes;
    const start = this.#at + (length < 24 ? 1 : 2);
    for (let i = 0; i < length; i += 1) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return false;
      bytes[start + i] = unit;
    }
    this.#head(0x60, length);
    this.#at = start + length;
    return true;
  }
}

function headBytes(value: number): number {
  if (value < 24) return 1;
  if (value < 0x100) return 2;
  return value < 0x1_0000 ? 3 : 5;
}
