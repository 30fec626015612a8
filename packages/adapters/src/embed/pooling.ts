/** Vectors of tokens, [texts, tokens, dims], or of texts already, [texts, dims]; row by row. */
export interface Output {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/**
 * One vector of length 1 for each text, one after the other: of tokens the mean of those that `mask` marks, or the first.
 * Undefined for an output of another shape.
 */
export function pooled(
  { data, shape }: Output,
  mask: readonly (readonly number[])[],
  pooling: 'mean' | 'cls',
): { readonly vectors: Float32Array; readonly dims: number } | undefined {
  const texts = mask.length;
  const dims = shape.at(-1) ?? 0;
  const tokens = shape.length === 3 ? (shape[1] ?? 0) : 1;
  if (shape.length < 2 || shape.length > 3 || shape[0] !== texts || dims < 1 || data.length !== texts * tokens * dims) {
    return undefined;
  }
  const vectors = new Float32Array(texts * dims);
  for (let text = 0; text < texts; text += 1) {
    const vector = vectors.subarray(text * dims, (text + 1) * dims);
    for (let token = 0; token < tokens; token += 1) {
      const counts = tokens === 1 || (pooling === 'cls' ? token === 0 : mask[text]?.[token] === 1);
      if (!counts) continue;
      const from = (text * tokens + token) * dims;
      for (let i = 0; i < dims; i += 1) vector[i] = (vector[i] ?? 0) + (data[from + i] ?? 0);
    }
    scale(vector);
  }
  return { vectors, dims };
}

/** To length 1; a vector of zeros stays. The direction of a sum is that of the mean. */
function scale(vector: Float32Array): void {
  let square = 0;
  for (const value of vector) square += value * value;
  const factor = square === 0 ? 0 : 1 / Math.sqrt(square);
  for (let i = 0; i < vector.length; i += 1) vector[i] = (vector[i] ?? 0) * factor;
}
