/** Milliseconds from 1 to 2^20 (17 minutes) at four bins to a doubling: a quantile is right within 19 %. */
const BINS_PER_OCTAVE = 4;
const BINS: number = 20 * BINS_PER_OCTAVE + 1;

export interface RollingSummary {
  readonly samples: number;
  /** Share of failures in [0, 1]; 0 without samples. */
  readonly error_rate: number;
  /** Upper edge of the bin that holds the 95th percentile; undefined when no latency was recorded. */
  readonly p95_ms: number | undefined;
}

/** Successes, failures and latencies over a sliding window of fixed buckets. */
export class RollingWindow {
  readonly #bucket_ms: number;
  readonly #buckets: number;
  readonly #periods: Float64Array;
  readonly #successes: Uint32Array;
  readonly #failures: Uint32Array;
  readonly #latencies: Uint32Array | undefined;

  constructor(window_ms: number, buckets: number, with_latency: boolean) {
    this.#bucket_ms = window_ms / buckets;
    this.#buckets = buckets;
    this.#periods = new Float64Array(buckets).fill(Number.NEGATIVE_INFINITY);
    this.#successes = new Uint32Array(buckets);
    this.#failures = new Uint32Array(buckets);
    this.#latencies = with_latency ? new Uint32Array(buckets * BINS) : undefined;
  }

  add(ok: boolean, latency_ms: number | undefined, now_ms: number): void {
    const at = this.#bucketAt(now_ms);
    const counts = ok ? this.#successes : this.#failures;
    counts[at] = (counts[at] ?? 0) + 1;
    if (this.#latencies === undefined || latency_ms === undefined) return;
    const bin = latency_ms <= 1 ? 0 : Math.ceil(Math.log2(latency_ms) * BINS_PER_OCTAVE);
    const index = at * BINS + Math.min(bin, BINS - 1);
    this.#latencies[index] = (this.#latencies[index] ?? 0) + 1;
  }

  clear(): void {
    this.#periods.fill(Number.NEGATIVE_INFINITY);
  }

  summary(now_ms: number): RollingSummary {
    let successes = 0;
    let failures = 0;
    for (let at = 0; at < this.#buckets; at += 1) {
      if (!this.#isLive(at, now_ms)) continue;
      successes += this.#successes[at] ?? 0;
      failures += this.#failures[at] ?? 0;
    }
    const samples = successes + failures;
    return { samples, error_rate: samples === 0 ? 0 : failures / samples, p95_ms: this.#p95_ms(now_ms) };
  }

  #p95_ms(now_ms: number): number | undefined {
    if (this.#latencies === undefined) return undefined;
    const merged = new Uint32Array(BINS);
    let total = 0;
    for (let at = 0; at < this.#buckets; at += 1) {
      if (!this.#isLive(at, now_ms)) continue;
      for (let bin = 0; bin < BINS; bin += 1) {
        const count = this.#latencies[at * BINS + bin] ?? 0;
        merged[bin] = (merged[bin] ?? 0) + count;
        total += count;
      }
    }
    if (total === 0) return undefined;
    const rank = Math.ceil(0.95 * total);
    let seen = 0;
    let bin = -1;
    while (seen < rank) {
      bin += 1;
      seen += merged[bin] ?? 0;
    }
    return 2 ** (bin / BINS_PER_OCTAVE);
  }

  #isLive(at: number, now_ms: number): boolean {
    const newest = Math.floor(now_ms / this.#bucket_ms);
    const period = this.#periods[at] ?? Number.NEGATIVE_INFINITY;
    return period > newest - this.#buckets && period <= newest;
  }

  /** The bucket of this moment, emptied when it last served another period. */
  #bucketAt(now_ms: number): number {
    const period = Math.floor(now_ms / this.#bucket_ms);
    const at = ((period % this.#buckets) + this.#buckets) % this.#buckets;
    if (this.#periods[at] !== period) {
      this.#periods[at] = period;
      this.#successes[at] = 0;
      this.#failures[at] = 0;
      this.#latencies?.fill(0, at * BINS, (at + 1) * BINS);
    }
    return at;
  }
}
