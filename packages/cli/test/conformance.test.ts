import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Report } from '@atp-router/conform';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempFolder } from './support/process.ts';
import { atp } from './support/terminal.ts';

const KEY = 'key-that-must-not-be-shown';

/** A server of HTTP that knows nothing of the protocol. */
async function stranger(): Promise<string> {
  const server = createServer((req, res) => res.writeHead(404).end(`no ${req.headers.authorization ?? ''}`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
}

describe('atp conformance run', () => {
  test('fails a server that keeps nothing, says what it saw, and shows no key', async () => {
    const cwd = tempFolder();
    const url = await stranger();
    const args = ['conformance', 'run', '--url', url, '--key', KEY, '--only', 'S5,W21,T6', '--report', 'report.json'];
    const { code, out, err } = await atp(args, { cwd });
    expect([code, err]).toEqual([1, '']);
    expect(out).toMatch(/failed +L1 {2}S5 .*\n +expected a WebSocket\n +seen HTTP 404 no Bearer \[redacted\]/);
    expect(out).toContain('0 passed, 2 failed, 0 skipped, 1 not observable');
    const text = readFileSync(join(cwd, 'report.json'), 'utf8');
    expect(`${out}${text}`).not.toContain(KEY);
    const report = JSON.parse(text) as Report;
    expect(report).toMatchObject({ url, protocol: 'atp', edition: 1, failed: 2, not_observable: 1 });
    expect(report.results.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual([
      'W21 not_observable',
      'S5 failed',
      'T6 failed',
    ]);
  });

  test('prints the report alone with --json', async () => {
    const { code, out } = await atp(['conformance', 'run', '--url', await stranger(), '--only', 'T13', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ results: [{ id: 'T13', verdict: 'failed', expected: 'a WebSocket' }] });
  });

  test('fails when nobody answers', async () => {
    const { code, out } = await atp(['conformance', 'run', '--url', 'ws://127.0.0.1:9', '--only', 'T13']);
    expect([code, out]).toEqual([1, expect.stringMatching(/expected a connection\n +seen none: .*ECONNREFUSED/)]);
  });

  test.each([
    [['--url', 'http://127.0.0.1'], '--url is no ws:// or wss:// address'],
    [['--url', 'ws://user:secret@127.0.0.1'], '--url has more than host, port and path'],
    [['--url', 'ws://127.0.0.1', '--only', 'S999'], 'there is no sentence S999'],
    [['--url', 'ws://127.0.0.1', '--only', 'everything'], 'It must be numbers of sentences'],
    [['--url', 'ws://127.0.0.1', '--task', '[]'], 'It must be an object in JSON'],
    [[], '--url'],
  ])('%j is wrong usage', async (args, message) => {
    const { code, err } = await atp(['conformance', 'run', ...args]);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
    expect(err).not.toContain('secret');
  });
});

describe('atp wire record', () => {
  test.each([
    [['--to', 'http://127.0.0.1', '--out', 'x'], '--to is no ws:// or wss:// address'],
    [['--to', 'ws://127.0.0.1', '--out', 'x', '--listen', 'somewhere'], '--listen somewhere is no address'],
    [['--to', 'ws://127.0.0.1', '--out', '.'], 'is there already'],
  ])('%j is wrong usage', async (args, message) => {
    const { code, err } = await atp(['wire', 'record', ...args], { cwd: tempFolder() });
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });
});
