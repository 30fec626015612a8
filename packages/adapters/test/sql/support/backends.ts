import { randomUUID } from 'node:crypto';
import { PGlite } from '@electric-sql/pglite';
import {
  migrate,
  openPostgres,
  openSqlite,
  type SqlDriver,
  type SqlQueries,
  type SqlRow,
} from '../../../src/sql/index.ts';

/** A kind of database; `open` gives a fresh, migrated one. */
export interface Backend {
  readonly name: string;
  open(): Promise<SqlDriver>;
  close(): Promise<void>;
}

function sqliteBackend(): Backend {
  const opened: SqlDriver[] = [];
  return {
    name: 'SQLite',
    async open() {
      const driver = openSqlite(':memory:');
      opened.push(driver);
      await migrate(driver);
      return driver;
    },
    async close() {
      await Promise.all(opened.map((driver) => driver.close()));
    },
  };
}

/** PostgreSQL compiled to WebAssembly, in this process. */
function pgliteBackend(): Backend {
  let started: Promise<PGlite> | undefined;
  return {
    name: 'PGlite',
    async open() {
      started ??= PGlite.create();
      const db = await started;
      const schema = `s${randomUUID().replaceAll('-', '')}`;
      await db.exec(`CREATE SCHEMA ${schema}; SET search_path TO ${schema}`);
      const driver = pgliteDriver(db);
      await migrate(driver);
      return driver;
    },
    async close() {
      await (await started)?.close();
    },
  };
}

function pgliteDriver(db: PGlite): SqlDriver {
  const on = (queries: Pick<PGlite, 'query'>): SqlQueries => ({
    query: async (sql, params = []) => (await queries.query<SqlRow>(sql, [...params])).rows,
  });
  return {
    ...on(db),
    transaction: (work) => db.transaction((tx) => work(on(tx as unknown as PGlite))),
    flush: async () => undefined,
    close: async () => undefined,
  };
}

function postgresBackend(url: string): Backend {
  const opened: { driver: SqlDriver; schema: string }[] = [];
  return {
    name: 'PostgreSQL',
    async open() {
      const schema = `s${randomUUID().replaceAll('-', '')}`;
      const driver = openPostgres(url, { connections: 4, schema });
      await driver.query(`CREATE SCHEMA ${schema}`);
      opened.push({ driver, schema });
      await migrate(driver);
      return driver;
    },
    async close() {
      for (const { driver, schema } of opened) {
        await driver.query(`DROP SCHEMA ${schema} CASCADE`);
        await driver.close();
      }
    },
  };
}

/** PostgreSQL itself takes part when `ATP_TEST_POSTGRES_URL` names a server. */
export function backends(): Backend[] {
  const url = process.env['ATP_TEST_POSTGRES_URL'];
  return [sqliteBackend(), pgliteBackend(), ...(url === undefined ? [] : [postgresBackend(url)])];
}
