import type { SqlQueries, SqlValue } from './driver.ts';

/** Few sizes, so that few statements are prepared; large ones, so that a server is asked rarely. */
const RUNS = [50, 10, 1] as const;

/** Inserts many rows with multi-row statements. `conflict` is the ON CONFLICT clause, or empty. */
export async function insertMany(
  tx: SqlQueries,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly SqlValue[])[],
  conflict: string = '',
): Promise<void> {
  for (const [at, size] of runs(rows.length)) {
    const values = rows.slice(at, at + size);
    await tx.query(insertText(table, columns, size, conflict), values.flat());
  }
}

function insertText(table: string, columns: readonly string[], rows: number, conflict: string): string {
  const tuples: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    tuples.push(`(${columns.map((_, i) => `$${row * columns.length + i + 1}`).join(',')})`);
  }
  return `INSERT INTO ${table} (${columns.join(',')}) VALUES ${tuples.join(',')} ${conflict}`;
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
