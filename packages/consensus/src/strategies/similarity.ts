import { ANSWERS_MAX, JACCARD, pairMatrix } from '../agreement/agreement.ts';
import type { LaneAnswer } from '../answer.ts';

/** How near answers are to each other, pair by pair, 0 to 1: 1 for equal keys, else the words they share (Jaccard). */
export function answerMatrix(answers: readonly LaneAnswer[]): readonly (readonly number[])[] {
  const compared = answers.slice(0, ANSWERS_MAX);
  // Each different text is taken apart once.
  const words = new Map<string, ReadonlySet<string>>();
  const wordsOf = (text: string): ReadonlySet<string> => {
    const known = words.get(text) ?? JACCARD.prepare(text);
    words.set(text, known);
    return known;
  };
  return pairMatrix(compared.length, (i, j) => {
    const [a, b] = [compared[i], compared[j]];
    if (a === undefined || b === undefined) return 0;
    if (a.key !== '' && a.key === b.key) return 1;
    return JACCARD.score(wordsOf(a.text), wordsOf(b.text));
  });
}
