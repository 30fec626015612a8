import { describe, expect, test } from 'vitest';
import { get, parseReplies, post, RawClient } from './support/raw-client.ts';
import { bodyOf, echo, LIMITS, Requests, settle, startServer, TEXT } from './support/test-server.ts';

describe('one connection, many requests', () => {
  test('keep-alive: one after the other', async () => {
    const server = await startServer(echo());
    const client = await RawClient.open(server.address.port);
    for (let i = 1; i <= 50; i += 1) {
      client.send(post(`/${i}`, `body ${i}`));
      const replies = await client.replies(i);
      expect(replies.at(-1)?.body).toBe(`POST /${i}  body ${i}`);
      expect(replies.at(-1)?.headers.get('connection')).toBe('keep-alive');
    }
    expect(await server.connections()).toBe(1);
  });

  test('an idle connection is closed after its time', async () => {
    const server = await startServer(echo(), { keep_alive_ms: 20 });
    const client = await RawClient.open(server.address.port);
    client.send(post('/', 'x'));
    await client.closed();
    expect(parseReplies(client.received)).toHaveLength(1);
  });

  test('pipelined requests are answered in their order, whatever order they are done in', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(post('/1', 'a') + post('/2', 'b') + get('/3'));
    const [one, two, three] = [await requests.next(), await requests.next(), await requests.next()];
    expect(String(await bodyOf(two))).toBe('b');
    three.reply(200, TEXT, 'third');
    two.begin(200, ['content-length', '6']);
    two.write('sec');
    two.end('ond');
    expect(String(await bodyOf(one))).toBe('a');
    one.reply(200, TEXT, 'first');
    expect((await client.replies(3)).map((reply) => reply.body)).toEqual(['first', 'second', 'third']);
  });

  test('a pipelining client that goes away: every unanswered request learns it once', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    const count = 20;
    client.send(Array.from({ length: count }, (_, i) => post(`/${i}`, 'x')).join(''));
    const told: number[] = Array.from({ length: count }, () => 0);
    const gone: Promise<void>[] = [];
    for (let i = 0; i < count; i += 1) {
      const exchange = await requests.next();
      await bodyOf(exchange);
      gone.push(
        new Promise((resolve) => {
          exchange.onGone(() => {
            told[i] = (told[i] ?? 0) + 1;
            resolve();
          });
        }),
      );
    }
    requests.all[0]?.reply(200, [], 'done');
    await client.replies(1);
    requests.all[5]?.begin(200, []);
    requests.all[5]?.write('x'.repeat(1_000_000));
    client.socket.resetAndDestroy();
    await Promise.all(gone.slice(1));
    await settle();
    expect(told).toEqual([0, ...Array.from({ length: count - 1 }, () => 1)]);
    expect(requests.all[7]?.closed).toBe(true);
  });
});

describe('HEAD', () => {
  test('has the headers of the answer, no body, and keeps the connection', async () => {
    const server = await startServer((exchange) => exchange.reply(200, TEXT, `${exchange.method} body`));
    const client = await RawClient.open(server.address.port);
    client.send(`HEAD /x HTTP/1.1\r\nhost: test\r\n\r\n`);
    await client.until((text) => text.includes('\r\n\r\n'));
    expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(client.received).toContain('content-length: 9\r\n');
    client.received = '';
    client.send(get('/y'));
    expect((await client.replies(1))[0]?.body).toBe('GET body');
  });
});

describe('Expect: 100-continue', () => {
  const head = (length: number): string =>
    `POST / HTTP/1.1\r\nhost: t\r\nexpect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`;

  test('the client is asked for its body when somebody wants to read it', async () => {
    const server = await startServer(echo());
    const client = await RawClient.open(server.address.port);
    client.send(head(4));
    expect(await client.until((text) => text.endsWith('\r\n\r\n'))).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('body');
    const replies = await client.replies(2);
    expect(replies[1]).toMatchObject({ status: 200, body: 'POST /  body' });
    client.send(post('/next', 'x'));
    expect((await client.replies(3))[2]?.status).toBe(200);
  });

  test.each([
    ['refused before its body', 4, (): Parameters<typeof startServer>[0] => (e) => e.reply(401, TEXT, 'no key'), 401],
    ['with a body above the limit', LIMITS.body_bytes + 1, echo, 413],
  ])('a request %s is not asked for it', async (_name, length, handler, status) => {
    const server = await startServer(handler());
    const client = await RawClient.open(server.address.port);
    client.send(head(length));
    client.socket.end();
    const replies = parseReplies(await client.closed());
    expect(replies.map((reply) => reply.status)).toEqual([status]);
    expect(replies[0]?.headers.get('connection')).toBe('close');
  });

  test('another expectation: 417', async () => {
    const server = await startServer(echo());
    const client = await RawClient.open(server.address.port);
    client.send('GET / HTTP/1.1\r\nhost: t\r\nexpect: miracles\r\n\r\n');
    await client.until((text) => text.startsWith('HTTP/1.1 417 '));
  });
});

describe('what an exchange shows of a request', () => {
  test('method, path, query, headers, address', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(get('/a/b%20c?x=1&y=?', ['X-One: 1', 'X-Two: a', 'x-two: b', 'set-cookie: c', 'set-cookie: d']));
    const exchange = await requests.next();
    expect(exchange.method).toBe('GET');
    expect(exchange.path).toBe('/a/b%20c');
    expect(exchange.query).toBe('x=1&y=?');
    expect(exchange.header('x-one')).toBe('1');
    expect(exchange.header('x-two')).toBe('a, b');
    expect(exchange.header('set-cookie')).toBe('c');
    expect(exchange.header('x-none')).toBeUndefined();
    expect(exchange.secure).toBe(false);
    expect(exchange.remote_address).toBe('127.0.0.1');
    expect([exchange.begun, exchange.closed, exchange.buffered_bytes]).toEqual([false, false, 0]);
  });

  test.each([
    ['http://router:7443/v1/x?a=b', '/v1/x', 'a=b'],
    ['*', '*', ''],
    ['/', '/', ''],
    ['//double', '//double', ''],
  ])('request target %s', async (target, path, query) => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(`OPTIONS ${target} HTTP/1.1\r\nhost: test\r\n\r\n`);
    const exchange = await requests.next();
    expect([exchange.path, exchange.query]).toEqual([path, query]);
  });
});
