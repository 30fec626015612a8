import { AtpError } from '@atp-router/kernel';
import type { SqlDriver, SqlQueries, SqlRow, SqlValue } from './driver.ts';
import { PostgresConnection, type PostgresConnectionOptions } from './postgres-connection.ts';

export interface PostgresOptions extends PostgresConnectionOptions {
  /** Connections at most. A projection needs one, and one more for questions meanwhile. */
  readonly connections: number;
}

/** Statements and transactions that wait for a connection; more are refused. One for each call in flight, and to spare. */
const WAITING_MAX = 50_000;
/** At the end: longest wait for what runs. */
const CLOSE_MS = 5_000;

/** PostgreSQL through postgres.js. Connects when it is needed, and anew after a connection was lost. */
export function openPostgres(url: string, options: PostgresOptions = { connections: 2 }): SqlDriver {
  return new PostgresPool(() => new PostgresConnection(url, options), options.connections);
}

interface Waiting {
  resolve(connection: PostgresConnection): void;
  reject(error: unknown): void;
}

class PostgresPool implements SqlDriver {
  readonly #connect: () => PostgresConnection;
  readonly #connections: number;
  readonly #idle: PostgresConnection[] = [];
  readonly #busy: Set<PostgresConnection> = new Set();
  readonly #waiting: Waiting[] = [];
  #closed = false;
  #onIdle: (() => void) | undefined;

  constructor(connect: () => PostgresConnection, connections: number) {
    this.#connect = connect;
    this.#connections = connections;
  }

  query(sql: string, params: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
    return this.#with((connection) => connection.query(sql, params));
  }

  transaction<T>(work: (tx: SqlQueries) => Promise<T>): Promise<T> {
    return this.#with(async (connection) => {
      await connection.begin();
      let value: T;
      try {
        value = await work({ query: (sql, params = []) => connection.query(sql, params) });
      } catch (error) {
        await connection.rollback();
        throw error;
      }
      await connection.commit();
      return value;
    });
  }

  async flush(): Promise<void> {
    // A commit is on the server's disk, as far as the server is configured to.
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(closedError());
    await Promise.all(this.#idle.splice(0).map((connection) => connection.close()));
    if (this.#busy.size > 0) await this.#drained();
    await Promise.all([...this.#busy].map((connection) => connection.close()));
  }

  /** Resolves when nothing runs any more, or after a bounded time. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, CLOSE_MS);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #with<T>(work: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    const connection = await this.#take();
    try {
      return await work(connection);
    } finally {
      this.#give(connection);
    }
  }

  #take(): Promise<PostgresConnection> {
    if (this.#closed) return Promise.reject(closedError());
    const connection = this.#next();
    if (connection !== undefined) return Promise.resolve(connection);
    if (this.#waiting.length >= WAITING_MAX) {
      return Promise.reject(new AtpError('backpressure', 'Too much waits for the database. Retry soon.'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  /** An idle connection that lives, or a new one where there is room; it is busy from here on. */
  #next(): PostgresConnection | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (!idle.is_lost) return this.#use(idle);
      void idle.close();
    }
    return this.#busy.size < this.#connections ? this.#use(this.#connect()) : undefined;
  }

  #use(connection: PostgresConnection): PostgresConnection {
    this.#busy.add(connection);
    return connection;
  }

  #give(connection: PostgresConnection): void {
    this.#busy.delete(connection);
    if (connection.is_lost || this.#closed) void connection.close();
    else this.#idle.push(connection);
    if (this.#busy.size === 0) this.#onIdle?.();
    const next = this.#waiting[0] === undefined ? undefined : this.#next();
    if (next !== undefined) this.#waiting.shift()?.resolve(next);
  }
}

function closedError(): AtpError {
  return new AtpError('draining', 'The database was closed.');
}
