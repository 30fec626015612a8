export type Cell = string | number | null;

/** Spreadsheets run cells that begin so as formulas (OWASP, CSV injection); the full-width forms count as well. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/u;

/** RFC 4180 with a header line. Text that a spreadsheet would run gets an apostrophe in front; numbers stay numbers. */
export function csv(columns: readonly string[], rows: Iterable<readonly Cell[]>): string {
  let out = `${columns.map(cell).join(',')}\r\n`;
  for (const row of rows) out += `${row.map(cell).join(',')}\r\n`;
  return out;
}

function cell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
