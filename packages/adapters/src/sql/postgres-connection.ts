import { createRequire } from 'node:module';
import type postgres from 'postgres';
import type { SqlRow, SqlValue } from './driver.ts';

// Reading the library takes longer than all else of a start: only those who have a server wait for it.
const require = createRequire(import.meta.url);
const INT8 = 20;
/** Beyond the server's own limit for a statement: for a server that has gone silent. */
const SILENCE_MS = 1_000;

export interface PostgresConnectionOptions {
  /** The schema to keep the tables in; it must exist. The database's own search path otherwise. */
  readonly schema?: string;
  /**
   * Longest time in milliseconds that a connection may take to be made, a statement to run, and a transaction to stand
   * idle, before the one who waits gets an error. Absent: 30 s for the connection, no end for the others.
   */
  readonly timeout_ms?: number;
}

/**
 * One connection, from its first statement to its first failure, and never longer. A client of postgres.js would connect
 * again by itself, in the middle of a transaction too, and what follows would then run outside of any (porsager/postgres
 * issues 1208 and 1216); so each connection is a client of its own that is thrown away once its socket closed.
 */
export class PostgresConnection {
  readonly #library: typeof postgres = require('postgres') as typeof postgres;
  readonly #sql: postgres.Sql;
  readonly #silence_ms: number | undefined;
  #lost = false;

  constructor(url: string, options: PostgresConnectionOptions) {
    const { schema, timeout_ms } = options;
    this.#silence_ms = timeout_ms === undefined ? undefined : timeout_ms + SILENCE_MS;
    this.#sql = this.#library(url, {
      max: 1,
      // It would end the connection between two statements of a transaction.
      max_lifetime: null,
      // Counts and nano-dollars fit a double (see `UsdNanos`); the default would hand them out as text.
      types: { int8: { to: INT8, from: [INT8], parse: Number, serialize: String } },
      // No statement has an array. The library asks without catching what becomes of it: a connection that is cut in that
      // moment would end the process.
      fetch_types: false,
      onnotice: () => undefined,
      onclose: () => {
        this.#lost = true;
      },
      ...(timeout_ms !== undefined && { connect_timeout: timeout_ms / 1_000 }),
      connection: {
        application_name: 'atp-router',
        ...(schema !== undefined && { search_path: schema }),
        ...(timeout_ms !== undefined && {
          statement_timeout: timeout_ms,
          idle_in_transaction_session_timeout: timeout_ms,
        }),
      },
    });
  }

  /** It failed, or its server hung up. No statement runs on it any more. */
  get is_lost(): boolean {
    return this.#lost;
  }

  async query(text: string, params: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    return this.#run(() => this.#sql.unsafe<SqlRow[]>(text, [...params], { prepare: true }));
  }

  async begin(): Promise<void> {
    await this.#run(() => this.#sql.unsafe('BEGIN'));
  }

  /** Throws when the server rolled back instead, because a statement had failed. */
  async commit(): Promise<void> {
    const { command } = await this.#run(() => this.#sql.unsafe('COMMIT'));
    if (command !== 'COMMIT') throw new Error('a statement of the transaction failed, so it was rolled back');
  }

  /** Never fails: a connection that cannot roll back is lost, and the server rolls back by itself. */
  async rollback(): Promise<void> {
    await this.#run(() => this.#sql.unsafe('ROLLBACK')).catch(() => {
      this.#lost = true;
    });
  }

  /** Ends it now, whatever runs on it. */
  async close(): Promise<void> {
    this.#lost = true;
    await this.#sql.end({ timeout: 0 });
  }

  async #run<T>(statement: () => PromiseLike<T>): Promise<T> {
    if (this.#lost) throw new ConnectionLost('the connection was closed');
    try {
      return await this.#inTime(statement());
    } catch (error) {
      // Of a refused statement the server says so and goes on; after everything else the state is unknown.
      if (!(error instanceof this.#library.PostgresError) || error.severity !== 'ERROR') this.#lost = true;
      throw error;
    }
  }

  async #inTime<T>(answer: PromiseLike<T>): Promise<T> {
    const silence_ms = this.#silence_ms;
    if (silence_ms === undefined) return answer;
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new ConnectionLost(`no answer within ${silence_ms} ms`)), silence_ms);
    });
    try {
      return await Promise.race([answer, silence]);
    } finally {
      clearTimeout(timer);
    }
  }
}

class ConnectionLost extends Error {
  readonly code = 'CONNECTION_LOST';
}
