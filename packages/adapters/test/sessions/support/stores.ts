import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AtpError } from '@atp-router/kernel';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { type SessionStore, type SqliteSessionStoreOptions, sqliteSessionStore } from '../../../src/sessions/index.ts';

/** A directory for one test. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'atp-sessions-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A store that is closed after the test, and the problems that it told of. */
export function fileStore(
  path: string,
  more: Partial<SqliteSessionStoreOptions> = {},
): { readonly store: SessionStore; readonly problems: readonly AtpError[] } {
  const problems: AtpError[] = [];
  const options = { path, seal_key: Buffer.alloc(32, 7), fsync: 'interval', clock: systemClock } as const;
  const store = sqliteSessionStore({ ...options, on_problem: (problem) => problems.push(problem), ...more });
  onTestFinished(() => store.close());
  return { store, problems };
}
