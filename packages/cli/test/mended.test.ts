import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { start, startRouter, tempFolder } from './support/process.ts';
import { atp } from './support/terminal.ts';

// What the start finds broken in its data directory: it goes on from what it can mend and says so, and ends with 78 from
// the rest.

const KEY = /atp_[a-z2-7]{32}/;

/** A folder where a router has run, with its tenant `default` and a key. */
async function usedFolder(): Promise<string> {
  const cwd = tempFolder();
  const router = await startRouter(cwd);
  router.child.kill('SIGTERM');
  expect(await router.ended()).toBe(0);
  return cwd;
}

function journalFiles(cwd: string): string[] {
  const folder = join(cwd, '.atp', 'journal');
  return readdirSync(folder).map((name) => join(folder, name));
}

/** Turns one bit of a file. */
function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

describe('a start mends', () => {
  test('tables whose journal is lost, and says so', async () => {
    const cwd = await usedFolder();
    for (const file of journalFiles(cwd)) rmSync(file);
    const router = await startRouter(cwd);
    const aside = join(cwd, '.atp', 'atp.sqlite.damaged');
    expect(router.err()).toMatch(
      /"level":"warn".*"reason":"the tables hold records that the journal does not.*made anew/,
    );
    expect(router.err()).toContain(`what they were is in ${aside}"`);
    expect(statSync(aside).mode & 0o777).toBe(0o600);
    const kept = new DatabaseSync(aside, { readOnly: true });
    const ids = kept.prepare('SELECT kind, id FROM entities ORDER BY kind').all();
    kept.close();
    expect(ids).toEqual([
      { kind: 'key', id: expect.stringMatching(/^(@admin|default)\//) },
      { kind: 'key', id: expect.stringMatching(/^(@admin|default)\//) },
      { kind: 'tenant', id: 'default' },
    ]);
    expect(router.out()).toMatch(KEY);
  });

  test('a torn tail, and says so', async () => {
    const cwd = await usedFolder();
    const [file = ''] = journalFiles(cwd);
    const { length } = readFileSync(file);
    appendFileSync(file, 'garbage');
    const router = await startRouter(cwd);
    expect(router.err()).toMatch(/"level":"warn".*torn tail, which was cut off/);
    expect(router.err()).toContain(`"file":"${file}","offset":${length},"bytes":7`);
    expect(router.out()).toContain('Keys exist (1)');
  });

  test('a database that is none, which is kept aside', async () => {
    const cwd = await usedFolder();
    const database = join(cwd, '.atp', 'atp.sqlite');
    writeFileSync(database, 'garbage\n');
    const router = await startRouter(cwd);
    expect(router.err()).toMatch(
      /"level":"warn".*"reason":"the tables were damaged; what they were is in .*\.damaged"/,
    );
    expect(readFileSync(`${database}.damaged`, 'utf8')).toBe('garbage\n');
    expect(router.out()).toContain('Keys exist (1)');
  });

  test('a database that is damaged inside', async () => {
    const cwd = await usedFolder();
    const database = join(cwd, '.atp', 'atp.sqlite');
    const bytes = readFileSync(database);
    writeFileSync(database, bytes.fill(0xa5, 100));
    const router = await startRouter(cwd);
    expect(router.err()).toContain('the tables were damaged');
    expect(router.out()).toContain('Keys exist (1)');
  });
});

describe('a start ends with 78', () => {
  test('when the journal is damaged', async () => {
    const cwd = await usedFolder();
    const [file = ''] = journalFiles(cwd);
    flip(file, readFileSync(file).indexOf('{"v":1'));
    const router = start(['serve', '--port', '0'], cwd);
    expect(await router.ended()).toBe(78);
    expect(router.err()).toContain(`${file} is damaged at byte`);
    expect(existsSync(file)).toBe(true);
  });

  test('when the folder cannot be made', async () => {
    const router = start(['serve', '--port', '0', '--data-dir', '/proc/atp/data'], tempFolder());
    expect(await router.ended()).toBe(78);
    expect(router.err()).toContain('The data directory /proc/atp/data cannot be used');
  });

  test('when the address is in use: with advice, and the first key is still to be shown', async () => {
    const cwd = tempFolder();
    const other = await startRouter(tempFolder());
    const router = start(['serve', '--port', new URL(other.url).port], cwd);
    expect(await router.ended()).toBe(78);
    expect(router.err()).toContain('atp serve --port <port>');
    expect((await startRouter(cwd)).out()).toMatch(KEY);
  });
});

describe('atp journal', () => {
  test('finds nothing sound where no journal is', async () => {
    const cwd = tempFolder();
    const { code, out, err } = await atp(['journal', 'verify', '.'], { cwd });
    expect({ code, out }).toEqual({ code: 78, out: '' });
    expect(err).toContain('There is no journal in');
  });

  test('rebuild names a file whose header is broken', async () => {
    const cwd = tempFolder();
    const folder = join(cwd, 'data', 'journal');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, '00000001.atpj'), '{"format":oh no}\n');
    const { code, err } = await atp(['journal', 'rebuild', 'data'], { cwd });
    expect(code).toBe(78);
    expect(err).toContain('00000001.atpj is damaged at byte 0');
  });

  test('rebuild makes the tables anew when their database is damaged', async () => {
    const cwd = await usedFolder();
    writeFileSync(join(cwd, '.atp', 'atp.sqlite'), 'garbage\n');
    const { code, out } = await atp(['journal', 'rebuild', '.atp'], { cwd });
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('The tables hold the journal: 1 file') });
  });
});
