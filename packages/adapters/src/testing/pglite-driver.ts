import type { SqlDriver, SqlQueries, SqlRow, SqlValue } from '../sql/index.ts';

interface PgliteQueries {
  query(sql: string, params?: SqlValue[]): Promise<{ readonly rows: unknown[] }>;
}

/** The part of PGlite, PostgreSQL compiled to WebAssembly, that a driver needs; tests bring the library. */
export interface PgliteLike extends PgliteQueries {
  transaction<T>(work: (tx: PgliteQueries) => Promise<T>): Promise<T>;
}

/** A driver over a PGlite that its owner closes. Statements of all drivers over one database run one after another. */
export function pgliteDriver(db: PgliteLike): SqlDriver {
  return {
    ...queriesOn(db),
    transaction: (work) => db.transaction((tx) => work(queriesOn(tx))),
    flush: async () => undefined,
    close: async () => undefined,
  };
}

function queriesOn(queries: PgliteQueries): SqlQueries {
  return {
    query: async (sql, params = []) => (await queries.query(sql, [...params])).rows as readonly SqlRow[],
  };
}
