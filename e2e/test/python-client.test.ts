import { type ExecFileException, execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { programPath } from '@atp-router/adapters/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { makeTempDir, removeDir } from '../src/harness.ts';

const ROOT = join(import.meta.dirname, '../..');
const CLIENT = join(ROOT, 'conformance/python');
/** Made by scripts/install-python.sh. */
const PYTHON = join(ROOT, '.cache/python/bin/python');
const KEY = 'atp_checkcheckcheckcheckcheckcheck12';
const SIGNING = [0x00, 0x20].map((first) =>
  Buffer.from(Array.from({ length: 32 }, (_, i) => first + i)).toString('hex'),
);

const dir = makeTempDir();
afterAll(() => removeDir(dir));

interface Ran {
  readonly code: number | string | null | undefined;
  readonly out: string;
  readonly err: string;
}

function python(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const done = (error: ExecFileException | null, out: string, err: string): void =>
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), out, err });
    execFile(PYTHON, [...args], { cwd: CLIENT, maxBuffer: 16_777_216 }, done);
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describe.skipIf(!existsSync(PYTHON))('the client in Python, which was written from the documents', () => {
  test('agrees with all vectors, and with its own tests', async () => {
    const vectors = await python('-m', 'atp_client.vectors', '../vectors');
    expect([vectors.code, vectors.err]).toEqual([0, '']);
    const own = await python('-m', 'unittest', 'discover', '-s', 'tests', '-t', '.');
    expect([own.code, own.err]).toEqual([0, expect.stringContaining('OK')]);
  });

  test('plays tasks, fragments, signatures, resumption, a killed router and cancel against the router', {
    timeout: 240_000,
  }, async () => {
    const port = await freePort();
    const config = join(dir, 'router.yaml');
    const text = readFileSync(join(CLIENT, 'router.yaml'), 'utf8');
    writeFileSync(config, text.replace('7872', String(port)).replace('/tmp/atp-python-check', join(dir, 'data')));
    const router = `exec '${process.execPath}' --conditions=atp-source '${programPath()}' serve --config '${config}'`;
    const keys = SIGNING.flatMap((secret, i) => ['--signing-key', `s${i + 1}:${secret}`]);
    const target = ['--url', `ws://127.0.0.1:${port}`, '--key', KEY, '--model', 'small', '--long-model', 'long'];
    const ran = await python('-m', 'atp_client.check', ...target, ...keys, '--serve', router, '--json');
    const lines = ran.out.split('\n').filter((line) => line.startsWith('{'));
    const results = lines.map((line) => JSON.parse(line) as { scenario: string; outcome: string });
    expect(results.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    expect(results.length).toBe(29);
    expect([ran.code, ran.err]).toEqual([0, expect.any(String)]);
  });
});
