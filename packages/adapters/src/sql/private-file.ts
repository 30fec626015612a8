import { linkSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';

/**
 * Makes an empty file (mode 0600) for a database unless there is one; SQLite would leave its mode to the umask. A file
 * that is there is not opened, not even for a moment: closing any handle of it would drop all locks that this process
 * holds on it (fcntl(2)), those of SQLite included. So it is made under another name and gets its own by a link.
 */
export function createPrivate(path: string): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  writeFileSync(draft, '', { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}
