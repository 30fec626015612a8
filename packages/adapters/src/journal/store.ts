import { renameSync, rmSync, statSync } from 'node:fs';
import { createPrivate, isDamaged, migrate, openPostgres, openSqlite, type SqlDriver } from '../sql/index.ts';
import type { LedgerStore } from './store-place.ts';
import { unusableTables } from './unusable-tables.ts';

export interface OpenTables {
  readonly driver: SqlDriver;
  /** Why they are empty although there was a database, if so. */
  readonly lost: string | undefined;
  /** Copies the embedded database as it is, and returns where to. Undefined for a server's, which has its own backups. */
  readonly keepAside: (() => Promise<string>) | undefined;
}

/**
 * Opens the tables for `work`, and closes them when it throws. An embedded database that is damaged is moved aside and
 * made anew: the journal is what counts. `lost` then says so. Throws `config_invalid` when they cannot be used.
 */
export async function openTables<T>(store: LedgerStore, work: (tables: OpenTables) => Promise<T>): Promise<T> {
  try {
    return await workOn(store, undefined, work);
  } catch (error) {
    if (store.type !== 'sqlite' || !isDamaged(error)) throw unusableTables(store, error);
    try {
      const aside = moveAside(store.path);
      return await workOn(store, `the tables were damaged; what they were is in ${aside}`, work);
    } catch (second) {
      throw unusableTables(store, second);
    }
  }
}

async function workOn<T>(
  store: LedgerStore,
  lost: string | undefined,
  work: (tables: OpenTables) => Promise<T>,
): Promise<T> {
  const driver = await openStore(store);
  const keepAside = store.type === 'sqlite' ? () => copyAside(driver, store.path) : undefined;
  try {
    return await work({ driver, lost, keepAside });
  } catch (error) {
    await driver.close();
    throw error;
  }
}

/** SQLite keeps what belongs to a database beside it. */
const PARTS = ['', '-wal', '-shm'] as const;

/** One database is kept aside, the last: what is not in the journal any more may be read from it. */
function asidePath(path: string): string {
  return `${path}.damaged`;
}

function moveAside(path: string): string {
  const aside = asidePath(path);
  for (const part of PARTS) {
    rmSync(aside + part, { force: true });
    if (statSync(path + part, { throwIfNoEntry: false }) !== undefined) renameSync(path + part, aside + part);
  }
  return aside;
}

/** By SQLite itself: a copy of the file would have to close it, and with that drop the locks on it (fcntl(2)). */
async function copyAside(driver: SqlDriver, path: string): Promise<string> {
  const aside = asidePath(path);
  for (const part of PARTS) rmSync(aside + part, { force: true });
  createPrivate(aside);
  await driver.query('VACUUM INTO $1', [aside]);
  return aside;
}

/** Connects and makes or updates the tables. */
async function openStore(store: LedgerStore): Promise<SqlDriver> {
  const driver = store.type === 'sqlite' ? openSqlite(store.path) : openPostgresStore(store.url, store.schema);
  try {
    await migrate(driver);
  } catch (error) {
    await driver.close();
    throw error;
  }
  return driver;
}

function openPostgresStore(url: string, schema: string | undefined): SqlDriver {
  return openPostgres(url, { connections: 2, ...(schema !== undefined && { schema }) });
}
