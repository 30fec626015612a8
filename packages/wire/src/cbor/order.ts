import type { KeyTable } from './keys.ts';

/** Above this the members are sorted by the engine; below, moving them to their places as they come is faster. */
const FEW = 32;

/**
 * The members of the objects that are being written, each object's in the order of deterministic CBOR: that of the bytes
 * of their encoded keys, which is integer keys rising, then text keys, shorter ones first, in bytes of UTF-8, and then
 * byte by byte (RFC 8949 §4.2.1). A stack, because objects are within objects and arrays for each would cost more than
 * the writing.
 */
export class MemberStack {
  readonly names: string[] = [];
  readonly values: unknown[] = [];
  /** Below zero: of an integer key, see `keyOf`. Else bytes of the name. */
  readonly #ranks: number[] = [];
  /** The arrays keep their length: to set it costs more than all the rest. */
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The integer key of the member at a place; below zero when it has none. */
  keyOf(place: number): number {
    const rank = this.#ranks[place] as number;
    return rank < 0 ? rank + KEYS_MAX : -1;
  }

  /** Puts the members of `object` on top, but those that are undefined or excepted. */
  push(object: Record<string, unknown>, table: KeyTable | undefined, except: ReadonlySet<string> | undefined): void {
    const base = this.#size;
    let end = base;
    let is_sorted = true;
    let last_name = '';
    let last_rank = Number.NEGATIVE_INFINITY;
    for (const name in object) {
      const value = object[name];
      if (value === undefined || except?.has(name)) continue;
      const key = table?.keys.get(name);
      const rank = key === undefined ? utf8Bytes(name) : key - KEYS_MAX;
      is_sorted &&= rank > last_rank || (rank === last_rank && comparePoints(last_name, name) < 0);
      last_name = name;
      last_rank = rank;
      this.names[end] = name;
      this.values[end] = value;
      this.#ranks[end] = rank;
      end += 1;
    }
    this.#size = end;
    if (is_sorted) return;
    if (end - base <= FEW) this.#insert(base);
    else this.#sort(base);
  }

  /** Takes off all above the first `size`. */
  cut(size: number): void {
    for (let i = size; i < this.#size; i += 1) this.values[i] = undefined;
    this.#size = size;
  }

  #insert(base: number): void {
    const { names, values } = this;
    const ranks = this.#ranks;
    for (let i = base + 1; i < this.#size; i += 1) {
      const name = names[i] as string;
      const rank = ranks[i] as number;
      const value = values[i];
      let place = i;
      while (place > base && isAfter(ranks[place - 1] as number, names[place - 1] as string, rank, name)) {
        names[place] = names[place - 1] as string;
        values[place] = values[place - 1];
        ranks[place] = ranks[place - 1] as number;
        place -= 1;
      }
      names[place] = name;
      values[place] = value;
      ranks[place] = rank;
    }
  }

  #sort(base: number): void {
    const members = this.names.slice(base, this.#size).map((name, i) => ({
      name,
      value: this.values[base + i],
      rank: this.#ranks[base + i] as number,
    }));
    members.sort((left, right) => left.rank - right.rank || comparePoints(left.name, right.name));
    for (const [i, { name, value, rank }] of members.entries()) {
      this.names[base + i] = name;
      this.values[base + i] = value;
      this.#ranks[base + i] = rank;
    }
  }
}

/** More than any integer key of the tables. */
const KEYS_MAX = 24;

function isAfter(left_rank: number, left: string, right_rank: number, right: string): boolean {
  return left_rank > right_rank || (left_rank === right_rank && comparePoints(left, right) > 0);
}

function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) bytes += unit < 0x800 || (unit & 0xf800) === 0xd800 ? 1 : 2;
  }
  return bytes;
}

/** The order of bytes in UTF-8 is that of code points, which is not that of code units above U+FFFF. */
function comparePoints(left: string, right: string): number {
  let i = 0;
  while (i < left.length && left.charCodeAt(i) === right.charCodeAt(i)) i += 1;
  if (i === left.length || i === right.length) return left.length - right.length;
  const a = left.charCodeAt(i);
  const b = right.charCodeAt(i);
  const is_a_pair = (a & 0xf800) === 0xd800;
  const is_b_pair = (b & 0xf800) === 0xd800;
  return is_a_pair === is_b_pair ? a - b : is_a_pair ? 1 : -1;
}
