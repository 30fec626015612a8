/** What the guard takes out, in the order in which it looks. */
export const PERSONAL_KINDS = ['email', 'iban', 'card', 'ssn', 'ip', 'phone'] as const;

export type PersonalKind = (typeof PERSONAL_KINDS)[number];

/** A piece of a text: from, and up to but not including. */
type Piece = readonly [from: number, to: number];

/** Finds the pieces of one kind, from left to right, none over another. */
type Finder = (text: string) => readonly Piece[];

/** All patterns have bounded repetitions, and none within another that could take the same characters. */
const EMAIL_END = /@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}/gu;
const EMAIL_CHAR = /[\p{L}\p{N}\p{Sk}._%+'-]/u;
/** RFC 5321, 4.5.3.1.1. */
const EMAIL_LOCAL_MAX = 64;
/** Not of those that are never given out: 000, 666, 900 to 999. */
const SSN = /(?<![\d-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])/g;
const IPV4 = /(?<![\d.])(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}(?!\.?\d)/g;
const IPV6 = /(?<![\w:.])[0-9A-Fa-f:]{2,39}(?:(?<=:)(?:\d{1,3}\.){3}\d{1,3})?(?!\w|:[\w:]|\.\d)/g;

/** E.164, also with the international prefix 00: 7 to 15 digits, at most two signs between them. */
const PHONE_E164 = /(?<![\w+])(?:\+|00)[ ]?[1-9](?:[ .()/-]{0,2}\d){6,14}(?!\d)/g;
/** North America: three, three and four digits. */
const PHONE_NANP = /(?<![\w.+-])(?:1[ .-])?(?:\([2-9]\d{2}\)[ .-]?|[2-9]\d{2}[ .-])\d{3}[ .-]\d{4}(?![\w-])/g;
/** With the 0 of the trunk: a group of digits and 5 to 10 more; no date. */
const PHONE_TRUNK =
  /(?<![\w.,+:/-])(?!\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?!\d))(?:\(0[1-9]\d{0,4}\)|0[1-9]\d{0,4})(?:[ /.-]{1,3}\d(?:[ /.-]?\d){4,9}|\d{5,9})(?![\w])/g;
const TRUNK_DIGITS_MIN = 9;

const CARD_DIGITS = { min: 13, max: 19 } as const;
const IBAN_HEAD = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}/g;
const IBAN_CHARS = { min: 15, max: 34 } as const;

export const FINDERS: Readonly<Record<PersonalKind, Finder>> = {
  email: emails,
  iban: ibans,
  card: cards,
  ssn: matches(SSN),
  ip: (text) => apart([...matches(IPV4)(text), ...ipv6s(text)].sort(byPlace)),
  phone: (text) =>
    apart(
      [
        ...matches(PHONE_E164)(text),
        ...matches(PHONE_NANP)(text),
        ...matches(PHONE_TRUNK, (value) => digitsIn(value) >= TRUNK_DIGITS_MIN)(text),
      ].sort(byPlace),
    ),
};

function matches(pattern: RegExp, holds: (value: string) => boolean = () => true): Finder {
  return (text) =>
    [...text.matchAll(pattern)].flatMap(({ 0: value, index }): Piece[] =>
      holds(value) ? [[index, index + value.length]] : [],
    );
}

function byPlace([a]: Piece, [b]: Piece): number {
  return a - b;
}

/** Without those that begin in another. */
function apart(pieces: readonly Piece[]): readonly Piece[] {
  let end = 0;
  return pieces.filter(([from, to]) => {
    if (from < end) return false;
    end = to;
    return true;
  });
}

function digitsIn(value: string): number {
  return value.replace(/\D/g, '').length;
}

/** From each sign on to the right, and then to the left: a long run is looked at once. */
function emails(text: string): readonly Piece[] {
  let end = 0;
  return [...text.matchAll(EMAIL_END)].flatMap(({ 0: value, index }): Piece[] => {
    let from = index;
    while (from > Math.max(end, index - EMAIL_LOCAL_MAX) && EMAIL_CHAR.test(text[from - 1] ?? '')) from -= 1;
    if (from === index) return [];
    end = index + value.length;
    return [[from, end]];
  });
}

