import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AdminClient, type AdminClientOptions, type SseEvent } from '@atp-router/adapters';
import { describe, expect, onTestFinished, test } from 'vitest';

type Handler = (req: IncomingMessage, res: ServerResponse, body: string) => void;

async function clientOf(handler: Handler, more: Partial<AdminClientOptions> = {}): Promise<AdminClient> {
  const server = createServer((req, res) => {
    let body = '';
    req.setEncoding('utf8').on('data', (piece: string) => {
      body += piece;
    });
    req.on('end', () => handler(req, res, body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = new AdminClient({ url: `http://127.0.0.1:${port}/at/`, key: 'the-key', ...more });
  onTestFinished(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  return client;
}

describe('requests', () => {
  test('carry key, query, prefix and JSON', async () => {
    const client = await clientOf((req, res, body) => {
      res.setHeader('x-echo', 'yes');
      res.end(JSON.stringify({ method: req.method, url: req.url, auth: req.headers.authorization, body }));
    });
    const answer = await client.send({
      method: 'POST',
      path: '/admin/v1/x%2Fy',
      query: { a: '1 2', absent: undefined },
      body: { deep: [1] },
    });
    if (answer.kind !== 'answer') throw new Error(answer.code);
    expect(answer.json).toEqual({
      method: 'POST',
      url: '/at/admin/v1/x%2Fy?a=1+2',
      auth: 'Bearer the-key',
      body: '{"deep":[1]}',
    });
    expect(answer.header('x-echo')).toBe('yes');
  });

  test('errors are answers; what is not JSON is text', async () => {
    const client = await clientOf((_req, res) => res.writeHead(404).end('<html>'));
    expect(await client.send({ method: 'GET', path: '/' })).toMatchObject({
      status: 404,
      text: '<html>',
      json: undefined,
    });
  });

  test('a connection that cannot be made or breaks is told with its reason', async () => {
    const client = await clientOf((req) => req.socket.destroy());
    expect(await client.send({ method: 'GET', path: '/' })).toEqual({ kind: 'unreachable', code: 'UND_ERR_SOCKET' });
    await client.close();
    const dead = new AdminClient({ url: 'http://127.0.0.1:9' });
    expect(await dead.send({ method: 'GET', path: '/' })).toMatchObject({ kind: 'unreachable' });
    await dead.close();
  });

  test('a router that does not answer is not waited for', async () => {
    const client = await clientOf(() => undefined, { timeout_ms: 50 });
    expect(await client.send({ method: 'GET', path: '/' })).toEqual({
      kind: 'unreachable',
      code: 'UND_ERR_HEADERS_TIMEOUT',
    });
  });

  test.each(['', 'host:7443', 'file:///etc', 'http://u:p@host', 'http://host?x=1'])('"%s" is no address', (url) => {
    expect(() => new AdminClient({ url })).toThrow('is not an address of a router');
  });
});

describe('streams', () => {
  const sse = { 'content-type': 'text/event-stream; charset=utf-8' };

  async function collect(events: AsyncIterable<SseEvent>): Promise<SseEvent[]> {
    const all: SseEvent[] = [];
    for await (const event of events) all.push(event);
    return all;
  }

  test('events come as they are sent, comments do not', async () => {
    const client = await clientOf((_req, res) => {
      res.writeHead(200, sse);
      for (const piece of [': hello\n\nevent: a\nda', 'ta: {"n":1}\n\n', ': beat\n\n', 'data: two\ndata: lines\n\n']) {
        res.write(piece);
      }
      res.end();
    });
    const stream = await client.stream({ method: 'GET', path: '/' });
    if (stream.kind !== 'stream') throw new Error(stream.kind);
    expect(await collect(stream.events)).toEqual([
      { event: 'a', data: '{"n":1}' },
      { event: 'message', data: 'two\nlines' },
    ]);
  });

  test('a refusal is an answer', async () => {
    const client = await clientOf((_req, res) => res.writeHead(401, { 'content-type': 'application/json' }).end('{}'));
    expect(await client.stream({ method: 'GET', path: '/' })).toMatchObject({ kind: 'answer', status: 401, json: {} });
  });

  test('a stream that breaks off is an error, not an end', async () => {
    const client = await clientOf((_req, res) => {
      res.writeHead(200, sse).write('data: 1\n\n', () => res.destroy());
    });
    const stream = await client.stream({ method: 'GET', path: '/' });
    if (stream.kind !== 'stream') throw new Error(stream.kind);
    await expect(collect(stream.events)).rejects.toMatchObject({ code: 'stream_truncated' });
  });

  test('whoever stops reading ends the connection', async () => {
    const closed = Promise.withResolvers<void>();
    const client = await clientOf((_req, res) => {
      res.writeHead(200, sse).write('data: 1\n\n');
      res.on('close', () => closed.resolve());
    });
    const stream = await client.stream({ method: 'GET', path: '/' });
    if (stream.kind !== 'stream') throw new Error(stream.kind);
    for await (const { data } of stream.events) {
      expect(data).toBe('1');
      break;
    }
    await closed.promise;
  });
});
