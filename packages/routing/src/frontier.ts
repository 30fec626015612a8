/**
 * Which of these are on the Pareto frontier: nobody else is as good in all that counts and better in some of it. A point
 * is what one of them costs in each of the things that count, in the same order for all; less is better. Equal points are
 * on it together. Takes time with the square of their number: for lists that are short, as candidates are.
 */
export function onFrontier(points: readonly (readonly number[])[]): readonly boolean[] {
  return points.map((point) => !points.some((other) => dominates(other, point)));
}

/**
 * The same of so many by what each is worse in, a list for each thing that counts. What is not known of one is no number, which
 * neither beats anybody nor is beaten; what is not known of any does not count.
 */
export function frontierOf(worse: readonly (readonly (number | undefined)[])[], count: number): readonly boolean[] {
  const known = worse.filter((values) => values.some((value) => value !== undefined));
  return onFrontier(Array.from({ length: count }, (_, i) => known.map((values) => values[i] ?? Number.NaN)));
}

function dominates(one: readonly number[], other: readonly number[]): boolean {
  let is_better = false;
  for (const [at, value] of one.entries()) {
    const against = other[at] ?? Number.NaN;
    // What is not a number cannot be compared, so it beats nobody and is beaten by nobody.
    if (!(value <= against)) return false;
    if (value < against) is_better = true;
  }
  return is_better;
}
