/**
 * Sources that are told apart. A fan-out has at most 32 members; in a policy that has more than this over time those of whom
 * most is known are kept, and the others count as sources of which nothing is known.
 */
export const SOURCES_MAX = 64;

/** Length of a symmetric matrix of so many rows, kept as its lower triangle, row by row: a new source adds at the end. */
export function triangleLength(rows: number): number {
  return (rows * (rows + 1)) / 2;
}

/** Where the element of a row and a column is. */
export function at(i: number, j: number): number {
  return i >= j ? (i * (i + 1)) / 2 + j : (j * (j + 1)) / 2 + i;
}

export function newTriangle(): Float64Array {
  return new Float64Array(triangleLength(SOURCES_MAX));
}

export function addInto(sums: Float64Array, more: readonly number[] | Float64Array): void {
  for (let i = 0; i < more.length; i += 1) sums[i] = (sums[i] ?? 0) + (more[i] ?? 0);
}

export function scale(sums: Float64Array, factor: number): void {
  for (let i = 0; i < sums.length; i += 1) sums[i] = (sums[i] ?? 0) * factor;
}

/** Sets everything of one row, which is a column as well, to 0. */
export function clearRow(sums: Float64Array, row: number): void {
  for (let other = 0; other < SOURCES_MAX; other += 1) sums[at(row, other)] = 0;
}
