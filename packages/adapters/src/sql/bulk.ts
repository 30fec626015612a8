import type { SqlQueries, SqlValue } from './driver.ts';

/** Few sizes, so that few statements are prepared; large ones, so that a server is asked rarely. */
const RUNS = [50, 10, 1] as const;

/** The statements that insert into one table, made once: they are long, and drivers know them by their text. */
export interface BulkInsert {
  readonly columns: number;
  readonly statements: ReadonlyMap<number, string>;
}

/** `conflict` is the ON CONFLICT clause. */
export function bulkInsert(table: string, columns: readonly string[], conflict: string = ''): BulkInsert {
  const statements = new Map(RUNS.map((size) => [size, insertText(table, columns, size, conflict)]));
  return { columns: columns.length, statements };
}

function insertText(table: string, columns: readonly string[], rows: number, conflict: string): string {
  const tuples: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    tuples.push(`(${columns.map((_, i) => `$${row * columns.length + i + 1}`).join(',')})`);
  }
  return `INSERT INTO ${table} (${columns.join(',')}) VALUES ${tuples.join(',')} ${conflict}`;
}

/** Inserts many rows with multi-row statements; `values` are those of all rows, one after the other. */
export async function insertMany(tx: SqlQueries, insert: BulkInsert, values: readonly SqlValue[]): Promise<void> {
  const { columns, statements } = insert;
  for (const [at, size] of runs(values.length / columns)) {
    await tx.query(statements.get(size) ?? '', values.slice(at * columns, (at + size) * columns));
  }
}

/** Deletes the rows of a node whose `column` is one of `ids`. */
export async function deleteMany(
  tx: SqlQueries,
  table: string,
  column: string,
  node_id: string,
  ids: readonly string[],
): Promise<void> {
  for (const [at, size] of runs(ids.length)) {
    const marks = Array.from({ length: size }, (_, i) => `$${i + 2}`).join(',');
    const sql = `DELETE FROM ${table} WHERE node_id = $1 AND ${column} IN (${marks})`;
    await tx.query(sql, [node_id, ...ids.slice(at, at + size)]);
  }
}

/** Cuts `length` items into runs of the known sizes: start and size of each. */
function* runs(length: number): Generator<readonly [number, number]> {
  let at = 0;
  for (const size of RUNS) {
    for (; length - at >= size; at += size) yield [at, size];
  }
}
