import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { BaseFold, emptyBase, type LedgerBase, NO_CHAIN, parseRecords } from '@atp-router/ledger';
import type { SqlDriver } from '../sql/index.ts';
import { basePath, type JournalFile, listFiles, readBase } from './files.ts';
import { readFileHeader } from './header.ts';
import { FILE_MODE } from './io.ts';
import type { Projector } from './projector.ts';
import { damageError, scanToEnd } from './scan.ts';

const DAY_MS = 86_400_000;

/** Rows that one pass removes from a table; the next pass goes on. */
const PRUNE_ROWS = 5_000;

export interface RetentionOptions {
  readonly projector: Projector;
  readonly driver: SqlDriver;
  readonly now_ms: number;
  /** Journal files and call records older than this go; 0 keeps all. */
  readonly retain_days: number;
  /** The file that is being written; it and whatever comes after it stays. */
  readonly current_epoch: number;
}

export interface RetentionResult {
  readonly removed_files: number;
  /** Rows are left that are due: call again soon. */
  readonly more: boolean;
}

/**
 * Removes journal files whose last record is older than the retention and that the tables hold completely, then call
 * records of the same age. What the removed files meant for the rest is kept in the base, written before they go.
 */
export async function applyRetention(options: RetentionOptions): Promise<RetentionResult> {
  const { projector, driver, now_ms, retain_days } = options;
  const { dir, projection } = projector;
  const removed_files = retain_days === 0 ? 0 : await removeFiles(options, dir, projection.node_id);
  const before_ms = retain_days === 0 ? 0 : now_ms - (retain_days + 1) * DAY_MS;
  const before_day = new Date(Math.max(0, before_ms)).toISOString().slice(0, 10);
  const more = await projection.prune(before_day, now_ms, PRUNE_ROWS);
  if (removed_files > 0) await driver.flush();
  return { removed_files, more };
}

async function removeFiles(options: RetentionOptions, dir: string, node_id: string): Promise<number> {
  const { projector, driver, now_ms, retain_days, current_epoch } = options;
  const base = readBase(dir) ?? emptyBase(node_id, NO_CHAIN);
  const files = listFiles(dir);
  // Of an earlier pass that was killed between writing the base and removing the files.
  for (const file of files) if (file.epoch <= base.epoch) rmSync(file.path);
  const due = dueFiles(files, base.epoch, now_ms - retain_days * DAY_MS).filter(
    (file) => file.epoch < current_epoch && file.epoch < projector.cursor.epoch,
  );
  if (due.length === 0) return 0;
  // From here on the tables are the only place of these calls: they must be on the disk before the files go.
  await projector.projection.moveTo(projector.cursor);
  await driver.flush();
  writeBase(dir, foldFiles(base, due));
  for (const file of due) rmSync(file.path);
  return due.length;
}

/** The oldest files, as far as each was closed before `before_ms`: that is when the next one was created. */
function dueFiles(files: readonly JournalFile[], base_epoch: number, before_ms: number): JournalFile[] {
  const live = files.filter((file) => file.epoch > base_epoch);
  const due: JournalFile[] = [];
  for (const [i, file] of live.entries()) {
    const next = live[i + 1];
    if (next === undefined) break;
    const found = readFileHeader(next.path);
    if ('kind' in found || found.header.created_ms >= before_ms) break;
    due.push(file);
  }
  return due;
}

/** The base after these files. They are verified once more: nothing is removed that does not say what it once said. */
function foldFiles(from: LedgerBase, files: readonly JournalFile[]): LedgerBase {
  const fold = new BaseFold(from);
  let end: { epoch: number; chain: string } = from;
  for (const file of files) {
    const { fault, point } = scanToEnd(file.path, (block) => {
      for (const record of parseRecords(block).records) fold.apply(record);
    });
    if (fault !== undefined) throw damageError(file.path, fault);
    end = { epoch: file.epoch, chain: point.chain };
  }
  return fold.at(end.epoch, end.chain);
}

/** On the disk under its name, or not there at all. */
function writeBase(dir: string, base: LedgerBase): void {
  const path = basePath(dir);
  const fd = openSync(`${path}.tmp`, 'w', FILE_MODE);
  try {
    writeSync(fd, `${JSON.stringify(base)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.tmp`, path);
  const parent = openSync(dir, 'r');
  try {
    fsyncSync(parent);
  } finally {
    closeSync(parent);
  }
}
