import { type Rng, randomInt } from '@atp-router/kernel';

/** A mean with the 95 % interval of its bootstrap. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 1_000;

/** Bootstrap of the mean over prompts (Efron 1979), percentile interval; `values` holds one number a prompt. */
export function bootstrap(values: readonly number[], rng: Rng): Estimate | null {
  const { length } = values;
  if (length === 0) return null;
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let i = 0; i < length; i += 1) sum += values[randomInt(rng, 0, length - 1)] ?? 0;
    return sum / length;
  }).sort((a, b) => a - b);
  const cut = Math.round(RESAMPLES * 0.025);
  return { mean: mean(values), low: means[cut] ?? 0, high: means[RESAMPLES - 1 - cut] ?? 0 };
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
