import { rmSync } from 'node:fs';
import { BaseFold, emptyBase, type LedgerBase, NO_CHAIN, parseRecords } from '@atp-router/ledger';
import type { SqlDriver } from '../sql/index.ts';
import { believedTime } from './believed-time.ts';
import { type JournalFile, listFiles, readBase, writeBase } from './files.ts';
import { readFileHeader } from './header.ts';
import { type JournalIo, NODE_IO } from './io.ts';
import type { Projector } from './projector.ts';
import { damageError, scanToEnd } from './scan.ts';

const DAY_MS = 86_400_000;

/** Rows that one pass removes from a table; the next pass goes on. */
const PRUNE_ROWS = 5_000;

export interface RetentionOptions {
  readonly projector: Projector;
  readonly driver: SqlDriver;
  readonly now_ms: number;
  /** How long this process ran since its last pass; 0 at the first. */
  readonly elapsed_ms: number;
  /** Journal files and call records older than this go; 0 keeps all. */
  readonly retain_days: number;
  /** The file that is being written; it and whatever comes after it stays. */
  readonly current_epoch: number;
  readonly io?: JournalIo;
}

export interface RetentionResult {
  readonly removed_files: number;
  /** Rows are left that are due: call again soon. */
  readonly more: boolean;
  /** The time that the pass went by; behind the clock when that jumped, absent when nothing could be removed by it. */
  readonly believed_ms?: number;
}

/**
 * Removes journal files whose last record is older than the retention and that the tables hold completely, then call
 * records of the same age. What the removed files meant for the rest is kept in the base, written before they go.
 */
export async function applyRetention(options: RetentionOptions): Promise<RetentionResult> {
  const { projector, driver, retain_days } = options;
  const { dir, projection } = projector;
  const believed_ms = await believe(options);
  if (believed_ms === undefined) return { removed_files: 0, more: false };
  const due_ms = believed_ms - retain_days * DAY_MS;
  const removed_files = retain_days === 0 ? 0 : await removeFiles(options, dir, projection.node_id, due_ms);
  const before_ms = retain_days === 0 ? 0 : due_ms - DAY_MS;
  const before_day = new Date(Math.max(0, before_ms)).toISOString().slice(0, 10);
  const more = await projection.prune(before_day, believed_ms, PRUNE_ROWS);
  if (removed_files > 0) await driver.flush();
  return { removed_files, more, believed_ms };
}

/** What the clock says, as far as what was known before makes it plausible. */
async function believe({
  projector,
  now_ms,
  elapsed_ms,
  current_epoch,
}: RetentionOptions): Promise<number | undefined> {
  const { projection, dir } = projector;
  const before_ms =
    (await projection.believedTime()) ?? (await projection.newestCall()) ?? startBefore(dir, current_epoch);
  const believed_ms = believedTime(before_ms, now_ms, elapsed_ms);
  if (believed_ms !== undefined) await projection.keepBelievedTime(believed_ms);
  return believed_ms;
}

/** When the file before the current one was begun. */
function startBefore(dir: string, current_epoch: number): number | undefined {
  const file = listFiles(dir).findLast(({ epoch }) => epoch < current_epoch);
  const found = file && readFileHeader(file.path);
  return found === undefined || 'kind' in found ? undefined : found.header.created_ms;
}

async function removeFiles(options: RetentionOptions, dir: string, node_id: string, due_ms: number): Promise<number> {
  const { projector, driver, current_epoch, io = NODE_IO } = options;
  const base = readBase(dir) ?? emptyBase(node_id, NO_CHAIN);
  const files = listFiles(dir);
  // Of an earlier pass that was killed between writing the base and removing the files.
  for (const file of files) if (file.epoch <= base.epoch) rmSync(file.path);
  const closed = closedFiles(files, base.epoch, due_ms).filter(
    (file) => file.epoch < current_epoch && file.epoch < projector.cursor.epoch,
  );
  const { after, due } = foldFiles(base, closed, due_ms);
  if (due.length === 0) return 0;
  // From here on the tables are the only place of these calls: they must be on the disk before the files go.
  await projector.projection.moveTo(projector.cursor);
  await driver.flush();
  writeBase(dir, after, io);
  for (const file of due) rmSync(file.path);
  return due.length;
}

/** The oldest files, as far as each was closed before `before_ms`: that is when the next one was created. */
function closedFiles(files: readonly JournalFile[], base_epoch: number, before_ms: number): JournalFile[] {
  const live = files.filter((file) => file.epoch > base_epoch);
  const closed: JournalFile[] = [];
  for (const [i, file] of live.entries()) {
    const next = live[i + 1];
    if (next === undefined) break;
    const found = readFileHeader(next.path);
    if ('kind' in found || found.header.created_ms >= before_ms) break;
    closed.push(file);
  }
  return closed;
}

/**
 * The base after the files that are due, which are all up to the first that holds a younger record: the next file says
 * that it is older when it was begun before the machine had set its clock.
 */
function foldFiles(
  from: LedgerBase,
  files: readonly JournalFile[],
  due_ms: number,
): { readonly after: LedgerBase; readonly due: readonly JournalFile[] } {
  let after = from;
  for (const [i, file] of files.entries()) {
    const { base, newest_ms } = foldFile(after, file);
    if (newest_ms >= due_ms) return { after, due: files.slice(0, i) };
    after = base;
  }
  return { after, due: files };
}

/** The base after one more file. It is verified once more: nothing is removed that does not say what it once said. */
function foldFile(from: LedgerBase, file: JournalFile): { readonly base: LedgerBase; readonly newest_ms: number } {
  const fold = new BaseFold(from);
  let newest_ms = Number.NEGATIVE_INFINITY;
  const { fault, point } = scanToEnd(file.path, (block) => {
    for (const record of parseRecords(block).records) {
      fold.apply(record);
      newest_ms = Math.max(newest_ms, record.ts_ms);
    }
  });
  if (fault !== undefined) throw damageError(file.path, fault);
  return { base: fold.at(file.epoch, point.chain), newest_ms };
}
