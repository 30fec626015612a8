import type { Line, Style } from './spans.ts';

// Control sequences of ECMA-48 and, with a question mark, of DEC and xterm, which every terminal in use knows or ignores.

/** Synchronized output: what is between them is shown at once. */
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';

const SGR: Readonly<Record<Style, string>> = {
  plain: '',
  dim: '\x1b[2m',
  strong: '\x1b[1m',
  good: '\x1b[32m',
  warn: '\x1b[33m',
  bad: '\x1b[31m',
  head: '\x1b[1;36m',
};
const RESET = '\x1b[0m';

/** A line as it is written to a terminal. */
export function painted(line: Line, has_color: boolean): string {
  return line
    .map(({ text, style }) => (has_color && style !== 'plain' ? `${SGR[style]}${text}${RESET}` : text))
    .join('');
}

/**
 * What brings a screen from one frame to the next: only lines that differ. A line is erased before it is written, since
 * erasing after one that ends at the edge would take its last character along.
 */
export function repaint(before: readonly string[], now: readonly string[]): string {
  const changes = now.flatMap((line, at) => (line === before[at] ? [] : [`\x1b[${at + 1};1H\x1b[2K${line}`]));
  const below = now.length < before.length ? [`\x1b[${now.length + 1};1H\x1b[J`] : [];
  const all = [...changes, ...below];
  return all.length === 0 ? '' : `${BEGIN}${all.join('')}${END}`;
}
