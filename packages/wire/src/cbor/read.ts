import { checkMajor } from '../check/frame.ts';
import { FrameError, type FrameFault } from '../frame-error.ts';
import { INT_MAX, type WireLimits } from '../limits.ts';
import { BYTES_MARK } from '../value.ts';
import { fromHalf, shortestFloat } from './floats.ts';
import { FRAME_KEYS, type KeyTable } from './keys.ts';

/** Frames use one encoding per value; plain values also the numbers that JSON has no word for (NaN, -0, above 2^53). */
export type Profile = 'frame' | 'value';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const SHORT_TEXT = 24;
const TWO_32 = 4_294_967_296;

/**
 * Reads one item of deterministic CBOR (RFC 8949 §4.2.1) and refuses every other encoding of it. Announced lengths are
 * held against what is left of the input and of the limits before anything is made; nothing of the input is copied but
 * text.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #profile: Profile;
  readonly #depth_max: number;
  #items: number;
  #at = 0;

  constructor(bytes: Uint8Array, limits: WireLimits, profile: Profile) {
    if (bytes.length > limits.frame_bytes) throw new FrameError('too_large');
    // A Node Buffer would hand out Buffers, which are not plain bytes to whoever compares or prints them.
    this.#bytes =
      bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#profile = profile;
    this.#depth_max = limits.depth;
    this.#items = limits.items;
  }

  /** The one item of the input: a frame with its integer keys made names, or a plain value. */
  whole(): unknown {
    const value = this.#profile === 'frame' ? this.#frame() : this.#value(0);
    if (this.#at < this.#bytes.length) this.#fail('trailing', this.#at);
    return value;
  }

  #fail(fault: FrameFault, offset: number): never {
    throw new FrameError(fault, { offset });
  }

  #byte(): number {
    const at = this.#at;
    if (at >= this.#bytes.length) this.#fail('truncated', at);
    this.#at = at + 1;
    return this.#bytes[at] as number;
  }

  #frame(): unknown {
    const initial = this.#byte();
    if (initial >>> 5 !== 5) this.#fail('type', 0);
    return this.#map(this.#argument(initial, 0), FRAME_KEYS, 0, 0);
  }

  /** An item that is `depth` containers deep. */
  #value(depth: number): unknown {
    const start = this.#at;
    const initial = this.#byte();
    switch (initial >>> 5) {
      case 0:
        return this.#integer(initial, start);
      case 1:
        return this.#negative(initial, start);
      case 2:
        return this.#byteString(this.#argument(initial, start), start);
      case 3:
        return this.#text(this.#argument(initial, start), start);
      case 4:
        return this.#array(this.#argument(initial, start), depth, start);
      case 5:
        return this.#map(this.#argument(initial, start), undefined, depth, start);
      case 6:
        return this.#fail('unsupported', start);
      default:
        return this.#simple(initial, start);
    }
  }

  /** The number behind the initial byte, in its one shortest form. May be inexact above 2^53. */
  #argument(initial: number, start: number): number {
    const info = initial & 31;
    if (info < 24) return info;
    if (info > 27) return this.#fail(info === 31 ? 'non_canonical' : 'syntax', start);
    const size = 1 << (info - 24);
    const at = this.#at;
    if (at + size > this.#bytes.length) this.#fail('truncated', start);
    this.#at = at + size;
    const value = this.#uint(at, size);
    if (value < SHORTEST_FROM[size as 1 | 2 | 4 | 8]) this.#fail('non_canonical', start);
    return value;
  }

  #uint(at: number, size: number): number {
    if (size === 1) return this.#bytes[at] as number;
    if (size === 2) return this.#view.getUint16(at);
    if (size === 4) return this.#view.getUint32(at);
    return this.#view.getUint32(at) * TWO_32 + this.#view.getUint32(at + 4);
  }

  #integer(initial: number, start: number): number {
    const value = this.#argument(initial, start);
    if (value > INT_MAX) this.#fail('number', start);
    return value;
  }

  #negative(initial: number, start: number): number {
    const value = -1 - this.#argument(initial, start);
    if (value < -INT_MAX) this.#fail('number', start);
    return value;
  }

  /** Where the `length` bytes that were announced end: nothing is made of them before they are known to be there. */
  #end(length: number, start: number): number {
    const end = this.#at + length;
    if (end > this.#bytes.length) this.#fail('truncated', start);
    return end;
  }

  #byteString(length: number, start: number): Uint8Array {
    const end = this.#end(length, start);
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  #text(length: number, start: number): string {
    const from = this.#at;
    const end = this.#end(length, start);
    this.#at = end;
    const bytes = this.#bytes;
    if (length <= SHORT_TEXT) {
      // A call of the decoder costs more than a few characters one by one.
      let text = '';
      let at = from;
      while (at < end && (bytes[at] as number) < 0x80) {
        text += String.fromCharCode(bytes[at] as number);
        at += 1;
      }
      if (at === end) return text;
    }
    try {
      return UTF8.decode(bytes.subarray(from, end));
    } catch {
      return this.#fail('utf8', start);
    }
  }

  /** Room for `count` items that take at least `size` bytes each, `depth` containers deep. */
  #enter(count: number, size: number, depth: number, start: number): void {
    if (depth > this.#depth_max) this.#fail('too_deep', start);
    this.#items -= count;
    if (this.#items < 0) this.#fail('too_many_items', start);
    if (count * size > this.#bytes.length - this.#at) this.#fail('truncated', start);
  }

  #array(count: number, depth: number, start: number): unknown[] {
    this.#enter(count, 1, depth + 1, start);
    const list: unknown[] = [];
    for (let i = 0; i < count; i += 1) list.push(this.#value(depth + 1));
    return list;
  }

  #map(count: number, table: KeyTable | undefined, depth: number, start: number): object {
    this.#enter(count, 2, depth + 1, start);
    const map: Record<string, unknown> = {};
    let last_key = -1;
    let last_from = 0;
    let last_to = 0;
    for (let i = 0; i < count; i += 1) {
      const from = this.#at;
      const initial = this.#byte();
      if (initial < 24 && table !== undefined) {
        if (initial <= last_key || last_to > 0)
          this.#fail(initial === last_key ? 'duplicate_key' : 'non_canonical', from);
        last_key = initial;
        this.#known(map, table, initial, depth, from);
        continue;
      }
      const name = this.#name(initial, table, from);
      if (last_to > 0) this.#order(last_from, last_to, from);
      last_from = from;
      last_to = this.#at;
      put(map, name, this.#value(depth + 1));
    }
    return map;
  }

  #known(map: Record<string, unknown>, table: KeyTable, key: number, depth: number, from: number): void {
    const name = table.names[key];
    if (name === undefined) this.#fail('unknown_key', from);
    const nested = table.nested[key];
    const start = this.#at;
    if (nested !== undefined && start < this.#bytes.length && (this.#bytes[start] as number) >>> 5 === 5) {
      map[name] = this.#map(this.#argument(this.#byte(), start), nested, depth + 1, start);
      return;
    }
    const value = this.#value(depth + 1);
    // The major is the first member of every frame, and of another major nothing else is known.
    if (key === 0 && table === FRAME_KEYS) checkMajor(value);
    map[name] = value;
  }

  #name(initial: number, table: KeyTable | undefined, from: number): string {
    const major = initial >>> 5;
    if (major !== 3) this.#fail(major === 0 && table !== undefined ? 'unknown_key' : 'unsupported', from);
    const name = this.#text(this.#argument(initial, from), from);
    if (name === BYTES_MARK) this.#fail('bytes', from);
    if (table?.keys.has(name)) this.#fail('non_canonical', from);
    return name;
  }

  /** Encoded keys rise strictly, byte by byte; the key that ends here began at `from`. */
  #order(last_from: number, last_to: number, from: number): void {
    const bytes = this.#bytes;
    const length = Math.min(last_to - last_from, this.#at - from);
    for (let i = 0; i < length; i += 1) {
      const difference = (bytes[from + i] as number) - (bytes[last_from + i] as number);
      if (difference > 0) return;
      if (difference < 0) this.#fail('non_canonical', from);
    }
    // Equal so far means equal in length, which stands first.
    this.#fail('duplicate_key', from);
  }

  #simple(initial: number, start: number): unknown {
    switch (initial & 31) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 25:
      case 26:
      case 27:
        return this.#float(2 << ((initial & 31) - 25), start);
      case 28:
      case 29:
      case 30:
        return this.#fail('syntax', start);
      case 31:
        return this.#fail('non_canonical', start);
      default:
        return this.#fail('unsupported', start);
    }
  }

  #float(size: number, start: number): number {
    const at = this.#at;
    if (at + size > this.#bytes.length) this.#fail('truncated', start);
    this.#at = at + size;
    const value = size === 2 ? fromHalf(this.#view.getUint16(at)) : this.#wideFloat(at, size);
    const is_frame = this.#profile === 'frame';
    if (is_frame && !(value >= -INT_MAX && value <= INT_MAX)) this.#fail('number', start);
    const is_integer = Number.isSafeInteger(value) && (is_frame || !Object.is(value, -0));
    if (is_integer || shortestFloat(value) !== size) this.#fail('non_canonical', start);
    if (Number.isNaN(value) && this.#view.getUint16(at) !== 0x7e00) this.#fail('non_canonical', start);
    return value;
  }

  #wideFloat(at: number, size: number): number {
    return size === 4 ? this.#view.getFloat32(at) : this.#view.getFloat64(at);
  }
}

/** The smallest number that needs as many bytes. */
const SHORTEST_FROM = { 1: 24, 2: 0x1_00, 4: 0x1_0000, 8: TWO_32 } as const;

/** Sets a member of any name: plain assignment to `__proto__` would change the object's prototype instead. */
function put(map: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(map, name, { value, enumerable: true, configurable: true, writable: true });
  } else map[name] = value;
}
