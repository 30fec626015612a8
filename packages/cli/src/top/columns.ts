import { type Line, padLine, span } from './spans.ts';
import { textWidth } from './text.ts';

export interface Column<Row> {
  readonly head: string;
  /** Narrowest and widest it may be. */
  readonly least: number;
  readonly most: number;
  /** The highest rank is left out first; rank 0 stays. */
  readonly rank: number;
  readonly is_right?: boolean;
  readonly is_sorted?: boolean;
  readonly cell: (row: Row, width: number) => Line;
}

interface Placed<Row> {
  readonly column: Column<Row>;
  readonly width: number;
}

const GAP = 2;

/**
 * Which columns there is room for, and how wide. They move closer before one is left out; what is over then goes to the
 * first column as far as it needs, and in equal parts to those that can use it.
 */
function place<Row>(columns: readonly Column<Row>[], width: number): { placed: Placed<Row>[]; gap: number } {
  const needs = (kept: readonly Column<Row>[], gap: number): number =>
    kept.reduce((sum, { least }) => sum + least, gap * (kept.length - 1));
  const gap = needs(columns, GAP) <= width ? GAP : 1;
  let kept = columns;
  while (kept.length > 1 && needs(kept, gap) > width) {
    const worst = Math.max(...kept.map(({ rank }) => rank));
    const left = kept.filter(({ rank }) => rank < worst);
    if (left.length === 0) break;
    kept = left;
  }
  const widths = kept.map(({ least }) => least);
  let over = width - needs(kept, gap);
  const widen = (at: number, by: number): number => {
    const more = Math.max(0, Math.min(by, over, (kept[at]?.most ?? 0) - (widths[at] ?? 0)));
    widths[at] = (widths[at] ?? 0) + more;
    over -= more;
    return more;
  };
  widen(0, over);
  for (let moved = over > 0; moved; ) moved = widths.map((_, at) => widen(at, 1)).some((more) => more > 0);
  return { placed: kept.map((column, at) => ({ column, width: widths[at] ?? 0 })), gap };
}

/** A heading and the rows under it, as far as the width allows. */
export function drawTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  sorted: string,
): Line[] {
  const { placed, gap } = place(columns, width);
  const space = span(' '.repeat(gap));
  const join = (cells: readonly Line[]): Line => cells.flatMap((cell, at) => (at === 0 ? cell : [space, ...cell]));
  const head = placed.map(({ column: { head, is_right, is_sorted }, width }) => {
    const text = is_sorted === true && textWidth(head) < width ? `${head}${sorted}` : head;
    return padLine([span(text, is_sorted === true ? 'strong' : 'head')], width, is_right);
  });
  const lines = rows.map((row) =>
    join(placed.map(({ column, width }) => padLine(column.cell(row, width), width, column.is_right))),
  );
  return [join(head), ...lines];
}

/** Wide enough for the longest of names, within bounds. */
export function nameWidth(names: readonly string[], least: number, most: number): number {
  return names.reduce((widest, name) => Math.max(widest, Math.min(most, textWidth(name))), least);
}
