/** A mean, and between which values it lies with a chance of nineteen in twenty. */
export interface Guessed {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export const NOTHING_GUESSED: Guessed = { mean: Number.NaN, low: Number.NaN, high: Number.NaN };

/** Of 1, standard deviations of a normal distribution. */
const Z = 1.96;

/** As many independent calls as were weighed so (Kish 1965) have to be there; fewer say nothing. */
export const EFFECTIVE_MIN = 30;

/** Of values as their number, sum and sum of squares. `z`: standard deviations to each side. */
export function guessedOf(n: number, sum: number, squares: number, z: number = Z): Guessed {
  if (n === 0) return NOTHING_GUESSED;
  const mean = sum / n;
  const variance = Math.max(0, squares - n * mean * mean) / Math.max(1, n - 1);
  return around(mean, Math.sqrt(variance / n), z);
}

export function around(mean: number, error: number, z: number = Z): Guessed {
  return { mean, low: mean - z * error, high: mean + z * error };
}

/** By weights as their sum and their sum of squares. */
export function effectiveBy(sum: number, squares: number): number {
  return squares === 0 ? 0 : (sum * sum) / squares;
}

/**
 * Standard deviations to each side within which the worst of `n` means lies nineteen times of twenty, whichever was picked
 * (Bonferroni). The quantile is that of Hastings 1955 (Abramowitz, Stegun 26.2.23), true to 0.0005.
 */
export function zOfBest(n: number): number {
  const t = Math.sqrt(-2 * Math.log(0.025 / Math.max(1, n)));
  const above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
  const below = 1 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
  return t - above / below;
}
