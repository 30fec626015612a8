import type { Rng } from '@atp-router/kernel';

/** A mean with the 95 % interval of its bootstrap. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 1_000;

/**
 * Bootstrap of means over prompts (Efron 1979), percentile intervals. Each column holds one number a prompt; all are drawn
 * together, as they belong to the same prompts.
 */
export function bootstrap(columns: readonly (readonly number[])[], rng: Rng): readonly Estimate[] {
  const length = columns[0]?.length ?? 0;
  const data = columns.map((values) => Float64Array.from(values));
  const means = columns.map(() => new Float64Array(RESAMPLES));
  for (let round = 0; round < RESAMPLES; round += 1) {
    const sums = new Float64Array(columns.length);
    for (let i = 0; i < length; i += 1) {
      const drawn = Math.floor(rng.next() * length);
      for (let c = 0; c < data.length; c += 1) sums[c] = (sums[c] ?? 0) + (data[c]?.[drawn] ?? 0);
    }
    for (const [c, column] of means.entries()) column[round] = (sums[c] ?? 0) / Math.max(1, length);
  }
  const cut = Math.round(RESAMPLES * 0.025);
  return means.map((column, c) => {
    column.sort();
    return { mean: mean(columns[c] ?? []), low: column[cut] ?? 0, high: column[RESAMPLES - 1 - cut] ?? 0 };
  });
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly prompts: number;
  readonly confidence: number;
  readonly accuracy: number;
}

export interface Calibration {
  /** Expected calibration error (Naeini et al. 2015) over ten bins. */
  readonly ece: number;
  readonly brier: number;
  readonly bins: readonly Bin[];
}

const BINS = 10;

export function calibration(confidences: readonly number[], scores: readonly number[]): Calibration {
  const bins = Array.from({ length: BINS }, (_, bin) => {
    const inside = [...confidences.keys()].filter(
      (i) => Math.min(BINS - 1, Math.floor((confidences[i] ?? 0) * BINS)) === bin,
    );
    return {
      from: bin / BINS,
      to: (bin + 1) / BINS,
      prompts: inside.length,
      confidence: mean(inside.map((i) => confidences[i] ?? 0)),
      accuracy: mean(inside.map((i) => scores[i] ?? 0)),
    };
  });
  const gaps = bins.map(({ prompts, confidence, accuracy }) => prompts * Math.abs(confidence - accuracy));
  return {
    ece: gaps.reduce((sum, gap) => sum + gap, 0) / Math.max(1, confidences.length),
    brier: mean(confidences.map((confidence, i) => (confidence - (scores[i] ?? 0)) ** 2)),
    bins,
  };
}
