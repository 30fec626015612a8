import { type CompactHeatmap, type Heat, heatLines, spansOfCompact } from '@atp-router/consensus';
import { painted } from '../top/ansi.ts';
import { type Line, type Span, span, type Style } from '../top/spans.ts';
import { cut, textWidth } from '../top/text.ts';
import type { Row } from '../print/table.ts';
import { numberIn, rowIn, rowsIn } from './read.ts';

const STYLES: Readonly<Record<Heat, Style>> = {
  all: 'good',
  most: 'plain',
  some: 'warn',
  few: 'warn',
  none: 'bad',
  not_compared: 'dim',
};

/** What stands before and behind a piece where there are no colours. */
const MARKS: Readonly<Record<Heat, readonly [string, string]>> = {
  all: ['', ''],
  most: ['<', '>'],
  some: ['(', ')'],
  few: ['{', '}'],
  none: ['[', ']'],
  not_compared: ['', ''],
};

export const COLOR_LEGEND =
  'green: all others say it, too; plain: two thirds and more; yellow: fewer; red: nobody else; dim: not compared';
export const MARK_LEGEND =
  'bare: all others say it, too; <two thirds and more>; (a third and more); {fewer}; [nobody else]';

type CompactLane = CompactHeatmap['lanes'][number];

/** Of a lane; undefined where its answer was not compared. */
export function heatOfLane(detail: Row, lane: number): CompactLane | undefined {
  const found = rowsIn(rowIn(detail, 'heatmap'), 'lanes').find((one) => numberIn(one, 'lane') === lane);
  const spans: unknown = found?.['spans'];
  if (!Array.isArray(spans)) return undefined;
  return { lane, spans: spans.filter(isSpan), is_cut: found?.['is_cut'] === true };
}

function isSpan(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((one) => Number.isInteger(one) && one >= 0);
}

/** An answer with what others say of it, in lines of at most a width. */
export function heatText(text: string, heat: CompactLane | undefined, width: number, has_color: boolean): string[] {
  const lines = heatLines(text, heat === undefined ? [] : spansOfCompact(heat));
  return lines.flatMap((runs) => {
    const line = runs.flatMap(({ text: piece, heat: level }): Line => {
      const [open, close] = has_color ? ['', ''] : MARKS[level];
      return [span(`${open}${piece.trimEnd()}${close}${space(piece)}`, STYLES[level])];
    });
    return folded(line, width).map((one) => painted(one, has_color).trimEnd());
  });
}

/** The space between words belongs to the piece before: it stays outside of the mark. */
function space(piece: string): string {
  return piece.slice(piece.trimEnd().length);
}

/** A line as several that fit: broken at spaces, words that are longer within. */
function folded(line: Line, width: number): Line[] {
  const lines: Span[][] = [[]];
  let room = width;
  const begin = (): void => {
    lines.push([]);
    room = width;
  };
  for (const { text, style } of line) {
    for (const [word] of text.matchAll(/\S+\s*|\s+/gu)) {
      if (textWidth(word.trimEnd()) > room && room < width) begin();
      let rest = word;
      while (textWidth(rest.trimEnd()) > room) {
        const piece = cut(rest, room);
        if (piece === '') break;
        lines.at(-1)?.push(span(piece, style));
        rest = rest.slice(piece.length);
        begin();
      }
      lines.at(-1)?.push(span(rest, style));
      room -= textWidth(rest);
    }
  }
  return lines;
}
