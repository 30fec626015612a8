import { describe, expect, test } from 'vitest';
import { get, parseReplies, post, RawClient } from './support/raw-client.ts';
import { echo, LIMITS, Requests, settle, startServer } from './support/test-server.ts';

/** The only reply of a connection that was then closed, and its JSON error. */
async function lastWords(client: RawClient): Promise<{ status: number; code: string; connection: string | undefined }> {
  const replies = parseReplies(await client.closed());
  expect(replies).toHaveLength(1);
  const [reply] = replies;
  const { error } = JSON.parse(reply?.body ?? '{}') as { error: Record<'code' | 'type' | 'message', string> & object };
  expect(error).toHaveProperty('request_id', expect.stringMatching(/^req_/));
  expect(error).toHaveProperty('request_id', reply?.headers.get('x-atp-request-id'));
  expect(reply?.headers.get('x-should-retry')).toBe(String(reply?.status === 408));
  expect(error.type).toBe('invalid_request_error');
  expect(error.message).not.toBe('');
  expect(reply?.headers.get('content-type')).toBe('application/json');
  return { status: reply?.status ?? 0, code: error.code, connection: reply?.headers.get('connection') };
}

describe('what is not a request is answered with a JSON error, and the connection closes', () => {
  test.each([
    ['no HTTP at all', 'hello router\r\n\r\n'],
    ['an unknown method', 'FROB / HTTP/1.1\r\nhost: test\r\n\r\n'],
    ['a bad version', 'GET / HTTP/7.1\r\nhost: test\r\n\r\n'],
    ['a header without a name', 'GET / HTTP/1.1\r\n: x\r\n\r\n'],
    ['both lengths', 'POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\naccept: */*\r\n\r\n'],
    ['no host, and a body', 'POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}'],
    ['two lengths', 'POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd'],
    ['a length that is not a number', 'POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 3x\r\n\r\nabc'],
  ])('%s: 400', async (_name, bytes) => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(bytes);
    client.socket.end();
    expect(await lastWords(client)).toEqual({ status: 400, code: 'invalid_request', connection: 'close' });
    expect(requests.all).toHaveLength(0);
  });

  test('an expectation that is none: 417', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(get('/', ['expect: wat']));
    client.socket.end();
    expect(await lastWords(client)).toEqual({ status: 417, code: 'invalid_request', connection: 'close' });
    expect(requests.all).toHaveLength(0);
  });

  test('a tunnel: 405', async () => {
    const server = await startServer(echo());
    const client = await RawClient.open(server.address.port);
    client.send('CONNECT example.test:443 HTTP/1.1\r\nhost: example.test:443\r\n\r\n');
    client.socket.end();
    expect(await lastWords(client)).toEqual({ status: 405, code: 'method_not_allowed', connection: 'close' });
  });

  test('HTTP/1.0 needs no host', async () => {
    const server = await startServer(echo());
    const client = await RawClient.open(server.address.port);
    client.send('GET / HTTP/1.0\r\n\r\n');
    client.socket.end();
    expect(parseReplies(await client.closed())[0]?.status).toBe(200);
  });

  test('headers above the limit: 431', async () => {
    const server = await startServer(echo(), { header_bytes: 2_048 });
    const client = await RawClient.open(server.address.port);
    client.send(get('/', [`x-long: ${'a'.repeat(4_000)}`]));
    client.socket.end();
    expect(await lastWords(client)).toEqual({ status: 431, code: 'headers_too_large', connection: 'close' });
  });

  test('headers below the limit pass', async () => {
    const server = await startServer(echo(), { header_bytes: 2_048 });
    const client = await RawClient.open(server.address.port);
    client.send(get('/', [`x-long: ${'a'.repeat(1_500)}`]));
    expect((await client.replies(1))[0]?.status).toBe(200);
  });

  test('far more header bytes than the limit: the client that goes on sending still reads its 431', async () => {
    const server = await startServer(echo(), { header_bytes: 2_048 });
    const client = await RawClient.open(server.address.port);
    client.send(`GET / HTTP/1.1\r\nhost: test\r\nx-long: ${'a'.repeat(1_000_000)}`);
    expect((await client.replies(1))[0]?.status).toBe(431);
    client.send('a'.repeat(1_000_000));
    client.socket.end();
    expect(await lastWords(client)).toMatchObject({ status: 431 });
  });

  test('endless chunk extensions: 413', async () => {
    const server = await startServer(echo());
    const client = await RawClient.open(server.address.port);
    client.send(`POST / HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n1;${'x'.repeat(40_000)}`);
    client.socket.end();
    expect(await lastWords(client)).toEqual({ status: 413, code: 'prompt_too_large', connection: 'close' });
  });

  test.each([
    ['before the first byte', ''],
    ['in the middle of a header', 'GET / HTTP/1.1\r\nhost: te'],
  ])('a client that falls silent %s: 408', async (_name, bytes) => {
    const server = await startServer(echo(), { header_timeout_ms: 40 });
    const client = await RawClient.open(server.address.port);
    client.send(bytes);
    await client.replies(1);
    client.socket.end();
    expect(await lastWords(client)).toEqual({ status: 408, code: 'request_timeout', connection: 'close' });
  });

  test('a client that ignores its 408 is disconnected', async () => {
    const server = await startServer(echo(), { header_timeout_ms: 40 });
    const client = await RawClient.open(server.address.port, { allowHalfOpen: true });
    await client.replies(1);
    while ((await server.connections()) > 0) await settle(1);
    expect(parseReplies(client.received)[0]?.status).toBe(408);
  });

  test('slow headers of a second request on a connection: 408', async () => {
    const server = await startServer(echo(), { header_timeout_ms: 40 });
    const client = await RawClient.open(server.address.port);
    client.send(`${post('/a', 'x')}GET / HT`);
    const replies = await client.replies(2);
    expect(replies.map((reply) => reply.status)).toEqual([200, 408]);
  });
});

test('garbage behind a request whose reply has begun never gets into that reply', async () => {
  const requests = new Requests();
  const server = await startServer(requests.take);
  const client = await RawClient.open(server.address.port);
  client.send(get('/stream'));
  const exchange = await requests.next();
  exchange.begin(200, []);
  exchange.write('first');
  await client.until((text) => text.includes('first'));
  client.send('garbage\r\n\r\n');
  const text = await client.closed();
  expect(text).not.toContain('HTTP/1.1 400');
  expect(exchange.closed).toBe(true);
});

test('a malformed chunk: the reader learns that the body will not come, and the client that it was at fault', async () => {
  const codes: string[] = [];
  const server = await startServer((exchange) => {
    exchange.readBody({ ...LIMITS, body_bytes: 100 }, (error) => {
      codes.push(error?.code ?? 'none');
      exchange.reply(499, [], '');
    });
  });
  const client = await RawClient.open(server.address.port);
  client.send('POST / HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nZZ\r\n');
  await client.replies(1);
  client.socket.end();
  expect(await lastWords(client)).toMatchObject({ status: 400, code: 'invalid_request' });
  expect(codes).toEqual(['request_cancelled']);
});
