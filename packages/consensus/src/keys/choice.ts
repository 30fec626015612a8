import { boxes, statements } from './stated.ts';

/** Words that go on after a stated A or I; before any other word these are the article and the pronoun. */
const GOES_ON: ReadonlySet<string> = new Set(
  'and as based because but by due for from given is not on or since so which while with'.split(' '),
);
const LETTER = /^([([{]{0,3}) ?([A-Za-z])/;
const WORD = /^ \(?([\p{L}'’]+)/u;

interface Hit {
  readonly at: number;
  readonly letter: string;
}

/** Whether the letter before `end` stands for itself rather than begins a word. */
function standsAlone(plain: string, end: number, letter: string, isWrapped: boolean): boolean {
  const next = plain[end] ?? '\n';
  if (isWrapped) return /[)\]}.:,;]/.test(next);
  if (next === '.') return !/[\p{L}\p{N}]/u.test(plain[end + 1] ?? ' ');
  if (next !== ' ') return /[\n,;:!?)\]}|/，。]/.test(next);
  const word = WORD.exec(plain.slice(end, end + 32))?.[1];
  if (word === undefined || GOES_ON.has(word.toLowerCase())) return true;
  return letter !== 'A' && letter !== 'I' && letter === letter.toUpperCase();
}

/** The letter that is stated at a place of a plain answer. Small ones count up to j: others are names of variables. */
function letterAt(plain: string, at: number): Hit | undefined {
  const match = LETTER.exec(plain.slice(at, at + 8));
  const letter = match?.[2];
  if (match === null || letter === undefined) return undefined;
  const isWrapped = match[1] !== '';
  if (!isWrapped && /[k-z]/.test(letter)) return undefined;
  if (!standsAlone(plain, at + match[0].length, letter, isWrapped)) return undefined;
  return { at, letter: letter.toUpperCase() };
}

/** A line that is a letter and nothing else: `B`, `(b)`, `C.`, `Option D`. */
function letterLine(plain: string, from: number, to: number): Hit | undefined {
  if (to - from > 24) return undefined;
  const match = /^[ #>([{-]*(?:(?:option|choice|letter) )?([A-Z])[ )\]}.:]*$/i.exec(plain.slice(from, to));
  return match?.[1] === undefined ? undefined : { at: from, letter: match[1].toUpperCase() };
}

function lastOf(hits: readonly (Hit | undefined)[]): string {
  return (
    hits.reduce<Hit | undefined>((last, hit) => (hit && (!last || hit.at >= last.at) ? hit : last), undefined)
      ?.letter ?? ''
  );
}

/** `(B) is correct`, `B is the right answer`, `I choose B`: places of the letters. */
function verdicts(plain: string): number[] {
  const said = /(?<![\p{L}\p{N}'’])\(?[A-Z]\)? is (?:the )?(?:most |best )?(?:correct|right|best|answer)(?!\p{L})/gu;
  const chosen = /(?<!\p{L})(?:choose|pick|select|go with|opt for) (?:option |answer |choice )?(?=\(?[A-Z](?!\p{L}))/gu;
  return [
    ...Array.from(plain.matchAll(said), ({ index }) => index),
    ...Array.from(plain.matchAll(chosen), ({ index, 0: words }) => index + words.length),
  ];
}

/**
 * The letter that a plain answer states in so many words, `''` when it does not: boxed, `the answer is`, `is correct`, or
 * alone on its first or last line. The last statement counts.
 */
export function statedLetter(plain: string): string {
  const firstEnd = plain.indexOf('\n');
  const lastStart = plain.lastIndexOf('\n') + 1;
  const places = [...boxes(plain), ...statements(plain), ...verdicts(plain)];
  return lastOf([
    letterLine(plain, 0, firstEnd < 0 ? plain.length : firstEnd),
    letterLine(plain, lastStart, plain.length),
    ...places.map((at) => letterAt(plain, at)),
  ]);
}

/** The letter of `B) Paris`, an answer of one line that repeats its option. */
export function optionLetter(plain: string): string {
  return (plain.includes('\n') ? undefined : /^\(?([A-Z])\)/i.exec(plain)?.[1])?.toUpperCase() ?? '';
}

/**
 * The letter of an answer to a question that has letters, `''` when none is to be seen: a stated one; else that of the only
 * line which begins like an option (`B. Paris`); else the last one in brackets; else the last capital that stands alone,
 * the article and the pronoun apart.
 */
export function choiceLetter(plain: string): string {
  const stated = statedLetter(plain);
  if (stated !== '') return stated;
  const options = new Set(Array.from(plain.matchAll(/^[ #>-]{0,4}\(?([A-Z])[.):](?=[ \n]|$)/gm), (match) => match[1]));
  if (options.size === 1) return [...options][0] ?? '';
  const wrapped = Array.from(plain.matchAll(/[([]([A-Z])[)\]]/g), (match) => match[1] ?? '').at(-1);
  if (wrapped !== undefined) return wrapped;
  const alone = Array.from(plain.matchAll(/(?<![\p{L}\p{N}'’.+#-])[A-J](?![\p{L}\p{N}'’+#-])/gu));
  return alone.filter(({ index, 0: letter }) => standsAlone(plain, index + 1, letter, false)).at(-1)?.[0] ?? '';
}
