import { join } from 'node:path';
import { migrate, openPostgres, openSqlite, type SqlDriver } from '../sql/index.ts';

/** Where the tables are. Plain data: it is handed to the worker. */
export type LedgerStore =
  | { readonly type: 'sqlite'; readonly path: string }
  | { readonly type: 'postgres'; readonly url: string; readonly schema?: string };

/** The embedded database of a data directory. */
export function embeddedStore(data_dir: string): LedgerStore {
  return { type: 'sqlite', path: join(data_dir, 'atp.sqlite') };
}

/** Connects and makes or updates the tables. */
export async function openStore(store: LedgerStore): Promise<SqlDriver> {
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
