import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  type Forwarder,
  type HttpExchange,
  type HttpServerOptions,
  listen,
  openForwarder,
} from '../../src/http/index.ts';

const COMMON = { host: '127.0.0.1', port: 0, header_bytes: 16_384, keep_alive_ms: 5_000, header_timeout_ms: 5_000 };
const LIMITS = { body_bytes: 1_000_000, idle_ms: 5_000, body_duration_ms: 5_000 };

interface Pair {
  readonly url: string;
  readonly forwarder: Forwarder;
  stopOwner(): Promise<void>;
}

/** A process that answers, and one that passes on to it. */
async function pair(onRequest: HttpServerOptions['onRequest']): Promise<Pair> {
  const dir = mkdtempSync(join(tmpdir(), 'atp-forward-'));
  const path = join(dir, 'owner.sock');
  const owner = await listen({ ...COMMON, path, connections_max: 100, onRequest });
  const options = { path, head_timeout_ms: 10_000, idle_timeout_ms: 10_000, requests_max: 3 };
  const forwarder = openForwarder(options);
  const fail = (exchange: HttpExchange) => (error: { readonly status: number; readonly code: string }) =>
    exchange.reply(error.status, ['content-type', 'text/plain'], error.code);
  const worker = await listen({
    ...COMMON,
    connections_max: 100,
    onRequest: (exchange) => forwarder.pass(exchange, fail(exchange)),
  });
  onTestFinished(async () => {
    await forwarder.close();
    await Promise.all([worker.close(), owner.close()]);
    rmSync(dir, { recursive: true, force: true });
  });
  return { url: `http://127.0.0.1:${worker.address.port}`, forwarder, stopOwner: () => owner.close() };
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The body is never completed. */
  readonly stalls?: boolean;
}

function open(url: string, { method = 'GET', headers = {}, body, stalls }: Sent = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, { method, headers, agent: false });
    outgoing.once('response', (incoming) => {
      incoming.once('close', () => outgoing.destroy());
      resolve(incoming);
    });
    outgoing.once('error', reject);
    if (stalls === true) outgoing.write(body ?? '');
    else outgoing.end(body);
  });
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of incoming) text += String(piece);
  return text;
}

test('requests and answers pass whole, without the headers of either connection', async () => {
  const seen: { names: readonly string[]; text: string; target: string }[] = [];
  const { url } = await pair((exchange) => {
    exchange.readBody(LIMITS, (_error, body) => {
      const target = `${exchange.method} ${exchange.path}?${exchange.query} ${exchange.header('authorization')}`;
      seen.push({ names: exchange.headersLike(''), text: body.toString(), target });
      const mine = ['connection', 'x-mine', 'x-mine', '1', 'set-cookie', 'a=1', 'set-cookie', 'b=2', 'x-kept', 'yes'];
      exchange.reply(201, mine, `${body.length} bytes`);
    });
  });
  const headers = { authorization: 'Bearer k', connection: 'x-hop', 'x-hop': '1', te: 'trailers', 'x-end': '2' };
  const incoming = await open(`${url}/a/b%20c?d=%20e`, { method: 'PUT', headers, body: 'hello' });
  expect([incoming.statusCode, await textOf(incoming)]).toEqual([201, '5 bytes']);
  expect(incoming.headers).toMatchObject({ 'x-kept': 'yes', 'set-cookie': ['a=1', 'b=2'] });
  expect(incoming.headers).not.toHaveProperty('x-mine');
  expect(seen[0]).toMatchObject({ text: 'hello', target: 'PUT /a/b%20c?d=%20e Bearer k' });
  expect(seen[0]?.names).toEqual(expect.arrayContaining(['host', 'authorization', 'x-end', 'content-length']));
  expect(seen[0]?.names.filter((name) => ['x-hop', 'te', 'expect'].includes(name))).toEqual([]);
});

test('a body of any length comes in chunks, and leave to send it is given', async () => {
  const { url } = await pair((exchange) => {
    exchange.readBody(LIMITS, (error, body) => exchange.reply(error?.status ?? 200, [], String(body.length)));
  });
  const headers = { expect: '100-continue', 'transfer-encoding': 'chunked' };
  const incoming = await open(url, { method: 'POST', headers, body: Buffer.alloc(500_000, 97) });
  expect([incoming.statusCode, await textOf(incoming)]).toEqual([200, '500000']);
});

