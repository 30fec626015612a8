import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempFolder } from './support/process.ts';
import { atp } from './support/terminal.ts';

/** An address where nothing listens: of a server that has just been closed. */
async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** A server that says which key it was shown, and answers everything with `status` and `body`. */
async function keyServer(status: number, body: string): Promise<{ url: string; keys: (string | undefined)[] }> {
  const keys: (string | undefined)[] = [];
  const server = createServer((req, res) => {
    keys.push(req.headers.authorization);
    res.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, keys };
}

function folderWithKey(key: string, name = '.atp'): string {
  const cwd = tempFolder();
  mkdirSync(join(cwd, name));
  writeFileSync(join(cwd, name, 'admin.key'), `${key}\n`);
  return cwd;
}

describe('where a command looks for the router', () => {
  test('nobody there: says where it looked and what to do', async () => {
    const url = await deadAddress();
    const { code, out, err } = await atp(['status', '--url', url, '--admin-key', 'k']);
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toBe(
      `atp: no router answers at ${url} (ECONNREFUSED). Start one with "atp serve", or say where it is with --url or ATP_URL.\n`,
    );
    const env = { ATP_URL: url, ATP_ADMIN_KEY: 'k', npm_lifecycle_event: 'atp' };
    expect((await atp(['status'], { env })).err).toContain('"npm run atp -- serve"');
  });

  test.each(['ftp://x', 'nonsense', 'ftp://user:geheim@x', ' ', 'http://user:ge/heim@host'])(
    '%j is no address',
    async (url) => {
      for (const args of [
        ['status', '--url', url],
        ['status', '--url', url, '--admin-key', 'k'],
        ['ask', 'x', '--key', 'k', '--url', url],
      ]) {
        const { code, err } = await atp(args);
        expect(code).toBe(2);
        expect(err).toContain('is no http:// or https:// address. Write it like http://127.0.0.1:7443');
        expect(err).not.toMatch(/ge.?heim/);
      }
    },
  );

  test.each([
    'http://user@host',
    'http://user:geheim@host',
    'http://:geheim@host',
    'http://host/?key=geheim',
    'http://host/#geheim',
  ])('%s has too much in it, which is not shown', async (url) => {
    const { code, err } = await atp(['status', '--url', url, '--admin-key', 'k']);
    expect(code).toBe(2);
    expect(err).toContain('has more than host, port and path');
    expect(err).not.toContain('geheim');
  });

  test('a key with what no key has is told, and not shown', async () => {
    const url = await deadAddress();
    const cwd = folderWithKey('ge\nheim');
    const cases: readonly (readonly [string, string[], Record<string, string>])[] = [
      ['ATP_ADMIN_KEY', ['status'], { ATP_ADMIN_KEY: 'ge\nheim' }],
      ['--admin-key', ['status', '--admin-key', 'key\u00fc'], {}],
      ['--admin-key', ['status', '--admin-key', 'two words'], {}],
      [join(cwd, '.atp', 'admin.key'), ['status'], {}],
      ['ATP_API_KEY', ['ask', 'x'], { ATP_API_KEY: 'ge\nheim' }],
    ];
    for (const [where, args, env] of cases) {
      const { code, err } = await atp([...args, '--url', url], { cwd, env });
      expect(code).toBe(4);
      expect(err).toMatch(`atp: the key in ${where} has characters that no key has`);
      expect(err).not.toMatch(/heim|words|\u00fc/);
    }
    expect((await atp(['status', '--admin-key', '', '--url', url], { cwd })).err).toContain('--admin-key is empty');
  });

  test('the admin key: option, then environment, then the file of the data directory', async () => {
    const { url, keys } = await keyServer(200, '{}');
    const cwd = folderWithKey('from-file');
    const env = { ATP_ADMIN_KEY: 'from-env' };
    await atp(['status', '--url', url, '--admin-key', 'from-option'], { cwd, env });
    await atp(['status', '--url', url], { cwd, env });
    await atp(['status', '--url', url], { cwd });
    await atp(['status', '--url', url, '--data-dir', 'other'], { cwd: folderWithKey('from-other', 'other') });
    await atp(['status', '--url', url], { cwd: folderWithKey('from-var', 'v'), env: { ATP_DATA_DIR: 'v' } });
    expect(keys).toEqual(['option', 'env', 'file', 'other', 'var'].map((one) => `Bearer from-${one}`));
  });

  test('without a key it says where it looked', async () => {
    const cwd = tempFolder();
    const { code, err } = await atp(['status'], { cwd });
    expect(code).toBe(4);
    expect(err).toContain(join(cwd, '.atp', 'admin.key'));
  });

  test.each(['http://192.0.2.1:7443', 'http://router.example', 'http://127.0.0.1.example:7443'])(
    'the file is never sent to %s',
    async (url) => {
      const { code, err } = await atp(['status', '--url', url], { cwd: folderWithKey('secret') });
      expect(code).toBe(4);
      expect(err).toContain('is not on this machine');
      expect(err).not.toContain('secret');
    },
  );

  test('a wrong key is told apart, in the words of the router', async () => {
    const { url } = await keyServer(
      401,
      '{"error":{"message":"The API key is not known here.","code":"unauthorized"}}',
    );
    const { code, err } = await atp(['status', '--url', url, '--admin-key', 'wrong']);
    expect({ code, err }).toEqual({ code: 4, err: 'atp: The API key is not known here.\n' });
  });

  test('what is no router is not believed', async () => {
    const { url } = await keyServer(200, '<html>');
    const { code, err } = await atp(['status', '--url', url, '--admin-key', 'k']);
    expect(code).toBe(1);
    expect(err).toContain('not JSON. Is it a router?');
  });

  test('what a router says cannot drive the terminal', async () => {
    const body = JSON.stringify({ error: { message: 'x\u001b[2Jy\u009b1mz\nw' } });
    const { url } = await keyServer(400, body);
    const { err } = await atp(['status', '--url', url, '--admin-key', 'k']);
    expect(err).toBe('atp: x\u{fffd}[2Jy\u{fffd}1mz w\n');
  });
});

test('a file that a router rejects is told as the check tells it, with its name', async () => {
  const problem = {
    line: 3,
    column: 7,
    path: 'models[0].provider',
    message: 'no provider has the id "upp"',
    expected: 'up',
  };
  const report = (more: object): string =>
    JSON.stringify({ result: 'rejected', problems: [{ ...problem, suggestion: 'up' }], restart_needed: [], ...more });
  const named = await keyServer(200, report({ file: '/etc/atp.yaml' }));
  const { code, out } = await atp(['config', 'reload', '--url', named.url, '--admin-key', 'k']);
  expect(code).toBe(1);
  expect(out).toBe(`/etc/atp.yaml:3:7: models[0].provider: no provider has the id "upp"
  expected: up
  did you mean: up

1 problem in /etc/atp.yaml

rejected
`);
  const unnamed = await keyServer(200, report({}));
  const other = await atp(['config', 'reload', '--url', unnamed.url, '--admin-key', 'k']);
  expect(other.out).toContain('1 problem in the configuration file\n');
});
