import { isRow, type Row, rowsOf } from '../print/table.ts';

/** Fields of answers, read with care: another version of the router may have made them. */
export function rowIn(row: Row, name: string): Row {
  const value = row[name];
  return isRow(value) ? value : {};
}

export function rowsIn(row: Row, name: string): readonly Row[] {
  return rowsOf(row[name]);
}

export function textIn(row: Row, name: string): string {
  const value = row[name];
  return typeof value === 'string' ? value : '';
}

export function numberIn(row: Row, name: string): number | undefined {
  const value = row[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function textsIn(row: Row, name: string): readonly string[] {
  const value = row[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
