/**
 * The inverse of a symmetric positive definite matrix (rows of `dims`, both halves) by Cholesky (Golub, Van Loan 2013, 4.2).
 * Undefined where it is not positive definite. `matrix` is used up.
 */
export function inverseOf(matrix: Float64Array, dims: number): Float64Array | undefined {
  if (!factorize(matrix, dims)) return undefined;
  const lower = matrix;
  // The factor is inverted in place, row by row: each needs those above it.
  for (let i = 0; i < dims; i += 1) {
    const row = i * dims;
    const own = 1 / (lower[row + i] ?? 1);
    for (let j = 0; j < i; j += 1) {
      let sum = 0;
      for (let k = j; k < i; k += 1) sum += (lower[row + k] ?? 0) * (lower[k * dims + j] ?? 0);
      // What is at `j` of this row is still needed by those before it only: these are done.
      lower[row + j] = -own * sum;
    }
    lower[row + i] = own;
  }
  const inverse = new Float64Array(dims * dims);
  for (let k = 0; k < dims; k += 1) {
    const row = k * dims;
    for (let i = 0; i <= k; i += 1) {
      const value = lower[row + i] ?? 0;
      if (value === 0) continue;
      for (let j = 0; j <= i; j += 1)
        inverse[i * dims + j] = (inverse[i * dims + j] ?? 0) + value * (lower[row + j] ?? 0);
    }
  }
  for (let i = 0; i < dims; i += 1) for (let j = 0; j < i; j += 1) inverse[j * dims + i] = inverse[i * dims + j] ?? 0;
  return inverse;
}

/** Puts the lower Cholesky factor in the lower half; whether there is one. */
export function factorize(matrix: Float64Array, dims: number): boolean {
  for (let j = 0; j < dims; j += 1) {
    const row = j * dims;
    for (let i = j; i < dims; i += 1) {
      const other = i * dims;
      let sum = matrix[other + j] ?? 0;
      for (let k = 0; k < j; k += 1) sum -= (matrix[other + k] ?? 0) * (matrix[row + k] ?? 0);
      if (i > j) {
        matrix[other + j] = sum / (matrix[row + j] ?? 1);
        continue;
      }
      if (!(sum > 0 && sum < Number.POSITIVE_INFINITY)) return false;
      matrix[row + j] = Math.sqrt(sum);
    }
  }
  return true;
}
