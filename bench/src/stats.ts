/** The middle value; the mean of the middle two for an even count; NaN for none. Values that are NaN are left out. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  if (upper === undefined) return Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return lower === undefined ? upper : (lower + upper) / 2;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Ratios of values that were measured in the same round, then their median: a disturbance that hits a whole round
 * cancels out, which a ratio of two medians would not do. Rounds that lack one of the two are left out; null
 * when none remains.
 */
export function ratioOfRounds(
  values: ReadonlyMap<number, number>,
  references: ReadonlyMap<number, number>,
): Spread | null {
  const ratios = [...values].flatMap(([round, value]) => {
    const ratio = value / (references.get(round) ?? Number.NaN);
    return Number.isFinite(ratio) ? [ratio] : [];
  });
  return spread(ratios);
}

/** Differences of values of the same round, and their median; null when no round has both. */
export function differenceOfRounds(
  values: ReadonlyMap<number, number>,
  references: ReadonlyMap<number, number>,
): Spread | null {
  const differences = [...values].flatMap(([round, value]) => {
    const difference = value - (references.get(round) ?? Number.NaN);
    return Number.isFinite(difference) ? [difference] : [];
  });
  return spread(differences);
}

function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}