/** A colon behind an address is the sentence's. */
function ipv6s(text: string): readonly Piece[] {
  return [...text.matchAll(IPV6)].flatMap(({ 0: value, index }): Piece[] => {
    const address = value.endsWith(':') && !value.endsWith('::') ? value.slice(0, -1) : value;
    return isIpv6(address) ? [[index, index + address.length]] : [];
  });
}

/** RFC 4291, 2.2: eight groups, or fewer with one `::`; three words or a digit, for C++ has `a::b`. */
function isIpv6(value: string): boolean {
  const dotted = /(?<=:)(?:\d{1,3}\.){3}\d{1,3}$/.test(value);
  const plain = dotted ? value.replace(/[\d.]+$/, '0:0') : value;
  const halves = plain.split('::');
  if (halves.length > 2 || plain.includes(':::')) return false;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (!groups.flat().every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  const count = groups.flat().length;
  if (halves.length === 1) return count === 8;
  return count >= 1 && count <= 7 && (count >= 3 || /\d/.test(plain));
}

/** Digits with single spaces or dashes between them, 13 to 19 of them, which Luhn's sum holds for (ISO/IEC 7812-1). */
function cards(text: string): readonly Piece[] {
  const found: Piece[] = [];
  for (const { 0: run, index } of text.matchAll(/\d(?:[ -]?\d)*/g)) {
    if (run.length < CARD_DIGITS.min) continue;
    let at = 0;
    while (at < run.length) {
      const length = isGroupStart(run, at) ? cardFrom(run, at) : 0;
      if (length > 0) found.push([index + at, index + at + length]);
      at += Math.max(1, length);
    }
  }
  return found;
}

function isGroupStart(run: string, at: number): boolean {
  return isDigit(run[at]) && run[at] !== '0' && !isDigit(run[at - 1]);
}

/** Characters of the longest card that begins here and ends with a group; 0: none. */
function cardFrom(run: string, from: number): number {
  let [digits, even, odd, length] = [0, 0, 0, 0];
  for (let at = from; at < run.length && digits < CARD_DIGITS.max; at += 1) {
    if (!isDigit(run[at])) continue;
    const digit = Number(run[at]);
    const doubled = digit < 5 ? digit * 2 : digit * 2 - 9;
    digits += 1;
    // With each further digit those that are doubled change places.
    [even, odd] = [odd + doubled, even + digit];
    const ends = digits >= CARD_DIGITS.min && !isDigit(run[at + 1]);
    if (ends && odd % 10 === 0) length = at + 1 - from;
  }
  return length;
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}

/** Country, two check digits and up to thirty characters, with the rest 1 by 97 (ISO 13616, ISO/IEC 7064). */
function ibans(text: string): readonly Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const { 0: head, index } of text.matchAll(IBAN_HEAD)) {
    if (index < end) continue;
    const length = ibanFrom(text, index, head);
    if (length === 0) continue;
    end = index + length;
    found.push([index, end]);
  }
  return found;
}

/** Characters of the longest IBAN that begins here; 0: none. What follows the head counts first, see ISO 7064. */
function ibanFrom(text: string, from: number, head: string): number {
  let [rest, chars, length] = [0, head.length, 0];
  for (let at = from + head.length; chars < IBAN_CHARS.max; at += 1) {
    if (isSpace(text[at]) && !isSpace(text[at + 1])) continue;
    const value = alnum(text[at]);
    if (value === undefined) break;
    rest = appended(rest, value);
    chars += 1;
    const ends = chars >= IBAN_CHARS.min && alnum(text[at + 1]) === undefined;
    if (ends && [...head].reduce((sum, char) => appended(sum, alnum(char) ?? 0), rest) === 1) length = at + 1 - from;
  }
  return length;
}

function appended(rest: number, value: number): number {
  return (rest * (value > 9 ? 100 : 10) + value) % 97;
}

function isSpace(char: string | undefined): boolean {
  return char === ' ' || char === '-' || char === '\u00a0';
}

/** Digits are themselves, letters 10 to 35. */
function alnum(char: string | undefined): number | undefined {
  return char !== undefined && /^[0-9A-Za-z]$/.test(char) ? Number.parseInt(char, 36) : undefined;
}
