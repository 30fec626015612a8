import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { AtpError } from '@atp-router/kernel';
import { NAME_PATTERN } from '../config/schema-parts.ts';
import { onFiles, readText } from '../system-error.ts';

const SEAL_KEY_FILE = 'seal.key';
const NODE_ID_FILE = 'node.id';
const ADMIN_KEY_FILE = 'admin.key';
const SEAL_KEY_BYTES = 32;

/** What a data directory keeps beside journal and tables. Files are 0600; a directory that is made here is 0700. */
export interface DataDirSecrets {
  readonly seal_key: Uint8Array;
  readonly node_id: string;
}

/** Reads the secrets of a data directory, making what is missing. Throws `config_invalid` when it cannot be used. */
export function openDataDir(dir: string, node_id?: string): DataDirSecrets {
  return onFiles('The data directory', dir, () => {
    makeFolder(dir);
    const sealing = readOrMake(join(dir, SEAL_KEY_FILE), () => randomBytes(SEAL_KEY_BYTES).toString('hex'));
    const seal_key = Buffer.from(sealing, 'hex');
    if (seal_key.length !== SEAL_KEY_BYTES) {
      const remedy = 'Restore it from a backup; if it is deleted, answers that were stored with the old one are lost';
      throw spoilt(dir, `${SEAL_KEY_FILE} does not hold ${SEAL_KEY_BYTES} bytes. ${remedy}.`);
    }
    const stored = readOrMake(join(dir, NODE_ID_FILE), () => node_id ?? `node-${randomBytes(6).toString('hex')}`);
    return { seal_key, node_id: node_id ?? checkedName(dir, stored) };
  });
}

/** What is no name is not shown: it may be anything, and it would be written to terminals and logs. */
function checkedName(dir: string, stored: string): string {
  if (NAME_PATTERN.test(stored)) return stored;
  const remedy = 'Restore it from a backup, or set node_id to the one in the first line of the journal';
  throw spoilt(dir, `${NODE_ID_FILE} ${stored === '' ? 'is empty' : 'holds no name of a router'}. ${remedy}.`);
}

function spoilt(dir: string, reason: string): AtpError {
  return new AtpError('config_invalid', `The data directory ${dir} cannot be used: ${reason}`, { param: 'data_dir' });
}

/**
 * As `mkdir -p`. Node's own `recursive` never returns where the system says of a folder that is there that it is not, as
 * it does below /proc.
 */
function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    if (hasCode(error, 'EEXIST') && statSync(dir).isDirectory()) return;
    const parent = dirname(dir);
    if (!hasCode(error, 'ENOENT') || existsSync(parent) || parent === dir) throw error;
    makeFolder(parent);
    mkdirSync(dir, { mode: 0o700 });
  }
}

/**
 * The admin key that the router made for itself, kept in clear for the CLI on this machine: whoever can read the file
 * can read the whole data directory anyway.
 */
export function readLocalAdminKey(dir: string): string | undefined {
  return readDataFile(dir, ADMIN_KEY_FILE);
}

export function writeLocalAdminKey(dir: string, secret: string): void {
  replaceDataFile(dir, ADMIN_KEY_FILE, secret);
}

/** A small file of a data directory, or `undefined` where there is none. */
export function readDataFile(dir: string, name: string): string | undefined {
  return onFiles('The data directory', dir, () => readIfThere(join(dir, name)));
}

/** Replaces such a file (mode 0600): whoever reads it sees the old or the new one whole, also after a power loss. */
export function replaceDataFile(dir: string, name: string, text: string): void {
  const file = join(dir, name);
  onFiles('The data directory', dir, () => {
    const draft = writeDraft(file, text);
    try {
      renameSync(draft, file);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
    syncName(file);
  });
}

/** Of several processes that start at once, one makes the value and all read that one. */
function readOrMake(file: string, make: () => string): string {
  const found = readIfThere(file);
  if (found !== undefined) return found;
  const draft = writeDraft(file, make());
  try {
    // Unlike a rename, a link never replaces what is there; and whoever sees the file sees it whole.
    linkSync(draft, file);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  // Outcomes are sealed with this key from now on: a power loss must not take its name.
  syncName(file);
  return readFileSync(file, 'utf8').trim();
}

/** A file beside the one that is meant, complete and on the disk before it gets its name. */
function writeDraft(file: string, value: string): string {
  const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  const handle = openSync(draft, 'wx', 0o600);
  try {
    // Unlike `writeSync`, this goes on when the system takes only a part, and so meets the error of a full disk.
    writeFileSync(handle, `${value}\n`);
    fsyncSync(handle);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
  return draft;
}

function syncName(file: string): void {
  const directory = openSync(dirname(file), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readText(file).trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
