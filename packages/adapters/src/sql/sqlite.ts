import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { SqlDriver, SqlQueries, SqlRow, SqlValue } from './driver.ts';
import { createPrivate } from './private-file.ts';

/** More texts than the stores have; only a caller that builds texts without end would reach it, and then starts over. */
const STATEMENTS_MAX = 256;

/** How long a statement waits for another process that writes the same file. */
const BUSY_MS = 5_000;

/**
 * SQLite in a file (mode 0600, WAL) or in memory (`:memory:`). Calls block the thread: big work belongs in a worker.
 * Statements of other callers wait while a transaction runs, as they would on a connection of their own.
 */
export function openSqlite(path: string): SqlDriver {
  if (path !== ':memory:') createPrivate(path);
  const database = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    // A commit then survives `kill -9` but not always a power loss; whoever needs that calls `flush`.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  } catch (error) {
    database.close();
    throw error;
  }
  return new SqliteDriver(database);
}

/** SQLITE_CORRUPT and SQLITE_NOTADB of https://www.sqlite.org/rescode.html; the low byte is the primary code. */
const DAMAGED_CODES: readonly number[] = [11, 26];

/** Whether SQLite says that its file is not what it wrote, as opposed to being locked, full or out of reach. */
export function isDamaged(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
  return DAMAGED_CODES.includes(code & 0xff);
}

class SqliteDriver implements SqlDriver {
  readonly #database: DatabaseSync;
  readonly #statements: Map<string, StatementSync> = new Map();
  /** Ends when the transactions that were asked for so far have ended. */
  #turn: Promise<void> = Promise.resolve();
  #open_transactions = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async query(sql: string, params: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
    while (this.#open_transactions > 0) await this.#turn;
    return this.#run(sql, params);
  }

  transaction<T>(work: (tx: SqlQueries) => Promise<T>): Promise<T> {
    this.#open_transactions += 1;
    const result = this.#turn.then(() => this.#transact(work));
    this.#turn = result.then(ignore, ignore).then(() => {
      this.#open_transactions -= 1;
    });
    return result;
  }

  async #transact<T>(work: (tx: SqlQueries) => Promise<T>): Promise<T> {
    this.#run('BEGIN IMMEDIATE', []);
    try {
      const value = await work({ query: async (sql, params = []) => this.#run(sql, params) });
      this.#run('COMMIT', []);
      return value;
    } catch (error) {
      if (this.#database.isTransaction) this.#run('ROLLBACK', []);
      throw error;
    }
  }

  #run(sql: string, params: readonly SqlValue[]): readonly SqlRow[] {
    return this.#prepare(sql).all(...params) as unknown as readonly SqlRow[];
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
    const statement = this.#database.prepare(ownMarks(sql));
    this.#statements.set(sql, statement);
    return statement;
  }

  async flush(): Promise<void> {
    await this.query('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  async close(): Promise<void> {
    await this.#turn;
    if (this.#database.isOpen) this.#database.close();
  }
}

function ignore(): void {
  // The caller of the transaction has its outcome; the next one only waits for its end.
}

/**
 * `$1` would be a parameter by that name, numbered by first use; `?1` is the first parameter wherever it stands. Plain
 * `?`, where the order allows it, is bound ten times faster: node:sqlite looks for a name behind each of the others.
 */
function ownMarks(sql: string): string {
  const marks = sql.match(/\$[0-9]+/g) ?? [];
  const in_order = marks.every((mark, i) => mark === `$${i + 1}`);
  return sql.replace(/\$([0-9]+)/g, in_order ? '?' : '?$1');
}
