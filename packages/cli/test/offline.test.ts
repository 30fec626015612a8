import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { verifyJournal } from '@atp-router/adapters';
import { lockDataDir } from '@atp-router/adapters/journal';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atp } from './support/terminal.ts';
import { CONFIG, Workplace } from './support/workplace.ts';

// What works on a data directory alone. The tests share one and go in order.

const at = new Workplace();
const { cwd } = at;

beforeAll(async () => {
  await at.start();
  await at.stop();
  writeFileSync(join(cwd, 'atp.yaml'), CONFIG);
});
afterAll(() => at.close());

describe('atp keys create without a router', () => {
  test('writes into the data directory; the next start knows the key', async () => {
    const { code, out, err } = await atp(['keys', 'create', '--tenant', 'acme', '--offline'], { cwd });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    at.key = /atp_[a-z2-7]{32}/.exec(out)?.[0] ?? '';
    await at.start();
    expect(await at.fine('ask', 'x', '--model', 'small')).toContain('[simulated]');
  });

  test('not under a router that runs', async () => {
    const { code, err } = await atp(['keys', 'create', '--tenant', 'acme', '--offline'], { cwd });
    expect(code).toBe(78);
    expect(err).toContain(`is in use by process ${process.pid}`);
    await at.stop();
  });

  test('says of a directory that a router has which does not answer that one may be starting', async () => {
    const url = await deadAddress();
    const create = (): ReturnType<typeof atp> =>
      atp(['keys', 'create', '--tenant', 'acme'], { cwd, env: { ATP_URL: url } });
    expect((await create()).err).toContain('Start one with');
    // As a start does before it listens.
    const lock = lockDataDir(join(cwd, '.atp'));
    try {
      expect(await create()).toEqual({
        code: 3,
        out: '',
        err: `atp: no router answers at ${url} (ECONNREFUSED). But a router has the data directory: it is starting, or listens elsewhere. Try again in a moment; if that does not help, say where it is with --url or ATP_URL.\n`,
      });
    } finally {
      lock.release();
    }
  });

  test('not for a tenant that is not there', async () => {
    const { code, err } = await atp(['keys', 'create', '--tenant', 'nope', '--offline'], { cwd });
    expect({ code, err }).toEqual({
      code: 1,
      err: 'atp: There is no tenant "nope". Make it first, or name another.\n',
    });
  });

  test.each([['--admin'], ['--tenant', 'acme']])('not where no data directory is: %s', async (...owner) => {
    const { code, out, err } = await atp(['keys', 'create', ...owner, '--offline', '--data-dir', 'nowhere'], { cwd });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`atp: ${join(cwd, 'nowhere')} does not exist. Name the data directory of a router`);
    expect(existsSync(join(cwd, 'nowhere'))).toBe(false);
  });

  test('a lost admin key is replaced', async () => {
    const { out } = await atp(['keys', 'create', '--admin', '--id', 'found', '--offline', '--json'], { cwd });
    const { key } = JSON.parse(out) as { key: string };
    await at.start();
    expect(await at.fine('status', '--admin-key', key)).toContain('0.0.0-test');
    await at.stop();
  });

  test('a router that was named and does not answer is not passed over', async () => {
    const url = await deadAddress();
    const { code, err } = await atp(['keys', 'create', '--tenant', 'acme', '--url', url], { cwd });
    expect(code).toBe(3);
    expect(err).toContain(`no router answers at ${url}`);
  });
});

/** An address where nothing listens: of a server that has just been closed. */
async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

describe('atp journal', () => {
  test('verifies the journal, and makes the tables anew', async () => {
    const verified = await atp(['journal', 'verify', '.atp'], { cwd });
    expect(verified.code).toBe(0);
    expect(verified.out).toContain('The journal is sound');
    const rebuilt = await atp(['journal', 'rebuild', '.atp', '--json'], { cwd });
    expect(rebuilt.code).toBe(0);
    expect(JSON.parse(rebuilt.out)).toMatchObject({ files: verifyJournal(join(cwd, '.atp', 'journal')).files.length });
  });

  test('finds damage and names the place', async () => {
    const folder = join(cwd, 'damaged');
    mkdirSync(folder);
    const [first] = verifyJournal(join(cwd, '.atp', 'journal')).files;
    const bytes = readFileSync(first?.file ?? '');
    bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1;
    writeFileSync(join(folder, '00000001.atpj'), bytes);
    writeFileSync(
      join(folder, '00000002.atpj'),
      readFileSync(verifyJournal(join(cwd, '.atp', 'journal')).files[1]?.file ?? ''),
    );
    const { code, out } = await atp(['journal', 'verify', 'damaged'], { cwd });
    expect(code).toBe(1);
    expect(out).toMatch(/00000001\.atpj: byte \d+, record \d+: /);
  });
});
