import { spawnSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import { join } from 'node:path';

const NOBODY = 65_534;
const IS_ROOT = process.getuid?.() === 0;
const DROP = `data:text/javascript,process.setgroups([]);process.setgid(${NOBODY});process.setuid(${NOBODY})`;

/** Arguments of node for a program without the powers of root, which no permission binds. */
export const NOBODY_ARGS: readonly string[] = IS_ROOT ? ['--import', DROP] : [];

/** The uid that the program then has. */
export const NOBODY_UID: number = IS_ROOT ? NOBODY : (process.getuid?.() ?? -1);

/** Why permissions cannot be tested here, if they cannot. */
export function noPermissions(): string | undefined {
  if (process.platform === 'win32') return 'Windows has no such permissions';
  const main = join(import.meta.dirname, '../../src/main.ts');
  const look = `fs.accessSync(${JSON.stringify(main)}, fs.constants.R_OK)`;
  const { status } = spawnSync(process.execPath, [...NOBODY_ARGS, '-e', look]);
  return status === 0 ? undefined : 'an unprivileged user cannot read the sources here';
}

/** Makes a file or folder that of the program. */
export function giveToNobody(path: string): void {
  if (IS_ROOT) chownSync(path, NOBODY, NOBODY);
}
