import type { BeliefSettings, Features, Slice } from '../../src/learn/belief.ts';

/** Something seen: a row of all features, what came, and how often it counts. */
export interface Seen {
  readonly row: readonly number[];
  readonly y: number;
  readonly weight: number;
}

/** The row without what is 0. */
export function sparse(row: readonly number[]): Features {
  const at = [...row.keys()].filter((i) => row[i] !== 0);
  return { at, value: at.map((i) => row[i] as number) };
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, one, i) => sum + one * (b[i] as number), 0);
}

/**
 * The posterior by its normal equations (Bishop 2006, 3.50 and 3.51): the precision is that of the prior and of all that was
 * seen, and is solved for at the end. Spreads must not be 0.
 */
export function posterior(
  { means, spreads, noise }: BeliefSettings,
  seen: readonly Seen[],
): { mean(row: readonly number[]): number; variance(row: readonly number[]): number } {
  const precision = Array.from(spreads, (spread, i) => Array.from(spreads, (_, j) => (i === j ? spread ** -2 : 0)));
  const right = Array.from(means, (mean, i) => mean * (spreads[i] as number) ** -2);
  for (const { row, y, weight } of seen) {
    for (const [i, a] of row.entries()) {
      right[i] = (right[i] as number) + (weight * a * y) / noise;
      const line = precision[i] as number[];
      for (const [j, b] of row.entries()) line[j] = (line[j] as number) + (weight * a * b) / noise;
    }
  }
  const weights = solve(precision, right);
  return { mean: (row) => dot(row, weights), variance: (row) => dot(row, solve(precision, row)) };
}

/** Gaussian elimination; the greatest of a column goes first. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const lines = matrix.map((line, i) => [...line, right[i] as number]);
  const dims = lines.length;
  for (let column = 0; column < dims; column += 1) {
    const size = (line: readonly number[]): number => Math.abs(line[column] as number);
    let first = column;
    for (let i = column; i < dims; i += 1) if (size(lines[i] as number[]) > size(lines[first] as number[])) first = i;
    const pivot = lines[first] as number[];
    [lines[column], lines[first]] = [pivot, lines[column] as number[]];
    for (const line of lines.slice(column + 1)) {
      const times = (line[column] as number) / (pivot[column] as number);
      for (let j = column; j <= dims; j += 1) line[j] = (line[j] as number) - times * (pivot[j] as number);
    }
  }
  const solved = new Array<number>(dims).fill(0);
  for (let i = dims - 1; i >= 0; i -= 1) {
    const line = lines[i] as number[];
    solved[i] = ((line[dims] as number) - dot(line.slice(i + 1, dims), solved.slice(i + 1))) / (line[i] as number);
  }
  return solved;
}

/** A slice and what came in addition, put together. */
export function together({ mean, variance, weights, cross, square }: Slice, more: readonly number[]): [number, number] {
  const lines = more.map((_, k) => Array.from(square.slice(k * more.length, (k + 1) * more.length)));
  const spread = dot(
    more,
    lines.map((line) => dot(line, more)),
  );
  return [mean + dot(more, Array.from(weights)), variance + 2 * dot(more, Array.from(cross)) + spread];
}
