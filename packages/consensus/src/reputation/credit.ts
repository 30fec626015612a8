import { upperBound } from './estimate.ts';
import type { Tally } from './tally.ts';

/** Who says what the result says less than half as often as others do is not one of several minds that differ. */
const FAR_BELOW = 0.5;
/** Of so many the one in the middle says what is usual. */
const OTHERS_MIN = 3;

/**
 * What is left of the weight of each of those who are asked together, 0 to 1. Who is right, or says what the result says, less
 * than half as often as the one in the middle of them, and certainly so (an upper bound of 90 %), counts by that part. All
 * others count in full: among few sources agreement off the plurality is too rare for a voter to learn from, and among
 * many this says little. The results of many that err alike are no measure of a better one, which therefore needs to be
 * twice as good as they say to lose by it.
 */
export function creditsOf(tallies: readonly Tally[], min_samples: number): readonly number[] {
  const rates = tallies.map(({ agreed, compared, right, labelled }) => {
    const n = compared + labelled;
    return n < min_samples ? undefined : { rate: Math.min(1, (agreed + right) / n), n };
  });
  const known = rates.flatMap((one) => one ?? []).sort((a, b) => a.rate - b.rate);
  const middle = known[known.length >> 1]?.rate ?? 0;
  if (known.length < OTHERS_MIN || middle === 0) return tallies.map(() => 1);
  return rates.map((one) => {
    const most = one === undefined ? 1 : upperBound(one);
    return most < FAR_BELOW * middle ? most / middle : 1;
  });
}
