/** Texts as vectors of length 1 (or 0, of a text without words), near for texts that mean the same. Answers at once. */
export interface Embedder {
  /** Names the model and its version: vectors of different ids must not be compared. */
  readonly id: string;
  readonly dims: number;
  embed(texts: readonly string[]): readonly Float32Array[];
}

/** The same of a model elsewhere: an endpoint, a file of weights. One vector for each text, in their order. */
export interface AsyncEmbedder {
  readonly id: string;
  readonly dims: number;
  embed(texts: readonly string[]): Promise<readonly Float32Array[]>;
}

/**
 * How near two vectors are, 0 to 1: their cosine, on a scale that begins at `baseline`. Vectors of many models lie in a narrow
 * cone, where what has nothing in common has a cosine of 0.5 and more (Ethayarajh 2019, "How Contextual are Contextualized
 * Word Representations?").
 */
export function nearness(a: Float32Array, b: Float32Array, baseline: number): number {
  return Math.max(0, (cosine(a, b) - baseline) / (1 - baseline));
}

/** The cosine of two vectors, -1 to 1; 0 when one of them is nothing, or they are not of one length. */
export function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return 0;
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i += 1) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  if (aa === 0 || bb === 0) return 0;
  const value = dot / Math.sqrt(aa * bb);
  return Number.isFinite(value) ? Math.min(1, Math.max(-1, value)) : 0;
}
