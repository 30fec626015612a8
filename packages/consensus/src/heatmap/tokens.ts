/** A word, a sign, or a character of a script without blanks, at its place in a text (UTF-16). */
export interface Token {
  readonly start: number;
  readonly end: number;
  /** Without case. */
  readonly word: string;
}

const TOKEN =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]|[\p{L}\p{M}\p{N}_]{1,64}|\S/gu;

/** The first `max` tokens of a text. A word of more than 64 characters is several. */
export function tokensOf(text: string, max: number): Token[] {
  const tokens: Token[] = [];
  for (const { index, 0: word } of text.matchAll(TOKEN)) {
    if (tokens.length >= max) break;
    tokens.push({ start: index, end: index + word.length, word: word.toLowerCase() });
  }
  return tokens;
}
