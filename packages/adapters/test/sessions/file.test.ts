import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { SESSION_STORE_LIMITS } from '../../src/sessions/index.ts';
import { keptSession, putIn, putSession, saved } from '../../src/suites/index.ts';
import { startChild } from '../journal/support/helpers.ts';
import { fileStore, tempDir } from './support/stores.ts';

it.each([40, 200, 500])(
  'has each save whole, and all that were told, after kill -9 at the %i-th',
  async (count) => {
    const path = join(tempDir(), 'sessions.sqlite');
    const child = startChild(new URL('./support/saver.ts', import.meta.url), [path]);
    const told = new Map<string, number>();
    let rest = '';
    let lines = 0;
    await new Promise<void>((resolve) => {
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        const parts = `${rest}${text}`.split('\n');
        rest = parts.pop() ?? '';
        for (const line of parts) told.set(line.split(' ')[1] ?? '', Number(line.split(' ')[0]));
        lines += parts.length;
        if (lines >= count) child.kill('SIGKILL');
      });
      child.once('close', () => resolve());
    });
    const { store, problems } = fileStore(path);
    const found = await store.load();
    expect(problems).toEqual([]);
    expect(found.length).toBe(8);
    for (const { session, snapshot } of found) {
      const last = snapshot.session.control_seq;
      expect(last).toBeGreaterThanOrEqual(told.get(session.born) ?? 0);
      const numbers = snapshot.inbox.map(({ id }) => id.msg_seq).sort((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: last + 1 }, (_, i) => i));
    }
  },
  60_000,
);

it('begins no database before the first session, and has that one the next time', async () => {
  const path = join(tempDir(), 'sessions.sqlite');
  const first = fileStore(path);
  expect(await first.store.load()).toEqual([]);
  expect(statSync(path)).toMatchObject({ size: 0 });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await saved(first.store, keptSession(1), [putSession(1)]);
  await first.store.close();
  const second = fileStore(path);
  expect((await second.store.load()).map(({ session }) => session.born)).toEqual([keptSession(1).born]);
  expect([...first.problems, ...second.problems]).toEqual([]);
});

it('starts without the sessions of a damaged file, keeps that aside, and says so', async () => {
  const path = join(tempDir(), 'sessions.sqlite');
  writeFileSync(path, 'This is no database, though it is long enough to look like the header of one. '.repeat(20));
  const { store, problems } = fileStore(path);
  expect(await store.load()).toEqual([]);
  expect(problems.map(({ message }) => message)).toMatchObject([expect.stringContaining(`${path}.damaged`)]);
  await saved(store, keptSession(1), [putSession(1)]);
  expect(statSync(`${path}.damaged`).size).toBeGreaterThan(0);
});

it('drops what another key has sealed, and says how many sessions that are', async () => {
  const path = join(tempDir(), 'sessions.sqlite');
  const first = fileStore(path);
  await first.store.load();
  for (const n of [1, 2]) await saved(first.store, keptSession(n), [putSession(n)]);
  await first.store.close();
  const other = fileStore(path, { seal_key: Buffer.alloc(32, 8) });
  expect(await other.store.load()).toEqual([]);
  expect(other.problems.map(({ message }) => message)).toMatchObject([expect.stringMatching(/^2 sessions .*seal key/)]);
  await other.store.close();
  const third = fileStore(path);
  expect(await third.store.load()).toEqual([]);
  expect(third.problems).toEqual([]);
});

/** Makes the file one of another version. */
function setVersion(path: string, version: number): void {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA user_version = ${version}`);
  database.close();
}

it('drops the sessions of an older version, and says how many they are', async () => {
  const path = join(tempDir(), 'sessions.sqlite');
  const first = fileStore(path);
  await first.store.load();
  for (const n of [1, 2]) await saved(first.store, keptSession(n), [putSession(n)]);
  await first.store.close();
  setVersion(path, 1);
  const second = fileStore(path);
  expect(await second.store.load()).toEqual([]);
  expect(second.problems.map(({ message }) => message)).toMatchObject([
    expect.stringMatching(/^2 sessions .*older version/),
  ]);
  await saved(second.store, keptSession(3), [putSession(3)]);
  await second.store.close();
  const third = fileStore(path);
  expect((await third.store.load()).map(({ session }) => session)).toEqual([keptSession(3)]);
  expect(third.problems).toEqual([]);
});

it('does not start over a file of a newer version, which stays as it is', async () => {
  const path = join(tempDir(), 'sessions.sqlite');
  const first = fileStore(path);
  await first.store.load();
  await saved(first.store, keptSession(1), [putSession(1)]);
  await first.store.close();
  setVersion(path, 99);
  await expect(fileStore(path).store.load()).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringContaining('of version 99'),
  });
  setVersion(path, 2);
  expect(await fileStore(path).store.load()).toHaveLength(1);
});

it('takes any number of changes of one thing that wait, and keeps the last', async () => {
  const path = join(tempDir(), 'sessions.sqlite');
  const limits = { ...SESSION_STORE_LIMITS, waiting_bytes: 1_000_000 };
  const { store } = fileStore(path, { limits });
  await store.load();
  // Each of two kilobytes: together they are more than may wait.
  const large = { token: 'x'.repeat(2_000) };
  await Promise.all(Array.from({ length: 1_000 }, (_, i) => saved(store, keptSession(1), [putSession(i, large)])));
  await store.close();
  expect((await fileStore(path, { limits }).store.load())[0]?.snapshot.session.control_seq).toBe(999);
});

it('is readable by its owner alone, and has no text of a message in it', async () => {
  const path = join(tempDir(), 'sessions.sqlite');
  const { store } = fileStore(path);
  await store.load();
  await saved(store, keptSession(1), [putSession(1), putIn('1', 5)]);
  await store.close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path).includes('message 5')).toBe(false);
});

it('does not start over a file that cannot be used, and says which', async () => {
  const dir = tempDir();
  await expect(fileStore(join(dir, 'none', 'sessions.sqlite')).store.load()).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringContaining(join(dir, 'none')),
  });
});
