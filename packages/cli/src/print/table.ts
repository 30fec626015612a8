import { shown } from './text.ts';

export type Row = Readonly<Record<string, unknown>>;

/** A column: its heading, and the field it shows or how to make its text. */
export type Column = readonly [heading: string, value: string | ((row: Row) => string)];

/** Rows under headings, aligned; says so when there are none. */
export function table(rows: readonly Row[], columns: readonly Column[]): string {
  if (rows.length === 0) return 'none\n';
  const heads = columns.map(([heading]) => heading);
  const cells = rows.map((row) =>
    columns.map(([, value]) => (typeof value === 'string' ? shown(row[value]) : value(row))),
  );
  const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((line) => line[i]?.length ?? 0)));
  const draw = (line: readonly string[]): string =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return `${[heads, ...cells].map(draw).join('\n')}\n`;
}

const DEPTH_MAX = 6;

/** What stands below a table whose answer was cut, and what then asks for less; nothing when it is whole. */
export function cutRemark(answer: unknown, hint: string = ''): string {
  if (!isRow(answer) || answer['truncated'] !== true) return '';
  const { total } = answer;
  const of = typeof total === 'number' ? ` of ${total}` : '';
  return `cut: these are ${rowsOf(answer).length}${of}${hint === '' ? '' : `; ${hint}`}\n`;
}

/** An object as `path  value` lines, nested fields with dots. */
export function fields(value: unknown): string {
  const lines: [string, string][] = [];
  collect(value, '', 0, lines);
  if (lines.length === 0) return 'nothing\n';
  const width = Math.max(...lines.map(([path]) => path.length));
  return lines.map(([path, text]) => `${path.padEnd(width)}  ${text}\n`).join('');
}

function collect(value: unknown, path: string, depth: number, lines: [string, string][]): void {
  const is_list = Array.isArray(value) && value.some((item) => typeof item === 'object');
  if (typeof value !== 'object' || value === null || (Array.isArray(value) && !is_list) || depth >= DEPTH_MAX) {
    lines.push([shown(path), shown(value)]);
    return;
  }
  for (const [key, child] of Object.entries(value)) {
    const own = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    collect(child, own, depth + 1, lines);
  }
}

/** The rows of an answer that is a list, or carries one under `data`. */
export function rowsOf(answer: unknown): readonly Row[] {
  if (Array.isArray(answer)) return answer.filter(isRow);
  const data = isRow(answer) ? answer['data'] : undefined;
  return Array.isArray(data) ? data.filter(isRow) : [];
}

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
