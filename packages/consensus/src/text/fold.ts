import { clip } from '@atp-router/kernel';

/** Characters of an answer that are looked at; what goes beyond is not folded. A hundred pages carry no answer to vote on. */
export const LOOK_CHARS = 65_536;

/**
 * Marks that stand on one letter, and the two letters that become marks (sound marks of half width). Normalization sorts
 * them, in quadratic time of their number, and no script needs more (UAX #15, stream-safe text).
 */
const MANY_MARKS = /([\p{M}\uff9e\uff9f]{30})[\p{M}\uff9e\uff9f]+/gu;
/** ASCII, most of what is folded, is in its normal form. */
const PLAIN = /^[\t-~]*$/;
const INVISIBLE = /\p{Cf}+/gu;
const APOSTROPHES = /['’‘ʼ]/gu;
const GROUPED = /(?<=\p{N}),(?=\p{N}{3}(?!\p{N}))/gu;
const POINTS = /(?<!\p{N})\.|\.(?!\p{N})/gu;
const HYPHENS = /-(?!\p{N})|(?<=[\p{L}\p{M}\p{N}])-/gu;
const HEADINGS = /(?<![\p{L}\p{N}])#/gu;
const OTHERS = /[^\p{L}\p{M}\p{N}\p{S}%#.-]|[`^]/gu;

/** NFKC without case: upper, then lower case, which also takes ß to ss (the capital ẞ by hand) and both forms of σ to one. */
function caseless(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  const folded = text.replace(MANY_MARKS, '$1').normalize('NFKC').toUpperCase().toLowerCase();
  return folded.replaceAll('ß', 'ss').normalize('NFKC');
}

/**
 * The words of a text in the form in which they are compared: NFKC, without case, punctuation and space; one blank between
 * words. What changes a meaning stays: signs and points of numbers, `%`, symbols, the # of C#. Takes the first
 * `LOOK_CHARS`, in linear time.
 */
export function foldText(text: string): string {
  return caseless(clip(text, LOOK_CHARS).replace(INVISIBLE, ''))
    .replaceAll('\u2212', '-')
    .replace(APOSTROPHES, '')
    .replace(GROUPED, '')
    .replace(POINTS, ' ')
    .replace(HYPHENS, ' ')
    .replace(HEADINGS, ' ')
    .replace(OTHERS, ' ')
    .replace(/ +/g, ' ')
    .trim();
}

/** The last `max` characters (UTF-16) of a text; one fewer rather than half a surrogate pair. */
export function lastChars(text: string, max: number): string {
  if (text.length <= max) return text;
  const first = text.charCodeAt(text.length - max);
  return text.slice(text.length - max + (first >= 0xdc00 && first <= 0xdfff ? 1 : 0));
}
