import { AtpError } from '@atp-router/kernel';
import { describe, expect, onTestFinished, test } from 'vitest';
import { get, parseReplies, post, RawClient } from './support/raw-client.ts';
import { bodyOf, echo, LIMITS, Requests, settle, signal, startServer, TEXT } from './support/test-server.ts';

const CHUNKED = 'POST /c HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n';

describe('bodies', () => {
  test('with a length, chunked, split at every byte, empty', async () => {
    const server = await startServer(echo());
    const client = await RawClient.open(server.address.port);
    client.send(post('/a?q=1', 'hello'));
    client.send(`${CHUNKED}3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\n\r\n`);
    for (const byte of post('/slow', 'bytes')) client.send(byte);
    client.send(post('/empty', ''));
    client.send(get('/none'));
    const bodies = (await client.replies(5)).map((reply) => reply.body);
    expect(bodies).toEqual([
      'POST /a q=1 hello',
      'POST /c  abcdefg',
      'POST /slow  bytes',
      'POST /empty  ',
      'GET /none  ',
    ]);
  });

  test('a body of exactly the limit passes, one byte more does not', async () => {
    const server = await startServer(echo());
    for (const [bytes, status] of [
      [1_000, 200],
      [1_001, 413],
    ] as const) {
      const client = await RawClient.open(server.address.port);
      client.send(post('/', 'x'.repeat(bytes)));
      expect((await client.replies(1))[0]?.status).toBe(status);
    }
  });

  test('a body of a hundred thousand chunks of one byte is read whole', async () => {
    const server = await startServer(echo({ ...LIMITS, body_bytes: 1_000_000 }));
    const client = await RawClient.open(server.address.port);
    client.send(CHUNKED);
    const digits = Array.from({ length: 1_000 }, (_, i) => `1\r\n${i % 10}\r\n`).join('');
    for (let i = 0; i < 100; i += 1) client.send(digits);
    client.send('0\r\n\r\n');
    const [reply] = await client.replies(1);
    expect(reply?.body).toBe(`POST /c  ${'0123456789'.repeat(10_000)}`);
  });
});

describe('a body above the limit', () => {
  test('declared: refused before a byte of it was read, and the connection closes', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send('POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 1001\r\n\r\n');
    const exchange = await requests.next();
    const error = await bodyOf(exchange);
    expect(error).toBeInstanceOf(AtpError);
    expect(error).toMatchObject({ code: 'prompt_too_large', status: 413, param: 'body' });
    exchange.reply(413, TEXT, 'too large');
    expect(exchange.closed).toBe(true);
    client.socket.end();
    const [reply] = parseReplies(await client.closed());
    expect(reply).toMatchObject({ status: 413, body: 'too large' });
    expect(reply?.headers.get('connection')).toBe('close');
  });

  test('chunked: refused as soon as it is too large, what follows is thrown away and the client reads its 413', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(`${CHUNKED}3e9\r\n${'x'.repeat(1_001)}`);
    const exchange = await requests.next();
    expect(await bodyOf(exchange)).toMatchObject({ code: 'prompt_too_large' });
    exchange.reply(413, TEXT, 'too large');
    // A client that first sends everything and then reads: more than any buffer on the way holds.
    const mib = 'y'.repeat(1_048_576);
    for (let i = 0; i < 32; i += 1) client.send(`\r\n100000\r\n${mib}`);
    client.send('\r\n0\r\n\r\n');
    const [reply] = parseReplies(await client.closed());
    expect(reply).toMatchObject({ status: 413, body: 'too large' });
    expect(client.error).toBeUndefined();
  });

  test('a client that never stops sending is cut off', async () => {
    const server = await startServer(echo());
    const client = await RawClient.open(server.address.port);
    client.send(`${CHUNKED}fffffff\r\n`);
    const chunk = 'z'.repeat(65_536);
    const pour = (): void => {
      while (!client.is_closed && client.socket.write(chunk));
    };
    client.socket.on('drain', pour);
    pour();
    const [reply] = parseReplies(await client.closed());
    expect(reply?.status).toBe(413);
  });
});

test('a client that falls silent in its body: 408, and the connection closes', async () => {
  const server = await startServer(echo({ ...LIMITS, idle_ms: 40 }));
  const client = await RawClient.open(server.address.port);
  client.send('POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 10\r\n\r\nhalf');
  const [reply] = await client.replies(1);
  expect(reply).toMatchObject({ status: 408, body: 'POST /  request_timeout' });
  expect(reply?.headers.get('connection')).toBe('close');
  await client.closed();
});

