import { foldText } from '../text/fold.ts';
import { hash32 } from '../text/hash.ts';
import type { Embedder } from './embedder.ts';

export const HASHED_DIMS = 256;
/** Words of a text that count; a claim has twenty. */
const WORDS_MAX = 2_048;
/** Characters of a word that count. */
const WORD_CHARS = 64;

/** What a feature counts. Short words are in every text and tell little; neighbours tell who did what to whom. */
const WEIGHTS = { word: 1, short: 0.25, pair: 0.5, grams: 1 } as const;

function add(vector: Float64Array, feature: string, weight: number): void {
  const hash = hash32(feature);
  const at = (hash >>> 1) % vector.length;
  vector[at] = (vector[at] ?? 0) + ((hash & 1) === 0 ? weight : -weight);
}

/** Three characters at a time of a word with its borders, so that forms of a word are near each other. By code points. */
function addGrams(vector: Float64Array, word: string, weight: number): void {
  const points = Array.from(`<${word}>`);
  const count = points.length - 2;
  for (let i = 0; i < count; i += 1) {
    add(vector, `g${points[i]}${points[i + 1]}${points[i + 2]}`, weight / Math.sqrt(count));
  }
}

function vectorOf(text: string, dims: number): Float32Array {
  const vector = new Float64Array(dims);
  const words = foldText(text).split(' ', WORDS_MAX);
  let before = '';
  for (const whole of words) {
    const word = whole.slice(0, WORD_CHARS);
    if (word === '') continue;
    const weight = word.length <= 3 ? WEIGHTS.short : WEIGHTS.word;
    add(vector, `w${word}`, weight);
    addGrams(vector, word, weight * WEIGHTS.grams);
    if (before !== '') add(vector, `p${before} ${word}`, WEIGHTS.pair * weight);
    before = word;
  }
  // Sums, products and roots are exact in IEEE 754 and so the same everywhere; logarithms, as in tf-idf, need not be.
  let square = 0;
  for (const value of vector) square += value * value;
  const scale = square === 0 ? 0 : 1 / Math.sqrt(square);
  return Float32Array.from(vector, (value) => value * scale);
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
