import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AtpError } from '@atp-router/kernel';

/** An error of the operating system, as Node reports it. */
interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  path?: string;
  /** Of a rename or link: where to. */
  readonly dest?: string;
}

/** What a code means, and what whoever runs the router does about it; without a remedy it is the rights of the user. */
const WORDS: Readonly<Record<string, readonly [reason: string, remedy?: string]>> = {
  EACCES: ['permission denied'],
  EPERM: ['permission denied'],
  EROFS: ['the file system is read-only', 'Mount it for writing, or name another folder.'],
  EEXIST: ['something else is there already', 'Move it away, or name another folder.'],
  ENOTDIR: ['it, or a folder that it is in, is a file', 'Name a folder.'],
  EISDIR: ['a folder is where a file belongs', 'Move that folder away.'],
  ENOTEMPTY: ['a folder is where a file belongs', 'Move that folder away.'],
  ENOENT: ['it is not there and cannot be made', 'Make it, or name another folder.'],
  ELOOP: ['its symbolic links go in a circle', 'Name another folder.'],
  ENAMETOOLONG: ['the name is too long', 'Name another folder.'],
  ENOSPC: ['the disk is full', 'Free space on it.'],
  EDQUOT: ['the quota of the disk is used up', 'Free space on it.'],
  EMFILE: ['the process has too many files open', 'Raise its limit (ulimit -n).'],
  ENFILE: ['the system has too many files open', 'Raise its limit, or end other processes.'],
};

/**
 * Runs `work` on the files of a folder. What the system refuses there becomes `config_invalid` in one sentence: what,
 * which path, and what to do. Faults of the program stay what they are.
 */
export function onFiles<T>(what: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fileProblem(what, path, error);
  }
}

/** The error to throw instead: itself, unless the system refused something. */
export function fileProblem(what: string, path: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const message = `${what} ${path} cannot be used: ${reasonOf(error, path)}`;
  return new AtpError('config_invalid', message, { param: 'data_dir', cause: error, details: { reason: error.code } });
}

function reasonOf(error: SystemError, known_path: string): string {
  const [reason, remedy] = WORDS[error.code] ?? [
    'the system refused it',
    'Look after the disk, or name another folder.',
  ];
  const place = placeOf(error);
  const at = place === undefined || place === known_path ? '' : ` at ${place}`;
  return `${reason} (${error.code})${at}. ${remedy ?? permission()}`;
}

export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string';
}

/** The text of a file. When only the reading fails, as that of a folder does, the system does not say where; this does. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isSystemError(error)) error.path ??= path;
    throw error;
  }
}

/** A file that could not be made under a passing name: what counts is the folder. */
function placeOf({ path, dest }: SystemError): string | undefined {
  if (dest !== undefined) return dest;
  return path?.endsWith('.tmp') === true ? dirname(path) : path;
}

function permission(): string {
  const uid = process.getuid?.();
  const who = uid === undefined ? 'the user that runs this' : `the user that runs this (uid ${uid})`;
  return `Give ${who} the right to read and write it, or name another folder.`;
}
