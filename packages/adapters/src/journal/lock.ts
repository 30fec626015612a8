import { accessSync, constants, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AtpError, isAtpError } from '@atp-router/kernel';
import { createPrivate, isDamaged } from '../sql/index.ts';
import { onFiles } from '../system-error.ts';
import { DIRECTORY_MODE, FILE_MODE } from './io.ts';

/** Who holds a data directory; for messages and `atp` commands only, the lock itself is the system's. */
export interface LockHolder {
  readonly pid: number;
  /** Identity of the running kernel, so that a pid from before a reboot is not taken for a live one. Empty when unknown. */
  readonly boot_id: string;
  /** Start of the process in clock ticks since boot, so that a reused pid is not taken for it. 0 when unknown. */
  readonly start_ticks: number;
}

export interface DataDirLock {
  release(): void;
}

/**
 * Makes this process the only user of `data_dir`. The mutual exclusion is a file lock of the operating system (SQLite's
 * exclusive lock on the empty `lock.db`): it dies with its process, also on `kill -9`, and unlike a pid file it holds
 * between containers that share the directory but not their pids. `lock.json` only says who holds it.
 */
export function lockDataDir(data_dir: string): DataDirLock {
  const database = onFiles('The data directory', data_dir, () => {
    mkdirSync(data_dir, { recursive: true, mode: DIRECTORY_MODE });
    createPrivate(lockPath(data_dir));
    // What it may only read, SQLite would lock only against writers; two routers could then have the directory.
    accessSync(lockPath(data_dir), constants.R_OK | constants.W_OK);
    return takeLock(data_dir);
  });
  return {
    release() {
      if (!database.isOpen) return;
      rmSync(holderPath(data_dir), { force: true });
      database.close();
    },
  };
}

function takeLock(data_dir: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(lockPath(data_dir));
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    throw lockedError(data_dir, error);
  }
  try {
    writeHolder(data_dir, thisProcess());
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

function lockedError(data_dir: string, cause: unknown): AtpError {
  const reason = cause instanceof Error ? cause.message : 'unknown reason';
  if (!/locked|busy/i.test(reason)) {
    // A router that holds the lock would have been met before the contents are.
    const remedy = isDamaged(cause)
      ? 'It holds nothing that is needed: delete it, and a new one is made.'
      : 'If it is no plain file, move it away, and a new one is made; otherwise look after the disk.';
    return new AtpError(
      'config_invalid',
      `The data_dir ${data_dir} cannot be locked: ${lockPath(data_dir)}: ${reason}. ${remedy}`,
      { param: 'data_dir', cause },
    );
  }
  const holder = readHolder(data_dir);
  const who = holder === undefined ? 'another process' : `process ${holder.pid}`;
  const seen = holder === undefined || isAlive(holder) ? '' : ' (in another container, or not visible from here)';
  return new AtpError(
    'config_invalid',
    `The data_dir ${data_dir} is in use by ${who}${seen}. Stop that router, or give this one its own data_dir.`,
    { cause, details: { [HELD]: true, ...(holder && { pid: holder.pid }) } },
  );
}

/** In the details of an error. */
const HELD = 'is_held';

/** Another process has the data directory. */
export function isHeldElsewhere(error: unknown): error is AtpError {
  return isAtpError(error) && error.details?.[HELD] === true;
}

function lockPath(data_dir: string): string {
  return join(data_dir, 'lock.db');
}

function holderPath(data_dir: string): string {
  return join(data_dir, 'lock.json');
}

function writeHolder(data_dir: string, holder: LockHolder): void {
  const path = holderPath(data_dir);
  writeFileSync(`${path}.tmp`, `${JSON.stringify(holder)}\n`, { mode: FILE_MODE });
  renameSync(`${path}.tmp`, path);
}

/** The process that last locked the directory; it may have died since. */
export function readHolder(data_dir: string): LockHolder | undefined {
  try {
    return JSON.parse(readFileSync(holderPath(data_dir), 'utf8')) as LockHolder;
  } catch {
    return undefined;
  }
}

function thisProcess(): LockHolder {
  return { pid: process.pid, boot_id: bootId(), start_ticks: startTicks(process.pid) };
}

/** Whether this very process runs on this very boot. */
export function isAlive(holder: LockHolder): boolean {
  if (holder.boot_id !== bootId()) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it runs, under another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return holder.start_ticks === startTicks(holder.pid);
}

function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id').trim();
}

/** Field 22 of `/proc/<pid>/stat` (proc(5)); counted after the command name, which may itself hold spaces and brackets. */
function startTicks(pid: number): number {
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[19] ?? 0);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
