/** Bins per doubling: a quantile is right within 19 %. */
const BINS_PER_OCTAVE = 4;

/** A histogram of positive numbers with logarithmic bins from `low` upwards; what lies outside counts in the end bins. */
export class LogHistogram {
  readonly #low: number;
  readonly #bins: Uint32Array;
  #total = 0;

  constructor(low: number, octaves: number) {
    this.#low = low;
    this.#bins = new Uint32Array(octaves * BINS_PER_OCTAVE + 1);
  }

  get total(): number {
    return this.#total;
  }

  add(value: number): void {
    const at = value <= this.#low ? 0 : Math.ceil(Math.log2(value / this.#low) * BINS_PER_OCTAVE);
    const index = Math.min(at, this.#bins.length - 1);
    this.#bins[index] = (this.#bins[index] ?? 0) + 1;
    this.#total += 1;
  }

  /** Adds the counts of a histogram of the same shape. */
  merge(other: LogHistogram): void {
    for (let i = 0; i < this.#bins.length; i += 1) this.#bins[i] = (this.#bins[i] ?? 0) + (other.#bins[i] ?? 0);
    this.#total += other.#total;
  }

  /** Halves every bin, so that old samples lose weight against new ones. */
  halve(): void {
    this.#total = 0;
    for (let i = 0; i < this.#bins.length; i += 1) {
      const half = (this.#bins[i] ?? 0) >>> 1;
      this.#bins[i] = half;
      this.#total += half;
    }
  }

  clear(): void {
    this.#bins.fill(0);
    this.#total = 0;
  }

  /** The upper edge of the bin that holds the quantile `q` in [0, 1]; undefined when empty. */
  quantile(q: number): number | undefined {
    if (this.#total === 0) return undefined;
    const rank = Math.max(1, Math.ceil(q * this.#total));
    let seen = 0;
    for (let i = 0; i < this.#bins.length; i += 1) {
      seen += this.#bins[i] ?? 0;
      if (seen >= rank) return this.#low * 2 ** (i / BINS_PER_OCTAVE);
    }
    return undefined;
  }
}
