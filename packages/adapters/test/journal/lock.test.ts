import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isAlive, lockDataDir, readHolder } from '../../src/journal/index.ts';
import { linesOf, startChild, tempDirs } from './support/helpers.ts';

const tempDir = tempDirs();

it('admits one holder, names it to the other, and is free again after release', () => {
  const dir = join(tempDir(), 'data');
  const lock = lockDataDir(dir);
  expect(() => lockDataDir(dir)).toThrow(`in use by process ${process.pid}. Stop that router`);
  lock.release();
  lock.release();
  const again = lockDataDir(dir);
  again.release();
  expect(readdirSync(dir)).toEqual(['lock.db']);
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  expect(statSync(join(dir, 'lock.db')).mode & 0o777).toBe(0o600);
});

it('holds against another process while that lives, and not a moment longer', async () => {
  const dir = tempDir();
  const child = startChild(new URL('./support/holder.ts', import.meta.url), [dir]);
  const locked = new Promise<void>((resolve) => {
    child.stdout?.once('data', () => resolve());
  });
  const gone = linesOf(child);
  await locked;
  expect(() => lockDataDir(dir)).toThrow(`in use by process ${child.pid}`);
  const holder = readHolder(dir);
  expect(holder?.pid).toBe(child.pid);
  expect(holder !== undefined && isAlive(holder)).toBe(true);
  child.kill('SIGKILL');
  await gone;
  expect(holder !== undefined && isAlive(holder)).toBe(false);
  lockDataDir(dir).release();
});

it('holds against other processes also after this one tried it a second time', async () => {
  const dir = tempDir();
  const lock = lockDataDir(dir);
  const other = (): Promise<{ lines: string[] }> =>
    linesOf(startChild(new URL('./support/trier.ts', import.meta.url), [dir]));
  expect(() => lockDataDir(dir)).toThrow('in use by process');
  expect((await other()).lines[0]).toContain(`in use by process ${process.pid}`);
  lock.release();
  expect((await other()).lines).toEqual(['locked']);
});

it('does not take a process with a reused pid, or of an earlier boot, for the holder', () => {
  const dir = tempDir();
  const lock = lockDataDir(dir);
  const holder = readHolder(dir);
  lock.release();
  if (holder === undefined) throw new Error('no holder');
  expect(isAlive(holder)).toBe(true);
  expect(isAlive({ ...holder, boot_id: 'another' })).toBe(false);
  expect(isAlive({ ...holder, start_ticks: holder.start_ticks + 1 })).toBe(false);
});

it('does not trust what is written about the holder', () => {
  const dir = tempDir();
  writeFileSync(join(dir, 'lock.json'), 'nonsense');
  lockDataDir(dir).release();
});

it('names a lock file that is none, says what to do, and is free when that was done', () => {
  const dir = tempDir();
  const path = join(dir, 'lock.db');
  writeFileSync(path, 'garbage '.repeat(500));
  expect(() => lockDataDir(dir)).toThrow(
    `The data_dir ${dir} cannot be locked: ${path}: file is not a database. It holds nothing that is needed: delete it, and a new one is made.`,
  );
  rmSync(path);
  lockDataDir(dir).release();
  rmSync(path);
  mkdirSync(path);
  expect(() => lockDataDir(dir)).toThrow(
    `${path}: unable to open database file. If it is no plain file, move it away, and a new one is made`,
  );
});

it('does not keep the lock when it cannot say who has it', () => {
  const dir = tempDir();
  mkdirSync(join(dir, 'lock.json', 'inside'), { recursive: true });
  expect(() => lockDataDir(dir)).toThrow(` at ${dir}/lock.json. Move that folder away.`);
  rmSync(join(dir, 'lock.json'), { recursive: true });
  lockDataDir(dir).release();
});
