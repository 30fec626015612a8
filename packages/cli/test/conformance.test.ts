import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Report } from '@atp-router/conform';
import { OPCODE, wsFrame } from '@atp-router/conform/probe';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempFolder } from './support/process.ts';
import { atp } from './support/terminal.ts';

const KEY = 'key-that-must-not-be-shown';

/** How a server begins that is none, or does not want this client. */
type Manner = { readonly status: number } | { readonly silent: true } | { readonly code: string };

/**
 * A server that knows little of the protocol: it has an answer to a request, or one frame in answer to every message.
 * `good`: a key that it does not mind.
 */
async function stranger(manner: Manner = { code: 'EPROTO' }, good?: string): Promise<string> {
  const sockets = new Set<Duplex>();
  const server = createServer((req, res) => {
    res.writeHead('status' in manner ? manner.status : 404).end(`no ${req.headers.authorization ?? ''}`);
  });
  if (!('status' in manner)) {
    server.on('upgrade', ({ headers }, socket) => {
      greet(socket, headers.authorization === `Bearer ${good}` ? { code: 'EPROTO' } : manner);
    });
  }
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
}

function greet(socket: Duplex, manner: Exclude<Manner, { readonly status: number }>): void {
  socket.on('error', () => undefined);
  socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  if ('silent' in manner) {
    socket.on('data', () => socket.end());
    return;
  }
  const payload = { type: 'error', content: { code: manner.code, reason: `No, ${KEY}.` } };
  const frame = { v: 1, session_id: '-', stream_id: '0', msg_seq: 0, flags: ['RST', 'CTRL'], payload };
  socket.on('data', () => socket.write(wsFrame(OPCODE.text, Buffer.from(JSON.stringify(frame)), { mask: false })));
}

/** An address of this machine where nobody is. */
async function nowhere(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return `ws://127.0.0.1:${port}/ws`;
}

describe('atp conformance run', () => {
  test('fails a server that keeps nothing, says what it saw, and shows no key', async () => {
    const cwd = tempFolder();
    const url = await stranger();
    const args = ['conformance', 'run', '--url', url, '--key', KEY, '--only', 'S5,W21,S8', '--report', 'report.json'];
    const { code, out, err } = await atp(args, { cwd });
    expect([code, err]).toEqual([1, '']);
    expect(out).toMatch(/failed +L1 {2}S8 .*\n +expected SYN\|ACK.*\n +seen RST .*No, \[redacted\]/);
    expect(out).toContain('0 passed, 2 failed, 0 skipped, 1 not observable');
    const text = readFileSync(join(cwd, 'report.json'), 'utf8');
    expect(`${out}${text}`).not.toContain(KEY);
    const report = JSON.parse(text) as Report;
    expect(report).toMatchObject({ url, protocol: 'atp', edition: 1, failed: 2, not_observable: 1 });
    expect(report.results.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual([
      'W21 not_observable',
      'S5 failed',
      'S8 failed',
    ]);
  });

  test('prints the report alone with --json', async () => {
    const { code, out } = await atp(['conformance', 'run', '--url', await stranger(), '--only', 'S8', '--json']);
    expect(code).toBe(1);
    const expected = 'SYN|ACK, the answer to the hello';
    expect(JSON.parse(out)).toMatchObject({ results: [{ id: 'S8', verdict: 'failed', expected }] });
  });

  test.each<[what: string, url: () => Promise<string>, code: number, says: string]>([
    ['nobody', nowhere, 3, 'ECONNREFUSED'],
    ['a server of something else', () => stranger({ status: 404 }), 3, 'with HTTP 404'],
    ['a server that is not ready', () => stranger({ status: 503 }), 3, 'with HTTP 503'],
    ['a WebSocket of something else', () => stranger({ silent: true }), 3, 'with no frame'],
    [
      'a server that refuses the key',
      () => stranger({ status: 401 }),
      4,
      'refuses the key of --key or ATP_API_KEY (HTTP 401)',
    ],
    [
      'a server that forbids it',
      () => stranger({ status: 403 }),
      4,
      'refuses the key of --key or ATP_API_KEY (HTTP 403)',
    ],
    [
      'a session that is refused',
      () => stranger({ code: 'ESEC' }),
      4,
      'refuses the key of --key or ATP_API_KEY (ESEC)',
    ],
  ])('says in one line that there is %s', async (_what, address, code, says) => {
    const url = await address();
    for (const more of [[], ['--json'], ['--report', 'report.json']]) {
      const cwd = tempFolder();
      const said = await atp(['conformance', 'run', '--url', url, '--key', KEY, ...more], { cwd });
      expect(said).toEqual({ code, out: '', err: expect.stringMatching(/^atp: [^\n]+\. [^\n]+\.\n$/) });
      expect(said.err).toContain(says);
      expect(said.err).toContain(url);
      expect(said.err).not.toContain(KEY);
      expect(readdirSync(cwd)).toEqual([]);
    }
  });

  test('says that a key is wanted where none was given', async () => {
    const { code, err } = await atp(['conformance', 'run', '--url', await stranger({ code: 'ESEC' })]);
    expect([code, err]).toEqual([4, expect.stringContaining('refuses a client without a key')]);
  });

  test('takes keys of agents from options and variables, and skips what is about agents without one', async () => {
    const url = await stranger();
    const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): ReturnType<typeof atp> =>
      atp(['conformance', 'run', '--url', url, '--only', 'A1,A8', ...args], { env });
    const without = await run([], { ATP_AGENT_KEY: '' });
    expect(without.code).toBe(0);
    expect(without.out).toMatch(/^skipped +L1 {2}A1 +There is no key to dial in with as an agent \(--agent-key\)\.$/m);
    expect(without.out).toMatch(/^not observable +L1 {2}A8 /m);
    for (const said of [await run(['--agent-key', KEY]), await run([], { ATP_AGENT_KEY: KEY })]) {
      expect(said.code).toBe(1);
      expect(said.out).toMatch(/^failed +L1 {2}A1 /m);
      expect(said.out).not.toContain(KEY);
    }
    const bad = await run([], { ATP_OTHER_KEY: 'white space' });
    expect([bad.code, bad.err]).toEqual([4, expect.stringContaining('the key in ATP_OTHER_KEY has characters')]);
  });

  test('names the key that is refused', async () => {
    const refusal = { code: 'ESEC' };
    const server = await stranger(refusal, 'good');
    const args = ['conformance', 'run', '--url', server, '--key', 'good', '--agent-key', KEY];
    const { code, out, err } = await atp(args);
    expect([code, out, err]).toEqual([
      4,
      '',
      expect.stringContaining('the key of --agent-key or ATP_AGENT_KEY (ESEC)'),
    ]);
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
