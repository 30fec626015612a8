import type { HeatSpan } from './heatmap.ts';

/** How many of the other answers say the same: all, two thirds and more, a third and more, fewer, none; or nobody looked. */
export type Heat = 'all' | 'most' | 'some' | 'few' | 'none' | 'not_compared';

/** A piece of a line of an answer that is drawn in one colour. */
export interface HeatRun {
  readonly text: string;
  readonly heat: Heat;
}

export type HeatLine = readonly HeatRun[];

/** Lines that are drawn; the rest of an answer is not. */
const LINES_MAX = 5_000;
/** What moves the cursor, rings, or turns the direction of writing, in a text that somebody else wrote. */
const UNSAFE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

export function heatOf(share: number): Heat {
  if (share >= 1) return 'all';
  if (share >= 2 / 3) return 'most';
  if (share >= 1 / 3) return 'some';
  return share > 0 ? 'few' : 'none';
}

/**
 * An answer as lines of pieces, for a terminal or a page that colours them; what it says in control characters is replaced by
 * U+FFFD. `text` must be the one that the spans are of.
 */
export function heatLines(text: string, spans: readonly HeatSpan[]): HeatLine[] {
  const lines: HeatRun[][] = [[]];
  const draw = (from: number, to: number, heat: Heat): void => {
    const pieces = text.slice(from, to).replaceAll('\r\n', '\n').split('\n', LINES_MAX);
    pieces.forEach((piece, at) => {
      if (at > 0 && lines.length <= LINES_MAX) lines.push([]);
      const safe = piece.replaceAll('\t', '  ').replace(UNSAFE, '\ufffd');
      if (safe !== '' && lines.length <= LINES_MAX) lines.at(-1)?.push({ text: safe, heat });
    });
  };
  let drawn = 0;
  for (const { start, end, share } of spans) {
    draw(Math.max(drawn, start), end, heatOf(share));
    drawn = Math.max(drawn, end);
  }
  draw(drawn, text.length, 'not_compared');
  return lines.slice(0, LINES_MAX);
}
