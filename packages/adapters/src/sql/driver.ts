export type SqlValue = string | number | null;

export type SqlRow = Readonly<Record<string, SqlValue>>;

export interface SqlQueries {
  /**
   * Runs one statement. Parameters are `$1`, `$2`, …; each may be used more than once. The SQL text is the same for every
   * driver: what SQLite and PostgreSQL both understand, with TEXT, BIGINT and JSON kept as TEXT. Integers come back as
   * numbers; the result of SUM has to be cast to BIGINT.
   */
  query(sql: string, params?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
}

export interface SqlDriver extends SqlQueries {
  /** Runs `work` in one transaction: committed when it resolves, rolled back when it throws. Not to be nested. */
  transaction<T>(work: (tx: SqlQueries) => Promise<T>): Promise<T>;
  /** Makes what was committed so far survive a power loss. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
