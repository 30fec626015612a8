import postgres from 'postgres';
import type { SqlDriver, SqlQueries, SqlRow, SqlValue } from './driver.ts';

const INT8 = 20;

export interface PostgresOptions {
  /** Connections at most. A projection needs one, and one more for questions meanwhile. */
  readonly connections: number;
  /** The schema to keep the tables in; it must exist. The database's own search path otherwise. */
  readonly schema?: string;
}

/** PostgreSQL through postgres.js. Connects at the first query and reconnects by itself. */
export function openPostgres(url: string, options: PostgresOptions = { connections: 2 }): SqlDriver {
  const sql = postgres(url, {
    max: options.connections,
    // Counts and nano-dollars fit a double (see `UsdNanos`); the default would hand them out as text.
    types: { int8: { to: INT8, from: [INT8], parse: Number, serialize: String } },
    onnotice: () => undefined,
    connection: { application_name: 'atp-router', ...(options.schema && { search_path: options.schema }) },
  });
  return {
    query: queriesOn(sql).query,
    async transaction<T>(work: (tx: SqlQueries) => Promise<T>): Promise<T> {
      // The wrapper keeps postgres.js from treating an array result as a list of queries to await.
      const { value } = await sql.begin(async (tx) => ({ value: await work(queriesOn(tx)) }));
      return value;
    },
    flush: async () => undefined,
    close: () => sql.end({ timeout: 5 }),
  };
}

function queriesOn(sql: Pick<postgres.Sql, 'unsafe'>): SqlQueries {
  return {
    async query(text: string, params: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
      return sql.unsafe<SqlRow[]>(text, [...params], { prepare: true });
    },
  };
}
