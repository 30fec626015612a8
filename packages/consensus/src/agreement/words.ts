import { clip } from '@atp-router/kernel';
import { foldText, lastChars } from '../text/fold.ts';

/** Words of a text that are compared; of a longer one the first half and the last half of so many. */
export const COMPARED_WORDS = 1_024;
/** Characters from which these words are taken, again from both ends. */
const COMPARED_CHARS = 32_768;

/** Scripts that are written without blanks: each of their characters is a word. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/gu;

/** The words of a text, folded, as all scores here compare them. */
export function wordsOf(text: string): readonly string[] {
  const half = COMPARED_CHARS / 2;
  const ends = text.length <= COMPARED_CHARS ? text : `${clip(text, half)} ${lastChars(text, half)}`;
  const words = foldText(ends)
    .replace(UNSPACED, ' $& ')
    .split(' ')
    .filter((word) => word !== '');
  if (words.length <= COMPARED_WORDS) return words;
  return [...words.slice(0, COMPARED_WORDS / 2), ...words.slice(-COMPARED_WORDS / 2)];
}
