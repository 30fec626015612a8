import { lcsLength, type Places } from './lcs.ts';

/** The F-measure of what two sides share: 1 when both are empty, 0 when one is. */
function fMeasure(shared: number, a: number, b: number): number {
  return a + b === 0 ? 1 : (2 * shared) / (a + b);
}

/** Shared words over all words, each once (Jaccard 1912). 1 for two texts without words. */
export function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const word of a) if (b.has(word)) shared += 1;
  const all = a.size + b.size - shared;
  return all === 0 ? 1 : shared / all;
}

/** F-measure of shared words, each as often as both have it (ROUGE-1, Lin 2004). */
export function rouge1(a: readonly string[], b: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const word of a) counts.set(word, (counts.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of b) {
    const left = counts.get(word) ?? 0;
    if (left === 0) continue;
    counts.set(word, left - 1);
    shared += 1;
  }
  return fMeasure(shared, a.length, b.length);
}

/** F-measure of the longest common subsequence of words (ROUGE-L, Lin 2004). */
export function rougeL(a: Places, b: Places): number {
  return fMeasure(lcsLength(a, b.words), a.words.length, b.words.length);
}
