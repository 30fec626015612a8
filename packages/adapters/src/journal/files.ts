import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AtpError } from '@atp-router/kernel';
import { encodeFileHeader, type FileHeader, firstChain, type LedgerBase, parseBase } from '@atp-router/ledger';
import { readText } from '../system-error.ts';
import { NODE_DIGESTS } from './digests.ts';
import { DIRECTORY_MODE, type JournalIo, writeFully } from './io.ts';

/** A file of the journal directory by its name; its contents are not looked at. */
export interface JournalFile {
  readonly epoch: number;
  readonly path: string;
  readonly bytes: number;
}

const NAME = /^([0-9]{8})\.atpj$/;
const EPOCH_MAX = 99_999_999;

/** State at the end of the files that retention removed; beside the files, so that it moves and is backed up with them. */
const BASE_NAME = 'base.json';

export function journalPath(data_dir: string): string {
  return join(data_dir, 'journal');
}

export function filePath(dir: string, epoch: number): string {
  return join(dir, `${String(epoch).padStart(8, '0')}.atpj`);
}

/** The journal files of a directory, oldest first. An absent directory has none. */
export function listFiles(dir: string): JournalFile[] {
  const files: JournalFile[] = [];
  for (const name of namesIn(dir)) {
    const match = NAME.exec(name);
    if (match === null) continue;
    const path = join(dir, name);
    const stat = statSync(path);
    if (!stat.isFile()) throw noFile(path);
    files.push({ epoch: Number(match[1]), path, bytes: stat.size });
  }
  return files.sort((a, b) => a.epoch - b.epoch);
}

/** One file of the directory; `undefined` when it is not there. */
export function findFile(dir: string, epoch: number): JournalFile | undefined {
  const path = filePath(dir, epoch);
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && { epoch, path, bytes: stat.size };
}

/** Reading on without it could pass over records, and opening a pipe would wait for ever. */
function noFile(path: string): AtpError {
  return new AtpError(
    'config_invalid',
    `${path} has the name of a journal file and is none, but a folder or something else. Move it away.`,
    { param: 'data_dir', details: { file: path } },
  );
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Makes the directory if needed and removes what an interrupted creation left. */
export function prepareDirectory(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: DIRECTORY_MODE });
  chmodSync(dir, DIRECTORY_MODE);
  for (const name of namesIn(dir)) if (name.endsWith('.tmp')) rmSync(join(dir, name));
}

export interface CreatedFile {
  readonly fd: number;
  readonly path: string;
  /** Length of the header line. */
  readonly bytes: number;
  readonly chain: string;
}

/**
 * Creates the file of an epoch. It gets its name when the header is on the disk, so neither a crash nor a power loss
 * leaves a file without one. What it continues must be on the disk before: see `Segment.create`.
 */
export function createFile(dir: string, header: FileHeader, io: JournalIo): CreatedFile {
  if (header.epoch > EPOCH_MAX) {
    throw new AtpError('internal_error', 'The journal has used all its epoch numbers. Start with a new data_dir.');
  }
  const path = filePath(dir, header.epoch);
  const line = Buffer.from(encodeFileHeader(header));
  const fd = io.create(`${path}.tmp`);
  try {
    writeFully(io, fd, line, 0);
    io.syncFileNow(fd);
    renameSync(`${path}.tmp`, path);
  } catch (error) {
    io.close(fd);
    rmSync(`${path}.tmp`, { force: true });
    throw error;
  }
  return { fd, path, bytes: line.length, chain: firstChain(line.subarray(0, -1), NODE_DIGESTS) };
}

/** For a folder without a journal file. */
export function noJournal(dir: string): AtpError {
  return new AtpError('config_invalid', `There is no journal in ${dir}. Name the data_dir of a router.`);
}

export function readBase(dir: string): LedgerBase | undefined {
  let text: string;
  try {
    text = readText(join(dir, BASE_NAME));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const base = parseBase(text);
  if (base !== undefined) return base;
  throw new AtpError(
    'config_invalid',
    `${join(dir, BASE_NAME)} is not a journal base. It describes journal files that were removed after their retention; restore it from a backup.`,
  );
}

/**
 * Replaces the base: afterwards the new one is on the disk under its name. When anything fails the old one is still
 * there. It is read back before it counts, because the files that it stands for are removed next.
 */
export function writeBase(dir: string, base: LedgerBase, io: JournalIo): void {
  const path = join(dir, BASE_NAME);
  const draft = `${path}.tmp`;
  const text = `${JSON.stringify(base)}\n`;
  rmSync(draft, { force: true });
  try {
    const fd = io.create(draft);
    try {
      writeFully(io, fd, Buffer.from(text), 0);
      io.syncFileNow(fd);
    } finally {
      io.close(fd);
    }
    const found = readFileSync(draft, 'utf8');
    if (found !== text || parseBase(found) === undefined) throw new Error('the journal base reads back differently');
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  io.syncDirectoryNow(dir);
}
