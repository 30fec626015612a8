/**
 * Jain's fairness index `(Σx)² / (n · Σx²)` of what each of `n` got, by its weight: 1 when all got the same, 1/n when one got
 * everything (Jain, Chiu, Hawe 1984). 1 for fewer than two, and when nobody got anything.
 */
export function jainIndex(shares: Iterable<number>): number {
  let [n, sum, squares] = [0, 0, 0];
  for (const share of shares) {
    n += 1;
    sum += share;
    squares += share * share;
  }
  return n < 2 || squares === 0 ? 1 : (sum * sum) / (n * squares);
}
