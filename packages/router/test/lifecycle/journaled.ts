import { join } from 'node:path';
import { listFiles, scanFile } from '@atp-router/adapters';
import { type JournalRecord, parseRecords } from '@atp-router/ledger';

export type Journaled = JournalRecord;

/** All records of a data directory, oldest first. */
export function journaled(data_dir: string): readonly Journaled[] {
  const files = listFiles(join(data_dir, 'journal'));
  return files.flatMap(({ path }) => [...scanFile(path)].flatMap((block) => parseRecords(block).records));
}
