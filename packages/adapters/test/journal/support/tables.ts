import { LedgerFold } from '@atp-router/ledger';
import { readBase } from '../../../src/journal/index.ts';
import { migrate, openSqlite, type SqlDriver } from '../../../src/sql/index.ts';
import { dumpFold } from '../../sql/support/dump.ts';
import { readRecords } from './helpers.ts';

/** What the journal files mean, by the reference. */
export function dumpJournal(dir: string): ReturnType<typeof dumpFold> {
  const fold = new LedgerFold('n1', readBase(dir));
  for (const [epoch, records] of readRecords(dir)) fold.applyBlock(epoch, records);
  return dumpFold(fold);
}

export async function openTables(path: string): Promise<SqlDriver> {
  const driver = openSqlite(path);
  await migrate(driver);
  return driver;
}
