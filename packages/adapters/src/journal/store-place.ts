import { join } from 'node:path';

/** Where the tables are. Plain data: it is handed to the worker. */
export type LedgerStore =
  | { readonly type: 'sqlite'; readonly path: string }
  | { readonly type: 'postgres'; readonly url: string; readonly schema?: string };

/** The embedded database of a data directory. */
export function embeddedStore(data_dir: string): LedgerStore {
  return { type: 'sqlite', path: join(data_dir, 'atp.sqlite') };
}
