import { FRAME_KEYS, type KeyTable } from './keys.ts';
import { MemberStack } from './order.ts';
import type { Profile } from './read.ts';
import { Sink } from './sink.ts';

/**
 * Writes deterministic CBOR (RFC 8949 §4.2.1). What it is given has been checked, so the recursion is bounded; half
 * surrogate pairs it refuses itself.
 */
export class Writer {
  readonly #sink: Sink = new Sink();
  readonly #members: MemberStack = new MemberStack();
  #profile: Profile = 'frame';

  /** A frame; `except` names members of the frame itself that are left out. */
  frame(frame: object, except?: ReadonlySet<string>): Uint8Array<ArrayBuffer> {
    this.#begin('frame');
    this.#map(frame as Record<string, unknown>, FRAME_KEYS, except);
    return this.#sink.end();
  }

  /** Any value, with names for all keys. */
  value(value: unknown, profile: Profile): Uint8Array<ArrayBuffer> {
    this.#begin(profile);
    this.#value(value);
    return this.#sink.end();
  }

  #begin(profile: Profile): void {
    this.#profile = profile;
    this.#sink.begin();
    // What was refused halfway is still there.
    this.#members.cut(0);
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#sink.text(value);
        break;
      case 'number':
        this.#number(value);
        break;
      case 'boolean':
        this.#sink.head(0xe0, value ? 21 : 20);
        break;
      default:
        this.#object(value as object | null);
    }
  }

  #object(value: object | null): void {
    if (value === null) this.#sink.head(0xe0, 22);
    else if (value instanceof Uint8Array) this.#sink.bytes(value);
    else if (Array.isArray(value)) {
      this.#sink.head(0x80, value.length);
      for (let i = 0; i < value.length; i += 1) this.#value(value[i]);
    } else this.#map(value as Record<string, unknown>, undefined, undefined);
  }

  #number(value: number): void {
    // Minus zero is zero in a frame: JSON's canonical form writes it so.
    const is_integer = Number.isSafeInteger(value) && (this.#profile === 'frame' || !Object.is(value, -0));
    if (!is_integer) this.#sink.float(value);
    else if (value < 0) this.#sink.head(0x20, -1 - value);
    else this.#sink.head(0x00, value);
  }

  #map(object: Record<string, unknown>, table: KeyTable | undefined, except: ReadonlySet<string> | undefined): void {
    const members = this.#members;
    const base = members.size;
    members.push(object, table, except);
    const end = members.size;
    this.#sink.head(0xa0, end - base);
    for (let i = base; i < end; i += 1) {
      const key = members.keyOf(i);
      const nested = key < 0 ? undefined : table?.nested[key];
      if (key < 0) this.#sink.text(members.names[i] as string);
      else this.#sink.head(0x00, key);
      if (nested === undefined) this.#value(members.values[i]);
      else this.#map(members.values[i] as Record<string, unknown>, nested, undefined);
    }
    members.cut(base);
  }
}
