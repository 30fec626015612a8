import { spawnSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import { programPath } from '@atp-router/adapters/testing';

const NOBODY = 65_534;
const IS_ROOT = process.getuid?.() === 0;
// Threads import it as well, and are of the process that has been given away.
const GIVE = `process.setgroups([]);process.setgid(${NOBODY});process.setuid(${NOBODY})`;
const DROP = `data:text/javascript,import{isMainThread}from'node:worker_threads';if(isMainThread){${GIVE}}`;

/** Arguments of node for a program without the powers of root, which no permission binds. */
export const NOBODY_ARGS: readonly string[] = IS_ROOT ? ['--import', DROP] : [];

/** The uid that the program then has. */
export const NOBODY_UID: number = IS_ROOT ? NOBODY : (process.getuid?.() ?? -1);

/** Why permissions cannot be tested here, if they cannot. */
export function noPermissions(): string | undefined {
  if (process.platform === 'win32') return 'Windows has no such permissions';
  const look = `fs.accessSync(${JSON.stringify(programPath())}, fs.constants.R_OK)`;
  const { status } = spawnSync(process.execPath, [...NOBODY_ARGS, '-e', look]);
  return status === 0 ? undefined : 'an unprivileged user cannot read the sources here';
}

/** Makes a file or folder that of the program. */
export function giveToNobody(path: string): void {
  if (IS_ROOT) chownSync(path, NOBODY, NOBODY);
}
