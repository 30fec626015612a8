import type { Interval } from '../interval.ts';

/** Value at the quantile `q` of sorted numbers; 0 when there are none. */
export function quantileOf(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}

export function sorted(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b);
}

/** Latencies of an interval that are kept: the quantiles of so many are those of all. */
const LATENCIES_MAX = 10_000;

/** Sums of the interval that runs; of a replay, and of whoever else asks a tuner. */
export class IntervalMeter {
  readonly #objective_ms: number;
  #latencies_ms: number[] = [];
  #answered = 0;
  #missed = 0;
  #timeouts = 0;
  #ecn_marks = 0;
  #tokens = 0;

  constructor(objective_ms: number) {
    this.#objective_ms = objective_ms;
  }

  answered(latency_ms: number, tokens: number, is_marked: boolean): void {
    this.#answered += 1;
    if (this.#latencies_ms.length < LATENCIES_MAX) this.#latencies_ms.push(latency_ms);
    if (latency_ms > this.#objective_ms) this.#missed += 1;
    if (is_marked) this.#ecn_marks += 1;
    this.#tokens += tokens;
  }

  timedOut(): void {
    this.#timeouts += 1;
  }

  /** What was seen, and begins anew. */
  take(at: Pick<Interval, 'start_ms' | 'length_ms' | 'in_flight' | 'window' | 'waiting'>): Interval {
    const latencies = sorted(this.#latencies_ms);
    const seen: Interval = {
      ...at,
      answered: this.#answered,
      missed: this.#missed,
      p50_ms: quantileOf(latencies, 0.5),
      p95_ms: quantileOf(latencies, 0.95),
      timeouts: this.#timeouts,
      ecn_marks: this.#ecn_marks,
      tokens: this.#tokens,
    };
    this.#latencies_ms = [];
    this.#answered = 0;
    this.#missed = 0;
    this.#timeouts = 0;
    this.#ecn_marks = 0;
    this.#tokens = 0;
    return seen;
  }
}
