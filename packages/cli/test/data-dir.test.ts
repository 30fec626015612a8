import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { giveToNobody, NOBODY_ARGS, NOBODY_UID, noPermissions } from './support/nobody.ts';
import { start, startRouter, tempFolder } from './support/process.ts';
import { atp } from './support/terminal.ts';

// A data directory that cannot be used: one sentence with what, where and what to do, and exit 78; never a stack.

const NO_PERMISSIONS = noPermissions();

/** What a program without the powers of root says at its end. */
async function refused(args: readonly string[], cwd: string): Promise<{ code: number | null; err: string }> {
  const program = start(args, cwd, {}, NOBODY_ARGS);
  const code = await program.ended();
  expect(program.err()).not.toMatch(/\n\s+at /);
  return { code, err: program.err() };
}

/** A folder where a router of nobody's has run. */
async function usedFolder(): Promise<string> {
  const cwd = tempFolder();
  giveToNobody(cwd);
  const router = await startRouter(cwd, [], {}, NOBODY_ARGS);
  router.child.kill('SIGTERM');
  expect(await router.ended()).toBe(0);
  return cwd;
}

describe.skipIf(NO_PERMISSIONS !== undefined)(`without permission (${NO_PERMISSIONS ?? 'as nobody'})`, () => {
  test('a data directory that cannot be written', async () => {
    const cwd = await usedFolder();
    const dir = join(cwd, '.atp');
    chmodSync(dir, 0o500);
    const message = `atp: The data directory ${dir} cannot be used: permission denied (EACCES). Give the user that runs this (uid ${NOBODY_UID}) the right to read and write it, or name another folder.\n`;
    for (const args of [
      ['serve', '--port', '0'],
      ['keys', 'create', '--offline', '--admin'],
      ['journal', 'rebuild', '.atp'],
    ]) {
      expect(await refused(args, cwd)).toEqual({ code: 78, err: message });
    }
  }, 120_000);

  test('tables that cannot be written', async () => {
    const cwd = await usedFolder();
    chmodSync(join(cwd, '.atp', 'atp.sqlite'), 0o400);
    for (const args of [
      ['serve', '--port', '0'],
      ['journal', 'rebuild', '.atp'],
    ]) {
      const { code, err } = await refused(args, cwd);
      expect(code).toBe(78);
      expect(err).toMatch(
        /^atp: The database of the tables .*\/\.atp\/atp\.sqlite cannot be used: .*\. Give the user that runs this the right to write it/,
      );
      expect(err.trim().split('\n')).toHaveLength(1);
    }
  }, 120_000);

  test('a journal that cannot be read', async () => {
    const cwd = tempFolder();
    giveToNobody(cwd);
    mkdirSync(join(cwd, 'locked'), { mode: 0 });
    const { code, err } = await refused(['journal', 'verify', 'locked'], cwd);
    expect(code).toBe(78);
    expect(err).toContain(`The journal ${cwd}/locked cannot be used: permission denied (EACCES) at ${cwd}/locked`);
  }, 60_000);
});

describe('what is in the place of something else', () => {
  test('a file, where the journal should be', async () => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, 'file'), '');
    for (const command of ['verify', 'rebuild']) {
      const { code, err } = await atp(['journal', command, 'file'], { cwd });
      expect({ code, err }).toEqual({
        code: 2,
        err: 'atp: file is not a folder. Name the data directory of a router.\n',
      });
    }
    mkdirSync(join(cwd, 'data'));
    writeFileSync(join(cwd, 'data', 'journal'), '');
    const { code, err } = await atp(['journal', 'verify', 'data'], { cwd });
    expect(code).toBe(78);
    expect(err).toBe(
      `atp: The journal ${cwd}/data/journal cannot be used: it, or a folder that it is in, is a file (ENOTDIR) at ${cwd}/data/journal/base.json. Name a folder.\n`,
    );
  });

  test('a folder, where the tables should be', async () => {
    const cwd = tempFolder();
    const folder = join(cwd, '.atp', 'atp.sqlite');
    mkdirSync(folder, { recursive: true });
    const router = start(['serve', '--port', '0'], cwd);
    expect(await router.ended()).toBe(78);
    expect(router.err()).toBe(
      `atp: The database of the tables ${folder} cannot be used: unable to open database file. Give the user that runs this the right to read and write it and what is beside it; a folder in its place has to go.\n`,
    );
  }, 60_000);

  test('a folder with the name of a journal file', async () => {
    const cwd = tempFolder();
    const folder = join(cwd, '.atp', 'journal', '00000009.atpj');
    mkdirSync(folder, { recursive: true });
    const message = `atp: ${folder} has the name of a journal file and is none, but a folder or something else. Move it away.\n`;
    expect(await atp(['journal', 'verify', '.atp'], { cwd })).toEqual({ code: 78, out: '', err: message });
    const router = start(['serve', '--port', '0'], cwd);
    expect(await router.ended()).toBe(78);
    expect(router.err()).toBe(message);
    expect(readdirSync(join(cwd, '.atp', 'journal'))).toEqual(['00000009.atpj']);
  }, 60_000);
});
