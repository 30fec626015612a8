/** Places of a new table. */
const PLACES_MIN = 16;
/** Places that are looked at for one key: by chance that is always enough, and who makes keys that crowd gets no more work done. */
const PROBES_MAX = 128;

/**
 * A set of keys, which are whole numbers from 1 to 2^53 − 1, in one array: 16 to 32 bytes for each of them. Open addressing, at
 * most half full.
 */
export class NonceTable {
  #places = new Float64Array(PLACES_MIN);
  size = 0;

  has(key: number): boolean {
    return this.#places[this.#place(key)] === key;
  }

  /** False: there is no place for it, or for one that was there; the table is of no use any more. */
  add(key: number): boolean {
    if ((this.size + 1) * 2 > this.#places.length && !this.#grow()) return false;
    const place = this.#place(key);
    if (place < 0) return false;
    this.#places[place] = key;
    this.size += 1;
    return true;
  }

  /** Where it is, or a free place for it; −1 when there is neither nearby. */
  #place(key: number): number {
    const last = this.#places.length - 1;
    for (let probe = 0; probe < PROBES_MAX; probe += 1) {
      const place = (key + probe) & last;
      const there = this.#places[place];
      if (there === key || there === 0) return place;
    }
    return -1;
  }

  #grow(): boolean {
    const before = this.#places;
    this.#places = new Float64Array(before.length * 2);
    for (const key of before) {
      if (key === 0) continue;
      const place = this.#place(key);
      if (place < 0) return false;
      this.#places[place] = key;
    }
    return true;
  }
}
