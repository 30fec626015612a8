import { LogHistogram } from './log-histogram.ts';

const BUCKET_MS = 21_600_000;
/** Seven days of six hours. */
const BUCKETS = 28;
/** An actual above this multiple of the estimate counts as underestimated. */
const UNDER_FACTOR = 1.2;
/** One absurd report must not decide a week's mean. */
const MAX_APE = 10;
/** Overage factors from 1/4 to 64. */
const OVERAGE_LOW = 0.25;
const OVERAGE_OCTAVES = 8;

/** How good the estimates of one model were over the last seven days. */
export interface AccuracySummary {
  readonly samples: number;
  /** Mean of |actual − estimate| / actual. */
  readonly mape: number;
  /** Share of calls with actual > 1.2 × estimate. */
  readonly under_rate: number;
  /** 95th percentile of actual / estimate. */
  readonly p95_overage: number;
}

class Bucket {
  period = Number.NEGATIVE_INFINITY;
  samples = 0;
  ape_sum = 0;
  under = 0;
  readonly overage: LogHistogram = new LogHistogram(OVERAGE_LOW, OVERAGE_OCTAVES);

  restart(period: number): void {
    this.period = period;
    this.samples = 0;
    this.ape_sum = 0;
    this.under = 0;
    this.overage.clear();
  }
}

/** A sliding window in buckets of six hours, made as they are needed and reused. */
export class AccuracyWindow {
  readonly #buckets: (Bucket | undefined)[] = new Array<Bucket | undefined>(BUCKETS).fill(undefined);

  /** Estimates and actuals are positive numbers of one unit; a call that used nothing says nothing. */
  record(estimate: number, actual: number, now_ms: number): void {
    if (!(actual > 0) || !(estimate > 0)) return;
    const period = Math.floor(now_ms / BUCKET_MS);
    const at = ((period % BUCKETS) + BUCKETS) % BUCKETS;
    const bucket = this.#buckets[at] ?? new Bucket();
    this.#buckets[at] = bucket;
    if (bucket.period !== period) bucket.restart(period);
    bucket.samples += 1;
    bucket.ape_sum += Math.min(MAX_APE, Math.abs(actual - estimate) / actual);
    if (actual > UNDER_FACTOR * estimate) bucket.under += 1;
    bucket.overage.add(actual / estimate);
  }

  /** Undefined when the window holds no sample. */
  summary(now_ms: number): AccuracySummary | undefined {
    const newest = Math.floor(now_ms / BUCKET_MS);
    const overage = new LogHistogram(OVERAGE_LOW, OVERAGE_OCTAVES);
    let samples = 0;
    let ape_sum = 0;
    let under = 0;
    for (const bucket of this.#buckets) {
      if (bucket === undefined || bucket.period > newest || bucket.period <= newest - BUCKETS) continue;
      samples += bucket.samples;
      ape_sum += bucket.ape_sum;
      under += bucket.under;
      overage.merge(bucket.overage);
    }
    const p95_overage = overage.quantile(0.95);
    if (samples === 0 || p95_overage === undefined) return undefined;
    return { samples, mape: ape_sum / samples, under_rate: under / samples, p95_overage };
  }
}
