/** For each word of `a` where it stands, a bit for each place, 32 to a number. */
function placesOf(a: readonly string[], length: number): ReadonlyMap<string, Int32Array> {
  const places = new Map<string, Int32Array>();
  a.forEach((word, at) => {
    const bits = places.get(word) ?? new Int32Array(length);
    bits[at >>> 5] = (bits[at >>> 5] ?? 0) | (1 << (at & 31));
    places.set(word, bits);
  });
  return places;
}

/**
 * The rows of the table of common subsequences in bits (Hyyrö 2004, "Bit-parallel LCS-length computation revisited"): after
 * the j-th word of `b`, a bit of row j is 0 where the length grows at that place of `a`. O(a·b/32). Each row is told.
 */
function overRows(
  a: readonly string[],
  b: readonly string[],
  onRow: (row: Int32Array, at: number) => void,
): Int32Array {
  const length = (a.length + 31) >>> 5;
  const places = placesOf(a, length);
  const row = new Int32Array(length).fill(-1);
  b.forEach((word, at) => {
    const bits = places.get(word);
    if (bits !== undefined) {
      let carry = 0;
      for (let i = 0; i < length; i += 1) {
        const v = row[i] ?? 0;
        const u = v & (bits[i] ?? 0);
        const sum = (v >>> 0) + (u >>> 0) + carry;
        carry = sum > 0xffffffff ? 1 : 0;
        row[i] = sum | 0 | (v & ~u);
      }
    }
    onRow(row, at);
  });
  return row;
}

const grows = (row: Int32Array, at: number): boolean => (((row[at >>> 5] ?? 0) >>> (at & 31)) & 1) === 0;

/** Length of the longest common subsequence. */
export function lcsLength(a: readonly string[], b: readonly string[]): number {
  const row = overRows(a, b, () => undefined);
  let length = 0;
  for (let at = 0; at < a.length; at += 1) if (grows(row, at)) length += 1;
  return length;
}

/** Which words of each side are in one longest common subsequence; of several the one that begins latest. */
export interface Alignment {
  readonly a: Uint8Array;
  readonly b: Uint8Array;
}

/** Keeps all rows: a·b/8 bytes. */
export function align(a: readonly string[], b: readonly string[]): Alignment {
  const length = (a.length + 31) >>> 5;
  const rows = new Int32Array(length * (b.length + 1)).fill(-1);
  overRows(a, b, (row, at) => rows.set(row, (at + 1) * length));
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
