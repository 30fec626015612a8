import { randomUUID } from 'node:crypto';
import { PGlite } from '@electric-sql/pglite';
import { findPostgres, pgliteDriver, PostgresServer } from '../../../src/testing/index.ts';
import { migrate, openPostgres, openSqlite, type SqlDriver } from '../../../src/sql/index.ts';

/** A kind of database; `open` gives a fresh, migrated one. */
export interface Backend {
  readonly name: string;
  /** Its server is not installed here. */
  readonly absent: boolean;
  open(): Promise<SqlDriver>;
  close(): Promise<void>;
}

function sqliteBackend(): Backend {
  const opened: SqlDriver[] = [];
  return {
    name: 'SQLite',
    absent: false,
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

/** PostgreSQL compiled to WebAssembly, in this process: where there is no server. */
function pgliteBackend(): Backend {
  let started: Promise<PGlite> | undefined;
  return {
    name: 'PGlite',
    absent: false,
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

/** A server of its own, or the one that `ATP_TEST_POSTGRES_URL` names. */
function postgresBackend(): Backend {
  const opened: { driver: SqlDriver; schema: string }[] = [];
  const given = process.env['ATP_TEST_POSTGRES_URL'];
  let server: Promise<PostgresServer> | undefined;
  const address = async (): Promise<string> => {
    server ??= PostgresServer.start();
    return (await server).url();
  };
  return {
    name: 'PostgreSQL',
    absent: given === undefined && findPostgres() === undefined,
    async open() {
      const schema = `s${randomUUID().replaceAll('-', '')}`;
      const driver = openPostgres(given ?? (await address()), { connections: 4, schema });
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
      await (await server)?.stop();
    },
  };
}

export function backends(): Backend[] {
  const postgres = postgresBackend();
  return [sqliteBackend(), postgres.absent ? pgliteBackend() : postgres];
}
