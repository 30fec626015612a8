import postgres from 'postgres';
import type { SqlDriver, SqlQueries, SqlRow, SqlValue } from './driver.ts';

const INT8 = 20;

export interface PostgresOptions {
  /** Connections at most. A projection needs one, and one more for questions meanwhile. */
  readonly connections: number;
  /** The schema to keep the tables in; it must exist. The database's own search path otherwise. */
  readonly schema?: string;
  /**
   * Longest time in milliseconds that a connection may take to be made, a statement to run, and a transaction to stand
   * idle, before the one who waits gets an error. Absent: 30 s for the connection, no end for the others.
   */
  readonly timeout_ms?: number;
}

/** Between attempts to connect while the server is away, in seconds: soon enough that calls do not feel its return. */
const RECONNECT_FIRST_S = 0.05;
const RECONNECT_LONGEST_S = 1;

/** PostgreSQL through postgres.js. Connects at the first query and reconnects by itself. */
export function openPostgres(url: string, options: PostgresOptions = { connections: 2 }): SqlDriver {
  const { timeout_ms } = options;
  const sql = postgres(url, {
    max: options.connections,
    // Counts and nano-dollars fit a double (see `UsdNanos`); the default would hand them out as text.
    types: { int8: { to: INT8, from: [INT8], parse: Number, serialize: String } },
    onnotice: () => undefined,
    backoff: (failures) => Math.min(RECONNECT_LONGEST_S, RECONNECT_FIRST_S * 2 ** failures),
    ...(timeout_ms !== undefined && { connect_timeout: timeout_ms / 1_000 }),
    connection: {
      application_name: 'atp-router',
      ...(options.schema && { search_path: options.schema }),
      ...(timeout_ms !== undefined && {
        statement_timeout: timeout_ms,
        idle_in_transaction_session_timeout: timeout_ms,
      }),
    },
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
