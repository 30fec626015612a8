import { foldText } from '../text/fold.ts';
import { hash32 } from '../text/hash.ts';
import type { Embedder } from './embedder.ts';

export const HASHED_DIMS = 256;
/** Words of a text that count; a claim has twenty. */
const WORDS_MAX = 2_048;
/** Characters of a word that count. */
const WORD_CHARS = 64;

/** What a feature counts. Short words are in every text and tell little; neighbours tell who did what to whom. */
const WEIGHTS = { word: 1, short: 0.25, pair: 0.5 } as const;
/** Seeds that keep a word apart from three letters that look like it. */
const SEEDS = { word: 1, pair: 2, gram: 3 } as const;

function add(vector: Float64Array, hash: number, weight: number): void {
  const at = (hash >>> 1) % vector.length;
  vector[at] = (vector[at] ?? 0) + ((hash & 1) === 0 ? weight : -weight);
}

/** Sums what a folded text has of words, pairs of words, and three letters of a word with the blanks around it. */
function sumUp(vector: Float64Array, text: string): void {
  let before = -1;
  let start = 1;
  for (let words = 0; words < WORDS_MAX && start < text.length; words += 1) {
    const blank = text.indexOf(' ', start);
    const end = Math.min(blank, start + WORD_CHARS);
    const length = end - start;
    const weight = length <= 3 ? WEIGHTS.short : WEIGHTS.word;
    add(vector, hash32(text, SEEDS.word, start, end), weight);
    const gramWeight = weight / Math.sqrt(length);
    for (let at = start - 1; at < end - 1; at += 1) {
      add(vector, hash32(text, SEEDS.gram, at, at + 3), gramWeight);
    }
    if (before >= 0) add(vector, hash32(text, SEEDS.pair, before, end), WEIGHTS.pair * weight);
    before = Math.max(start, blank - WORD_CHARS);
    start = blank + 1;
  }
}

function vectorOf(text: string, dims: number): Float32Array {
  const vector = new Float64Array(dims);
  const folded = foldText(text);
  if (folded !== '') sumUp(vector, ` ${folded} `);
  // Sums, products and roots are exact in IEEE 754 and so the same everywhere; logarithms, as in tf-idf, need not be.
  let square = 0;
  for (let i = 0; i < dims; i += 1) square += (vector[i] ?? 0) * (vector[i] ?? 0);
  const scale = square === 0 ? 0 : 1 / Math.sqrt(square);
  const result = new Float32Array(dims);
  for (let i = 0; i < dims; i += 1) result[i] = (vector[i] ?? 0) * scale;
  return result;
}

/**
 * An embedder without weights: words, pairs of words and three letters at a time, hashed into `dims` signed sums
 * (Weinberger, Dasgupta, Langford, Smola, Attenberg 2009, "Feature Hashing for Large Scale Multitask Learning"). It sees
 * likeness of wording, not of meaning. The same on every machine.
 */
export function hashedEmbedder(dims: number = HASHED_DIMS): Embedder {
  return {
    id: `hashed-ngrams-1/${dims}`,
    dims,
    embed: (texts) => texts.map((text) => vectorOf(text, dims)),
  };
}