test('HEAD and answers without a body pass', async () => {
  const { url } = await pair((exchange) => exchange.reply(exchange.method === 'HEAD' ? 200 : 204, ['x-a', 'b'], ''));
  expect([(await open(url, { method: 'HEAD' })).statusCode, (await open(url)).statusCode]).toEqual([200, 204]);
});

test('a stream passes as it comes, no faster than it is read, and ends with either end', async () => {
  const exchanges: HttpExchange[] = [];
  const gone: Promise<void>[] = [];
  const { url } = await pair((exchange) => {
    exchanges.push(exchange);
    gone.push(new Promise((resolve) => exchange.onGone(resolve)));
    exchange.begin(200, ['content-type', 'text/event-stream']);
    exchange.write('one\n');
  });
  const read = await open(url);
  const first = await new Promise((resolve) => read.once('data', resolve));
  expect(String(first)).toBe('one\n');
  read.pause();
  const [exchange] = exchanges;
  // Until all that lies between is full.
  while (exchange?.write(Buffer.alloc(262_144)) === true) await new Promise(setImmediate);
  expect(exchange?.buffered_bytes).toBeGreaterThan(0);
  const drained = new Promise<void>((resolve) => exchange?.onDrain(resolve));
  read.resume();
  await drained;
  read.destroy();
  await gone[0];

  const other = await open(url);
  exchanges[1]?.end('two\n');
  expect(await textOf(other)).toBe('one\ntwo\n');
});

test('a process that is not there is told of, and found again', async () => {
  const { url, stopOwner } = await pair((exchange) => exchange.reply(200, [], 'here'));
  expect(await textOf(await open(url))).toBe('here');
  await stopOwner();
  const incoming = await open(url);
  expect([incoming.statusCode, await textOf(incoming)]).toEqual([503, 'backpressure']);
});

test('half an answer is cut, not ended', async () => {
  const { url } = await pair((exchange) => {
    exchange.begin(200, []);
    exchange.write('half');
    setImmediate(() => exchange.abort());
  });
  const incoming = await open(url);
  await expect(textOf(incoming)).rejects.toThrow('aborted');
});

test.each([
  ['is still coming', { body: Buffer.alloc(3_000_000), headers: { 'content-length': '3000000' } }],
  ['never ends', { body: 'x', headers: { 'content-length': '900' }, stalls: true }],
])('an answer before a body that %s reaches the client', async (_what, sent) => {
  const { url } = await pair((exchange) => exchange.reply(401, ['content-type', 'text/plain'], 'no key'));
  const incoming = await open(url, { method: 'POST', ...sent });
  expect([incoming.statusCode, await textOf(incoming)]).toEqual([401, 'no key']);
});

test('no more pass at a time than there may be, and what is left ends with the forwarder', async () => {
  const { url, forwarder } = await pair((exchange) => {
    exchange.begin(200, []);
    exchange.write('here');
  });
  const streams = await Promise.all([open(url), open(url), open(url)]);
  const texts = streams.map(textOf);
  expect((await open(url)).statusCode).toBe(503);
  await forwarder.close();
  expect(await Promise.all(texts)).toEqual(['here', 'here', 'here']);
});

test.each([
  ['a method that few know', 'PROPFIND /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 200],
  ['bytes that are no ASCII in its path', 'GET /a\xe9 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 400],
  ['bytes that are no ASCII in a header', 'GET /a HTTP/1.1\r\nhost: x\r\nx-a: \xe9\r\nconnection: close\r\n\r\n', 200],
  [
    'a wish for another protocol',
    'GET /a HTTP/1.1\r\nhost: x\r\nupgrade: x\r\nconnection: upgrade, close\r\n\r\n',
    200,
  ],
  ['an old version', 'GET /a HTTP/1.0\r\nhost: x\r\n\r\n', 200],
])('a request with %s is answered', async (_what, text, status) => {
  const { url } = await pair((exchange) => exchange.reply(200, [], exchange.method));
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(Buffer.from(text, 'latin1'));
  let answer = '';
  for await (const piece of socket) answer += String(piece);
  expect(Number(answer.slice(9, 12))).toBe(status);
});
