import { ANSWERS_MAX, JACCARD, pairMatrix } from '../agreement/agreement.ts';
import type { LaneAnswer } from '../answer.ts';
import { nearness } from '../embed/embedder.ts';
import type { VectorSource } from '../embed/vectors.ts';

/**
 * How near answers are to each other, pair by pair, 0 to 1: 1 for equal keys, else the nearness of their vectors where these
 * see meaning, and the words they share (Jaccard) where they do not.
 */
export function answerMatrix(answers: readonly LaneAnswer[], vectors: VectorSource): readonly (readonly number[])[] {
  const compared = answers.slice(0, ANSWERS_MAX);
  const near = vectors.sees_meaning ? byMeaning(vectors) : byWords();
  return pairMatrix(compared.length, (i, j) => {
    const [a, b] = [compared[i], compared[j]];
    if (a === undefined || b === undefined) return 0;
    return a.key !== '' && a.key === b.key ? 1 : near(a.text, b.text);
  });
}

type Nearness = (a: string, b: string) => number;

const byMeaning =
  (vectors: VectorSource): Nearness =>
  (a, b) =>
    a === b ? 1 : nearness(vectors.of(a), vectors.of(b), vectors.baseline);

/** Each different text is taken apart once. */
function byWords(): Nearness {
  const words = new Map<string, ReadonlySet<string>>();
  const wordsOf = (text: string): ReadonlySet<string> => {
    const known = words.get(text) ?? JACCARD.prepare(text);
    words.set(text, known);
    return known;
  };
  return (a, b) => JACCARD.score(wordsOf(a), wordsOf(b));
}
