import { at } from './triangle.ts';

/**
 * x of M·x = b for a symmetric, positive definite M (lower triangle, `rows` of it), by Cholesky. A pivot that rounding made
 * zero or less, as of two sources that always say the same, is lifted, which gives that direction no weight.
 */
export function solve(matrix: Float64Array, b: Float64Array, rows: number): Float64Array {
  const low = new Float64Array(matrix.length);
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = matrix[at(i, j)] ?? 0;
      for (let k = 0; k < j; k += 1) sum -= (low[at(i, k)] ?? 0) * (low[at(j, k)] ?? 0);
      if (i === j) low[at(i, i)] = Math.sqrt(Math.max(sum, PIVOT_MIN * (1 + (matrix[at(i, i)] ?? 0))));
      else low[at(i, j)] = sum / (low[at(j, j)] ?? 1);
    }
  }
  const x = b.slice(0, rows);
  for (let i = 0; i < rows; i += 1) {
    let sum = x[i] ?? 0;
    for (let k = 0; k < i; k += 1) sum -= (low[at(i, k)] ?? 0) * (x[k] ?? 0);
    x[i] = sum / (low[at(i, i)] ?? 1);
  }
  for (let i = rows - 1; i >= 0; i -= 1) {
    let sum = x[i] ?? 0;
    for (let k = i + 1; k < rows; k += 1) sum -= (low[at(k, i)] ?? 0) * (x[k] ?? 0);
    x[i] = sum / (low[at(i, i)] ?? 1);
  }
  return x;
}

const PIVOT_MIN = 1e-9;

/** M·x. */
export function times(matrix: Float64Array, x: Float64Array, rows: number): Float64Array {
  const product = new Float64Array(rows);
  for (let i = 0; i < rows; i += 1) {
    let sum = 0;
    for (let j = 0; j < rows; j += 1) sum += (matrix[at(i, j)] ?? 0) * (x[j] ?? 0);
    product[i] = sum;
  }
  return product;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
