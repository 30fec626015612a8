/**
 * What a terminal would obey or not show: controls, formats (bidirectional overrides, joiners), lone surrogates, private use
 * and unassigned code points, separators of lines, and what is ignored by default. Marks beyond two on one letter grow
 * over neighbouring lines.
 */
const HOSTILE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?<=[\p{Mn}\p{Me}]{2})[\p{Mn}\p{Me}]/gu;
const NOT_ASCII = /[^\x20-\x7e]/gu;

/** A name from elsewhere, with `\u{1b}` for what must not reach the terminal, or is not ASCII where only that is shown. */
export function escaped(name: string, is_ascii: boolean): string {
  return name.replace(is_ascii ? NOT_ASCII : HOSTILE, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/**
 * Characters that take two columns (East Asian Width W and F, UAX #11) by script, since regular expressions know scripts and
 * not widths. A flag or an emoji with a tone is taken for wider than it is: a line may be too short, and is never too long.
 */
const WIDE =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Bopomofo}\p{sc=Yi}\p{sc=Tangut}\p{sc=Nushu}\p{sc=Khitan_Small_Script}\p{Emoji_Presentation}\u2329\u232a\u2630-\u2637\u268a-\u268f\u2ff0-\u303e\u3099-\u33ff\u4dc0-\u4dff\ufe10-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{16fff}\u{1d300}-\u{1d37f}\u{1f200}-\u{1f2ff}]/u;
const MARK = /[\p{Mn}\p{Me}]/u;
const ALL_ASCII = /^[\x20-\x7e]*$/;

function charWidth(char: string): number {
  // Kana voicing marks are marks, and take room of their own on some terminals.
  if (WIDE.test(char)) return 2;
  return MARK.test(char) ? 0 : 1;
}

/** Columns that escaped text takes. */
export function textWidth(text: string): number {
  if (ALL_ASCII.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** As much of the text as fits; `more` stands for the rest. Never half of a wide character. */
export function cut(text: string, width: number, more: string = ''): string {
  if (textWidth(text) <= width) return text;
  const room = width - textWidth(more);
  if (room < 0) return more === '' ? '' : cut(text, width);
  let used = 0;
  let kept = '';
  for (const char of text) {
    used += charWidth(char);
    if (used > room) break;
    kept += char;
  }
  return kept + more;
}

/** Text in lines of a width, broken at spaces; words that are longer are cut. At most so many lines, the rest is left out. */
export function wrap(text: string, width: number, lines_max: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last !== undefined && textWidth(longer) <= width) lines[lines.length - 1] = longer;
    else if (lines.length < lines_max) lines.push(cut(word, width));
    else break;
  }
  return lines;
}
