import { AtpError, isAtpError } from '@atp-router/kernel';
import { fileProblem, isSystemError } from '../system-error.ts';
import type { LedgerStore } from './store-place.ts';

/** Primary codes of https://www.sqlite.org/rescode.html: what to do about the file. */
const REMEDIES: ReadonlyMap<number, string> = new Map([
  [5, 'Another program has it open: end that.'],
  [6, 'Another program has it open: end that.'],
  [8, 'Give the user that runs this the right to write it and the folder that it is in.'],
  [10, 'Look after the disk.'],
  [13, 'Free space on its disk.'],
  [
    14,
    'Give the user that runs this the right to read and write it and what is beside it; a folder in its place has to go.',
  ],
]);

const ANY_REMEDY = 'Move it away, with its -wal and -shm: a start makes the tables anew from the journal.';

/** For who starts a router or makes the tables anew: which database, why, and what to do. Faults of the program pass. */
export function unusableTables(store: LedgerStore, error: unknown): unknown {
  if (isAtpError(error) || !(error instanceof Error)) return error;
  if (store.type === 'postgres') return unusableServer(error);
  if (isSystemError(error)) {
    return error.path?.startsWith(store.path) ? fileProblem('The database of the tables', store.path, error) : error;
  }
  if (!('errcode' in error)) return error;
  const remedy = REMEDIES.get(Number(error.errcode) & 0xff) ?? ANY_REMEDY;
  const message = `The database of the tables ${store.path} cannot be used: ${error.message}. ${remedy}`;
  return new AtpError('config_invalid', message, { param: 'data_dir', cause: error });
}

/** Without the text of the error, which may hold the address, and that a password. */
function unusableServer(error: Error): unknown {
  // A file of the journal, not the database.
  if ((isSystemError(error) && error.path !== undefined) || !('code' in error)) return error;
  return new AtpError(
    'config_invalid',
    `The database of store.url cannot be used (${String(error.code)}). See that it runs, that this machine may connect, and that the user may make tables there.`,
    { param: 'store.url', cause: error },
  );
}