test('a client that drips its body: 408 when its time is over, and the connection closes', async () => {
  const server = await startServer(echo({ ...LIMITS, body_duration_ms: 40 }));
  const client = await RawClient.open(server.address.port);
  client.send('POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 999\r\n\r\n');
  const drip = setInterval(() => client.send('x'), 5);
  onTestFinished(() => clearInterval(drip));
  const [reply] = await client.replies(1);
  expect(reply).toMatchObject({ status: 408, body: 'POST /  request_timeout' });
  expect(reply?.headers.get('connection')).toBe('close');
  await client.closed();
});

test('after a whole body its limits are off: the answer may take its time', async () => {
  const requests = new Requests();
  const server = await startServer(requests.take);
  const limits = { ...LIMITS, body_duration_ms: 30 };
  const [first, second] = [await RawClient.open(server.address.port), await RawClient.open(server.address.port)];
  first.send(post('/', 'x'));
  const waiting = await requests.next();
  expect(await bodyOf(waiting, limits)).toEqual(Buffer.from('x'));
  second.send('POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 10\r\n\r\n');
  expect(await bodyOf(await requests.next(), limits)).toMatchObject({ code: 'request_timeout' });
  waiting.reply(200, [], 'late');
  expect((await first.replies(1))[0]?.body).toBe('late');
});

test('after a whole body the idle limit is off: the answer may take its time', async () => {
  const requests = new Requests();
  const server = await startServer(requests.take);
  const limits = { ...LIMITS, body_bytes: 10, idle_ms: 30 };
  const [first, second] = [await RawClient.open(server.address.port), await RawClient.open(server.address.port)];
  first.send(post('/', 'x'));
  const waiting = await requests.next();
  await bodyOf(waiting, limits);
  // A body that began later and ran into the same limit shows that the time is over.
  second.send('POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 10\r\n\r\n');
  expect(await bodyOf(await requests.next(), limits)).toMatchObject({ code: 'request_timeout' });
  await settle();
  waiting.reply(200, [], 'late');
  expect((await first.replies(1))[0]?.body).toBe('late');
});

describe('a reply before the body was read', () => {
  test('is readable, closes the connection, and the rest of the body is no new request', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    const smuggled = get('/smuggled');
    client.send(`POST / HTTP/1.1\r\nhost: t\r\ncontent-length: ${smuggled.length + 5}\r\n\r\n12345`);
    (await requests.next()).reply(401, TEXT, 'no key');
    expect((await client.replies(1))[0]).toMatchObject({ status: 401, body: 'no key' });
    client.send(smuggled);
    const replies = parseReplies(await client.closed());
    expect(replies).toHaveLength(1);
    expect(replies[0]?.headers.get('connection')).toBe('close');
    expect(requests.all).toHaveLength(1);
  });

  test('a request without a body keeps its connection', async () => {
    const server = await startServer((exchange) => exchange.reply(200, [], exchange.path));
    const client = await RawClient.open(server.address.port);
    client.send(get('/1'));
    await client.replies(1);
    client.send('POST /2 HTTP/1.1\r\nhost: t\r\ncontent-length: 0\r\n\r\n');
    await client.replies(2);
    client.send(get('/3'));
    expect((await client.replies(3)).map((reply) => reply.body)).toEqual(['/1', '/2', '/3']);
  });

  test('a client that goes away while it is awaited leaves nothing behind and nobody is told', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send('POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 10\r\n\r\nhalf');
    const exchange = await requests.next();
    let told = 0;
    exchange.onGone(() => {
      told += 1;
    });
    exchange.reply(401, TEXT, 'no key');
    await client.replies(1);
    client.socket.destroy();
    while ((await server.connections()) > 0) await settle(1);
    await settle();
    expect(told).toBe(0);
  });
});

test('a client that goes away in its body: the reader is told once, and replying is harmless', async () => {
  const requests = new Requests();
  const server = await startServer(requests.take);
  const client = await RawClient.open(server.address.port);
  client.send('POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 10\r\n\r\nhalf');
  const exchange = await requests.next();
  const codes: string[] = [];
  const done = signal();
  exchange.readBody(LIMITS, (error) => {
    codes.push(error?.code ?? 'none');
    done.give();
  });
  await settle();
  client.socket.resetAndDestroy();
  await done.promise;
  await settle();
  exchange.reply(499, [], 'nobody reads this');
  expect(codes).toEqual(['request_cancelled']);
});
