import { LogHistogram } from './log-histogram.ts';

/** Before any observation: a short chat answer, and no certainty at all. */
const PRIOR_MEAN_TOKENS = 300;
const PRIOR_WEIGHT = 4;
/** Newest observation's weight never falls below this: about the last fifty answers count. */
const MIN_ALPHA = 0.02;
const MAX_TOKENS = 1_000_000;
/** 1 to 2^20 tokens. */
const OCTAVES = 20;
const HISTOGRAM_SAMPLES = 1_000;
/** Fewer samples say nothing about a 95th percentile. */
const MIN_P95_SAMPLES = 20;

/** How long the answers of one model are: exponentially weighted mean and variance, and a decaying histogram. */
export class LengthModel {
  #mean: number = PRIOR_MEAN_TOKENS;
  #variance: number = PRIOR_MEAN_TOKENS * PRIOR_MEAN_TOKENS;
  #samples = 0;
  readonly #histogram: LogHistogram = new LogHistogram(1, OCTAVES);

  get mean_tokens(): number {
    return this.#mean;
  }

  get variance(): number {
    return this.#variance;
  }

  get samples(): number {
    return this.#samples;
  }

  p95_tokens(): number | undefined {
    return this.#samples < MIN_P95_SAMPLES ? undefined : this.#histogram.quantile(0.95);
  }

  /** Only answers that ended by themselves: a cut one says nothing about the length. */
  observe(out_tokens: number): void {
    const value = Math.min(Math.max(0, out_tokens), MAX_TOKENS);
    this.#samples += 1;
    const alpha = Math.max(MIN_ALPHA, 1 / (this.#samples + PRIOR_WEIGHT));
    const delta = value - this.#mean;
    this.#mean += alpha * delta;
    this.#variance = (1 - alpha) * (this.#variance + alpha * delta * delta);
    this.#histogram.add(value);
    if (this.#histogram.total >= HISTOGRAM_SAMPLES) this.#histogram.halve();
  }
}
