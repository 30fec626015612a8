import { cut, textWidth } from './text.ts';

export type Style = 'plain' | 'dim' | 'strong' | 'good' | 'warn' | 'bad' | 'head';

export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** A line of the screen. Its text is escaped already. */
export type Line = readonly Span[];

export const span = (text: string, style: Style = 'plain'): Span => ({ text, style });
export const plain = (text: string): Line => [span(text)];

export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + textWidth(text), 0);
}

/** The beginning of a line that fits. */
export function cutLine(line: Line, width: number): Line {
  const kept: Span[] = [];
  let room = width;
  for (const { text, style } of line) {
    const fits = cut(text, room);
    if (fits !== '') kept.push(span(fits, style));
    if (fits.length < text.length) break;
    room -= textWidth(fits);
  }
  return kept;
}

/** A line of exactly that width: cut, or filled with spaces on one side. */
export function padLine(line: Line, width: number, is_right: boolean = false): Line {
  const fits = cutLine(line, width);
  const missing = width - lineWidth(fits);
  if (missing <= 0) return fits;
  const space = span(' '.repeat(missing));
  return is_right ? [space, ...fits] : [...fits, space];
}

export function textOf(line: Line): string {
  return line
    .map(({ text }) => text)
    .join('')
    .trimEnd();
}
