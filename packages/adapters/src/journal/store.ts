import { renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDamaged, migrate, openPostgres, openSqlite, type SqlDriver } from '../sql/index.ts';

/** Where the tables are. Plain data: it is handed to the worker. */
export type LedgerStore =
  | { readonly type: 'sqlite'; readonly path: string }
  | { readonly type: 'postgres'; readonly url: string; readonly schema?: string };

/** The embedded database of a data directory. */
export function embeddedStore(data_dir: string): LedgerStore {
  return { type: 'sqlite', path: join(data_dir, 'atp.sqlite') };
}

/**
 * Opens the tables for `work`, and closes them when it throws. An embedded database that is damaged is moved aside and
 * made anew: the journal is what counts. `lost` then says so.
 */
export async function openTables<T>(
  store: LedgerStore,
  work: (driver: SqlDriver, lost: string | undefined) => Promise<T>,
): Promise<T> {
  try {
    return await workOn(store, (driver) => work(driver, undefined));
  } catch (error) {
    if (store.type !== 'sqlite' || !isDamaged(error)) throw error;
    const aside = moveAside(store.path);
    return await workOn(store, (driver) => work(driver, `the tables were damaged; what they were is in ${aside}`));
  }
}

async function workOn<T>(store: LedgerStore, work: (driver: SqlDriver) => Promise<T>): Promise<T> {
  const driver = await openStore(store);
  try {
    return await work(driver);
  } catch (error) {
    await driver.close();
    throw error;
  }
}

/** One damaged database is kept, the last: call records of files that retention removed may be read from it. */
function moveAside(path: string): string {
  const aside = `${path}.damaged`;
  for (const part of ['', '-wal', '-shm']) {
    rmSync(aside + part, { force: true });
    if (statSync(path + part, { throwIfNoEntry: false }) !== undefined) renameSync(path + part, aside + part);
  }
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
