import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { seededRng } from '@atp-router/kernel';
import { encodeJson, type Frame } from '@atp-router/wire';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Backoff } from '../src/backoff.ts';
import { HttpSocket } from '../src/http-socket.ts';
import { systemRuntime } from '../src/runtime.ts';

type Answer = (req: IncomingMessage, res: ServerResponse) => void;

const HELLO: Frame = {
  ...{ v: 1, session_id: 'session-of-the-test', stream_id: '0', msg_seq: 0 },
  ...{ flags: ['SYN', 'CTRL'], payload: { type: 'control.hello', content: {} } },
};
const FIRST = encodeJson(HELLO);
const LARGE = encodeJson({
  ...HELLO,
  flags: [],
  stream_id: '1',
  payload: { type: 'agent.log', content: 'x'.repeat(1_000_000) },
});

const open: Answer = (_req, res) => void res.writeHead(201, { location: '/elsewhere/v1/streams/name' }).end(FIRST);
const never: Answer = () => undefined;
const accept: Answer = (req, res) => void req.resume().on('end', () => res.writeHead(202).end('{"accepted":1}'));
const events =
  (...texts: readonly (string | Uint8Array)[]): Answer =>
  (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const text of texts) res.write(text);
    res.end();
  };

interface Seen {
  readonly socket: HttpSocket;
  readonly messages: unknown[];
  /** Paths of requests, in order. */
  readonly asked: string[];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** A connection to a server that answers each kind of request as it is told. */
async function connect(answers: { first?: Answer; frames?: Answer; events?: Answer }): Promise<Seen> {
  const asked: string[] = [];
  const server = createServer((req, res) => {
    const path = req.url ?? '';
    asked.push(path);
    const what = path.endsWith('/frames') ? 'frames' : path.endsWith('/events') ? 'events' : 'first';
    (answers[what] ?? { first: open, frames: accept, events: never }[what])(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const pauses = new Backoff(seededRng(1), { base_ms: 1, cap_ms: 2 });
  const socket = new HttpSocket(systemRuntime(), `http://127.0.0.1:${port}/behind/a/gateway/`, 'key', pauses);
  const messages: unknown[] = [];
  socket.onmessage = ({ data }) => messages.push(data);
  const closed = new Promise<{ readonly code: number; readonly reason: string }>(
    (resolve) => (socket.onclose = resolve),
  );
  return { socket, messages, asked, closed };
}

async function opened(answers: Parameters<typeof connect>[0] = {}): Promise<Seen> {
  const seen = await connect(answers);
  const is_open = new Promise<void>((resolve) => (seen.socket.onopen = resolve));
  seen.socket.send(FIRST);
  // Again, before there is an answer: it is on its way.
  seen.socket.send(FIRST);
  await Promise.race([is_open, seen.closed]);
  return seen;
}

describe('a connection over plain HTTP', () => {
  test('is found below the address that was asked, whatever a gateway made of it', async () => {
    const { asked, messages, socket } = await opened({ frames: accept });
    socket.send(FIRST);
    await expect.poll(() => asked.length).toBe(3);
    expect(asked[0]).toBe('/behind/a/gateway/v1/streams');
    expect(asked.slice(1).toSorted()).toEqual(
      ['events', 'frames'].map((what) => `/behind/a/gateway/v1/streams/name/${what}`),
    );
    expect(new TextDecoder().decode(messages[0] as ArrayBuffer)).toBe(FIRST);
    socket.close();
  });

  test('hands on the events, and ends as the router says', async () => {
    const end = 'event: close\ndata: {"code":4003,"reason":"Another one."}\n\n';
    const { messages, closed } = await opened({
      events: events(': hi\n\nid: 1\ndata: a\n\n', 'id: 2\ndata: b\n\n', end),
    });
    expect(await closed).toEqual({ code: 4003, reason: 'Another one.' });
    expect(messages.slice(1)).toEqual(['a', 'b']);
  });

  test.each([
    ['none', ''],
    ['no JSON', 'data: now\n'],
    ['no code', 'data: []\n'],
  ])('ends also with a close that has %s', async (_what, data) => {
    const { closed } = await opened({ events: events(`event: close\n${data === '' ? 'data\n' : data}\n`) });
    expect(await closed).toEqual({ code: 0, reason: '' });
  });

  test.each([
    ['too large', `data: ${'x'.repeat(1_100_000)}`],
    ['no text', Buffer.from([0xff, 0xff, 0x0a, 0x0a])],
    ['of a number that is not theirs', 'id: 3\ndata: {}\n\n'],
  ])('is given up when its events are %s', async (_what, text) => {
    const { closed, asked } = await opened({ events: events(text) });
    expect(await closed).toMatchObject({ code: 4_400 });
    expect(asked).toHaveLength(2);
  });

  test('is given up when its events end again and again, and bring nothing', async () => {
    const { closed, asked } = await opened({ events: events() });
    expect(await closed).toEqual({ code: 0, reason: 'The events ended.' });
    expect(asked).toHaveLength(4);
  });

  test('is given up when more waits than a session has on its way, and nothing is taken', async () => {
    const { closed, socket } = await opened({ frames: never });
    let sent = 0;
    while (socket.readyState === 1 && sent < 100) {
      socket.send(LARGE);
      sent += 1;
    }
    expect(await closed).toMatchObject({ code: 4_000 });
    expect(sent).toBeLessThanOrEqual(18);
  });

  test('says what was sent before it is closed, and then no more', async () => {
    const bodies: string[] = [];
    const frames: Answer = (req, res) => {
      const pieces: Buffer[] = [];
      req.on('data', (piece: Buffer) => pieces.push(piece));
      req.on('end', () => {
        bodies.push(Buffer.concat(pieces).toString());
        res.writeHead(202).end();
      });
    };
    const { socket } = await opened({ frames });
    for (let i = 0; i < 3; i += 1) socket.send(FIRST);
    socket.close();
    socket.send(FIRST);
    await expect.poll(() => bodies).toEqual([`${FIRST}\n`.repeat(3)]);
    await turn();
    expect(socket.readyState).toBe(3);
  });

  test('that is closed before it is open leaves', async () => {
    let is_left = false;
    const first: Answer = (_req, res) => void res.on('close', () => (is_left = true));
    const { socket, asked } = await connect({ first });
    socket.send(FIRST);
    await expect.poll(() => asked.length).toBe(1);
    socket.close();
    await expect.poll(() => is_left).toBe(true);
  });

  test.each([
    ['an answer without end', 201, 'x'.repeat(1_200_000), 0],
    ['a page', 502, '<h1>Bad gateway</h1>', 502],
    ['an error of another shape', 503, '{"error":"no"}', 503],
  ])('is not opened by %s', async (_what, status, body, code) => {
    const { closed } = await opened({ first: (_req, res) => void res.writeHead(status).end(body) });
    expect(await closed).toMatchObject({ code });
  });

  test('hands on the frame with which the session was refused, and then ends', async () => {
    const refusal = encodeJson({ ...HELLO, flags: ['RST', 'CTRL'] });
    const { closed, messages } = await opened({ first: (_req, res) => void res.writeHead(403).end(refusal) });
    expect(await closed).toMatchObject({ code: 403 });
    expect(messages).toHaveLength(1);
  });
});
