import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
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
