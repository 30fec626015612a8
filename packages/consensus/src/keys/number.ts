import { fractionKey, decimalKey } from './decimal.ts';
import { boxes, statements } from './stated.ts';

const THIN = '\u00a0\u2009\u202f';
const WHOLE = `\\d{1,3}(?:\\.\\d{3})+,\\d{1,2}(?!\\d)|\\d{1,3}(?:[,'${THIN}]\\d{3})+(?!\\d)(?:\\.\\d+)?|\\d+(?:\\.\\d+)?|\\.\\d+`;
/** Begins where no word, number or exponent is under way: the 2 of CO2, of x^2 and of 1.2.2 is none of its own. */
const NUMBER: RegExp = new RegExp(
  [
    '(?<![\\p{L}\\p{N}_^]|[\\p{L}\\p{N}]\\.)',
    '(?<minus>(?<![)\\]}%])-(?=[$€£¥]? ?[\\d.]))?[$€£¥]? ?(?<inner>-(?=[\\d.]))?',
    `(?<value>${WHOLE})`,
    '(?:(?: ?[×*x] ?10 ?(?:\\^|\\*\\*) ?\\{?(?<times>[+-]?\\d{1,4})\\}?)|[eE](?<exponent>[+-]?\\d{1,4})(?![\\p{L}\\p{N}]))?',
    '(?:(?:\\^|\\*\\*)\\{?(?<power>-?\\d{1,6})\\}?)?',
    '(?:\\/(?<under>\\d+)|(?: (?<above>\\d+)\\/(?<below>\\d+)))?',
    '(?: (?<word>thousand|million|billion|trillion)(?!\\p{L}))?',
  ].join(''),
  'gu',
);
const ZEROS: Readonly<Record<string, number>> = { thousand: 3, million: 6, billion: 9, trillion: 12 };

interface Found {
  readonly at: number;
  readonly end: number;
  readonly key: string;
}

/** LaTeX, fractions of one character, full width and the sign U+2212, as plain digits and signs. */
function plainNumbers(text: string): string {
  return text
    .replace(/\\[dt]?frac ?\{(-?\d{1,40})\} ?\{(\d{1,40})\}/g, '$1/$2')
    .replace(/\\(?:times|cdot)/g, '×')
    .replace(/\{,\}/g, ',')
    .replace(/\\[,!;]/g, '')
    .replace(/\\([$%])/g, '$1')
    .replace(/[¼½¾⅐-⅞]/g, (one) => ` ${one.normalize('NFKC').replace('\u2044', '/')}`)
    .replace(/[０-９．，－]/g, (one) => one.normalize('NFKC'))
    .replaceAll('\u2212', '-');
}

function keyOf(groups: Readonly<Record<string, string | undefined>>): string {
  const { value = '', power, under, above, below, word } = groups;
  const isMinus = groups['minus'] !== undefined || groups['inner'] !== undefined;
  const digits =
    /\.\d{3},/.test(value) || /^\d{1,3}(\.\d{3})+,/.test(value) ? value.replaceAll('.', '').replace(',', '.') : value;
  const [whole = '', part = ''] = digits.replace(/[^\d.]/g, '').split('.');
  const shift = Number(groups['times'] ?? groups['exponent'] ?? 0) + (word === undefined ? 0 : (ZEROS[word] ?? 0));
  if (shift === 0 && part === '' && power === undefined) {
    if (under !== undefined) return fractionKey(isMinus, '0', whole, under);
    if (above !== undefined && below !== undefined) return fractionKey(isMinus, whole, above, below);
  }
  const key = decimalKey(isMinus, whole, part, shift);
  return power === undefined ? key : `${key}^${power}`;
}

function numbersIn(text: string): Found[] {
  return Array.from(text.matchAll(NUMBER), ({ index, 0: { length }, groups }) => ({
    at: index,
    end: index + length,
    key: keyOf(groups ?? {}),
  }));
}

/** Characters behind words like `the answer is` in which the number is looked for. */
const REACH_CHARS = 200;
/** Statements of one answer that are read, the last ones. */
const PLACES_MAX = 64;

/** The number stated at a place of an answer: it, or what comes out of the sum that stands there, or the last of its line. */
function numberAt(text: string, at: number): { readonly key: string; readonly isNear: boolean } | undefined {
  const line =
    text
      .slice(at, at + REACH_CHARS)
      .trimStart()
      .split('\n', 1)[0] ?? '';
  const sum = /^(?:[-\d\s.,+*/×÷()$€£%^]{0,100}=)+/.exec(line)?.[0] ?? '';
  const found = numbersIn(line.slice(sum.length));
  const [first] = found;
  if (first === undefined) return undefined;
  const isNear = /^[^\p{L}\p{N}]{0,4}$/u.test(line.slice(sum.length, sum.length + first.at));
  return { key: (isNear ? first : found.at(-1))?.key ?? '', isNear };
}

function places(text: string): number[] {
  const lines = Array.from(
    text.matchAll(/^ ?(?:A|Answer)[:：]|#### ?/gm),
    ({ index, 0: words }) => index + words.length,
  );
  return [...boxes(text), ...statements(text), ...lines].sort((a, b) => a - b).slice(-PLACES_MAX);
}

/**
 * The number that a plain answer states in so many words, `''` when it does not: boxed, behind `####`, `A:` or `the answer
 * is`; or the whole answer is a number, with two words beside it at most. The last statement counts.
 */
export function statedNumber(plain: string): string {
  const text = plainNumbers(plain);
  const stated = places(text).flatMap((at) => numberAt(text, at) ?? []);
  const near = stated.filter(({ isNear }) => isNear).at(-1);
  if (near !== undefined) return near.key;
  if (text.length > 64 || text.includes('\n')) return '';
  const [only, more] = numbersIn(text);
  if (only === undefined || more !== undefined) return '';
  const isBare = /^[=≈~ ]*$/.test(text.slice(0, only.at)) && /^[^\p{N}]{0,40}$/u.test(text.slice(only.end));
  return isBare &&
    text
      .slice(only.end)
      .split(' ')
      .filter((word) => word !== '').length <= 2
    ? only.key
    : '';
}

/**
 * The number of an answer to a question for one, `''` when it has none: a stated one, else its last. Commas before three
 * digits group them, other commas separate; `1.234,50` is read as on the continent. Signs of currencies, `%` and units go.
 */
export function lastNumber(plain: string): string {
  const text = plainNumbers(plain);
  const stated = places(text).flatMap((at) => numberAt(text, at) ?? []);
  const best = stated.filter(({ isNear }) => isNear).at(-1) ?? stated.at(-1);
  return best?.key ?? numbersIn(text).at(-1)?.key ?? '';
}
