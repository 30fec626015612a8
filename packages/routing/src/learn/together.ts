import { RegressionSums } from './sums.ts';

/** Sums of both, of those that are named, or of all. */
export function* both(
  own: ReadonlyMap<string, RegressionSums>,
  shared: ReadonlyMap<string, RegressionSums>,
  keys: Iterable<string> = new Set([...own.keys(), ...shared.keys()]),
): Generator<readonly [string, RegressionSums]> {
  for (const key of keys) {
    const sums = together(own.get(key), shared.get(key));
    if (sums !== undefined) yield [key, sums];
  }
}

/** Sums of one model, or of one pair, of a tenant's own tasks and of others'. */
export function together(
  own: RegressionSums | undefined,
  shared: RegressionSums | undefined,
): RegressionSums | undefined {
  if (own === undefined || shared === undefined) return own ?? shared;
  const sums = new RegressionSums(own.dims);
  sums.add(own, 1);
  sums.add(shared, 1);
  return sums;
}
