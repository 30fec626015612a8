import { fileProblem } from '../system-error.ts';
import { type JournalFile, journalPath, listFiles, noJournal } from './files.ts';
import { readFileHeader } from './header.ts';
import { lockDataDir } from './lock.ts';
import { type JournalLimit, Projector } from './projector.ts';
import { damageError, fileTail, scanToEnd } from './scan.ts';
import { openTables } from './store.ts';
import { embeddedStore, type LedgerStore } from './store-place.ts';

export interface RebuildReport {
  readonly node_id: string;
  readonly files: number;
  /** Where the journal, and now the tables, end. */
  readonly epoch: number;
  readonly seq: number;
}

/** Makes the tables of a data directory anew from its journal. No router may run on it: this takes its lock. */
export async function rebuildTables(options: {
  readonly data_dir: string;
  readonly store?: LedgerStore;
}): Promise<RebuildReport> {
  const { data_dir, store = embeddedStore(data_dir) } = options;
  const lock = lockDataDir(data_dir);
  try {
    const dir = journalPath(data_dir);
    const { node_id, limit, files } = surveyJournal(dir);
    return await openTables(store, async ({ driver }) => {
      const projector = await Projector.open({ dir, node_id, driver });
      await projector.rebuild('asked for');
      await projector.catchUp(limit);
      await driver.flush();
      const { epoch, seq } = projector.cursor;
      await driver.close();
      return { node_id, files, epoch, seq };
    });
  } catch (error) {
    throw fileProblem('The data directory', data_dir, error);
  } finally {
    lock.release();
  }
}

/** Whose journal it is and where its last good block ends; an unfinished write behind that is left alone. */
function surveyJournal(dir: string): {
  readonly node_id: string;
  readonly limit: JournalLimit;
  readonly files: number;
} {
  const files = listFiles(dir);
  if (files.length > 1 && isStub(files.at(-1))) files.pop();
  const last = files.at(-1);
  if (last === undefined) throw noJournal(dir);
  const start = readFileHeader(last.path);
  if ('kind' in start) throw damageError(last.path, start);
  const end = scanToEnd(last.path);
  const tail = fileTail(last.path, last.bytes, end);
  if (tail.kind === 'damaged') throw damageError(last.path, tail.fault);
  const limit = { epoch: last.epoch, valid_bytes: end.point.offset };
  return { node_id: start.header.node_id, limit, files: files.length };
}

/** The remains of a start that was cut short: the next one removes them. */
function isStub(file: JournalFile | undefined): boolean {
  if (file === undefined) return false;
  const tail = fileTail(file.path, file.bytes, scanToEnd(file.path));
  return tail.kind === 'torn' && tail.headless;
}
