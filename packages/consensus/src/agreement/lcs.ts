/** Words with the places where each stands, as bits, 32 to a number; made once for all comparisons. */
export interface Places {
  readonly words: readonly string[];
  /** Numbers of one word. */
  readonly length: number;
  /** Where the numbers of a word begin in `bits`. */
  readonly rows: ReadonlyMap<string, number>;
  readonly bits: Int32Array;
}

export function placesOf(words: readonly string[]): Places {
  const length = (words.length + 31) >>> 5;
  const rows = new Map<string, number>();
  for (const word of words) if (!rows.has(word)) rows.set(word, rows.size * length);
  const bits = new Int32Array(rows.size * length);
  words.forEach((word, at) => {
    const place = (rows.get(word) ?? 0) + (at >>> 5);
    bits[place] = (bits[place] ?? 0) | (1 << (at & 31));
  });
  return { words, length, rows, bits };
}

/**
 * One row of the table of common subsequences in bits (Hyyrö 2004, "Bit-parallel LCS-length computation revisited"), made
 * from that of the word before: a bit is 0 where the length grows at that place of `a`. O(a/32).
 */
function nextRow(row: Int32Array, bits: Int32Array, from: number): void {
  let carry = 0;
  for (let i = 0; i < row.length; i += 1) {
    const v = row[i] ?? 0;
    const u = v & (bits[from + i] ?? 0);
    const sum = (v >>> 0) + (u >>> 0) + carry;
    carry = sum > 0xffffffff ? 1 : 0;
    row[i] = sum | (v & ~u);
  }
}

const grows = (row: Int32Array, at: number): boolean => (((row[at >>> 5] ?? 0) >>> (at & 31)) & 1) === 0;

/** Length of the longest common subsequence. */
export function lcsLength(a: Places, b: readonly string[]): number {
  const row = new Int32Array(a.length).fill(-1);
  for (const word of b) {
    const from = a.rows.get(word);
    if (from !== undefined) nextRow(row, a.bits, from);
  }
  let length = 0;
  for (let at = 0; at < a.words.length; at += 1) if (grows(row, at)) length += 1;
  return length;
}

/** Which words of each side are in one longest common subsequence; of several the one that begins latest. */
export interface Alignment {
  readonly a: Uint8Array;
  readonly b: Uint8Array;
}

/** Keeps all rows: a·b/8 bytes. */
export function align(a: readonly string[], b: readonly string[]): Alignment {
  const places = placesOf(a);
  const { length } = places;
  const rows = new Int32Array(length * (b.length + 1)).fill(-1);
  const row = new Int32Array(length).fill(-1);
  b.forEach((word, at) => {
    const from = places.rows.get(word);
    if (from !== undefined) nextRow(row, places.bits, from);
    rows.set(row, (at + 1) * length);
  });
  const rowOf = (j: number): Int32Array => rows.subarray(j * length, (j + 1) * length);
  const marks = { a: new Uint8Array(a.length), b: new Uint8Array(b.length) };
  let i = a.length;
  let j = b.length;
  while (i > 0 && j > 0) {
    // No growth at this place of `a`: the same length without it. Growth already in the row above: the same without this of `b`.
    if (!grows(rowOf(j), i - 1)) i -= 1;
    else if (grows(rowOf(j - 1), i - 1)) j -= 1;
    else {
      marks.a[i - 1] = 1;
      marks.b[j - 1] = 1;
      i -= 1;
      j -= 1;
    }
  }
  return marks;
}
