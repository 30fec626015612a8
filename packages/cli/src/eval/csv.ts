import { lines, unusable } from './lines.ts';

/** Columns are an id, a category, a right answer and a column for each model. */
const COLUMNS_MAX = 1_024;
/** A quoted cell may hold line breaks; a row longer than this is a quote that is missing. */
const ROW_CHARS_MAX = 4_194_304;

export interface CsvRow {
  readonly cells: readonly string[];
  /** Of its first line. */
  readonly line: number;
}

/** Rows of a gzip CSV file (RFC 4180), the heading first; every row has as many cells as it. Empty lines are left out. */
export function csvRows(file: string): AsyncGenerator<CsvRow> {
  return csvRowsOf(file, lines(file));
}

/** The same of numbered lines that come from elsewhere; `file` is where they are from. */
export async function* csvRowsOf(
  file: string,
  source: AsyncIterable<readonly [text: string, number: number]>,
): AsyncGenerator<CsvRow> {
  let columns = 0;
  let open = { pieces: [] as string[], line: 0, chars: 0, has_quote: false };
  for await (const [text, number] of source) {
    if (open.pieces.length === 0 && text === '') continue;
    if (open.pieces.length === 0) open.line = number;
    if (text.length > ROW_CHARS_MAX) throw unusable(file, `line ${number} is longer than ${ROW_CHARS_MAX} characters.`);
    open.pieces.push(text);
    open.chars += text.length;
    if (hasOddQuotes(text)) open.has_quote = !open.has_quote;
    if (open.has_quote && open.chars > ROW_CHARS_MAX) break;
    if (open.has_quote) continue;
    const { pieces, line } = open;
    open = { pieces: [], line: 0, chars: 0, has_quote: false };
    const cells = split(pieces.join('\n'));
    if (columns === 0) columns = cells.length;
    if (columns > COLUMNS_MAX) throw unusable(file, `it has ${columns} columns, more than ${COLUMNS_MAX}.`);
    if (cells.length !== columns)
      throw unusable(file, `line ${line} has ${cells.length} cells, the heading has ${columns}.`);
    yield { cells, line };
  }
  if (open.pieces.length > 0) throw unusable(file, `line ${open.line}: a quote is not closed.`);
}

function hasOddQuotes(text: string): boolean {
  let is_odd = false;
  for (let i = text.indexOf('"'); i >= 0; i = text.indexOf('"', i + 1)) is_odd = !is_odd;
  return is_odd;
}

function split(row: string): readonly string[] {
  if (!row.includes('"')) return row.split(',');
  const cells: string[] = [];
  let [cell, is_quoted] = ['', false];
  for (let i = 0; i < row.length; i += 1) {
    const char = row[i] ?? '';
    if (char === '"' && is_quoted && row[i + 1] === '"') {
      cell += '"';
      i += 1;
    } else if (char === '"') is_quoted = !is_quoted;
    else if (char === ',' && !is_quoted) {
      cells.push(cell);
      cell = '';
    } else cell += char;
  }
  cells.push(cell);
  return cells;
}
