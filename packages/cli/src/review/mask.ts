import { clip } from '@atp-router/kernel';
import { KEY_BEGINS, KEY_ENDS, type MaskedText, maskSecrets } from '@atp-router/routing';
import type { DiffLine, FileChange } from './diff.ts';

/** A key of so many lines has ended, whatever comes. */
const KEY_LINES_MAX = 200;
/** Beyond that a line is cut before anybody sees it; and what is looked at, so that no key is cut in two unseen. */
const LINE_CHARS_MAX = 2_000;
const LOOK_CHARS = 3_000;

export interface Masked {
  readonly files: readonly FileChange[];
  /** Places that were masked. */
  readonly count: number;
}

/**
 * The same files with what looks like a key replaced by `[masked:<rule>]`, unless `mask` is off, and with long lines cut. The
 * number of lines stays.
 */
export function maskFiles(files: readonly FileChange[], mask: boolean): Masked {
  let count = 0;
  const masked = files.map((file) => {
    if (!mask) return { ...file, lines: file.lines.map((line) => ({ ...line, text: cut(line.text) })) };
    const lines = maskLines(file.lines);
    count += lines.count;
    return { ...file, lines: lines.lines };
  });
  return { files: masked, count };
}

function cut(text: string): string {
  return text.length > LINE_CHARS_MAX ? `${clip(text, LINE_CHARS_MAX)} [cut]` : text;
}

function maskLines(lines: readonly DiffLine[]): { readonly lines: readonly DiffLine[]; readonly count: number } {
  let [count, key_lines] = [0, 0];
  const masked = lines.map((line): DiffLine => {
    if (key_lines > 0) {
      key_lines = KEY_ENDS.test(line.text) ? 0 : key_lines - 1;
      return { ...line, text: '[masked:private_key]' };
    }
    const text = line.text.slice(0, LOOK_CHARS);
    if (KEY_BEGINS.test(text)) {
      count += 1;
      if (!KEY_ENDS.test(text)) key_lines = KEY_LINES_MAX;
      return { ...line, text: '[masked:private_key]' };
    }
    const result = maskText(text);
    count += result.count;
    return { ...line, text: cut(result.text) };
  });
  return { lines: masked, count };
}

/** One line with what looks like a key masked, and in how many places. */
export function maskText(text: string): MaskedText {
  return maskSecrets(text, (rule) => `[masked:${rule}]`);
}
