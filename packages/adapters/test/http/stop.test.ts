import { createServer } from 'node:net';
import { AtpError } from '@atp-router/kernel';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type HttpServerOptions, listen } from '../../src/http/index.ts';
import { get, parseReplies, post, RawClient } from './support/raw-client.ts';
import { bodyOf, echo, gone, Requests, settle, startServer, TEXT } from './support/test-server.ts';

const OPTIONS: HttpServerOptions = {
  host: '127.0.0.1',
  port: 0,
  header_bytes: 8_192,
  keep_alive_ms: 60_000,
  header_timeout_ms: 60_000,
  connections_max: 10,
  onRequest: echo(),
};

async function failure(options: HttpServerOptions): Promise<AtpError> {
  const error: unknown = await listen(options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AtpError);
  return error as AtpError;
}

describe('an address that cannot be listened on is named', () => {
  test('in use', async () => {
    const server = await startServer(echo());
    const error = await failure({ ...OPTIONS, port: server.address.port });
    expect(error.code).toBe('config_invalid');
    expect(error.param).toBe('listen');
    expect(error.message).toBe(
      `Cannot listen on 127.0.0.1:${server.address.port} (listen.host, listen.port): the address is in use. Stop what listens there, or set another port.`,
    );
  });

  test('not of this machine', async () => {
    const error = await failure({ ...OPTIONS, host: '192.0.2.1' });
    expect(error.message).toBe(
      'Cannot listen on 192.0.2.1:0 (listen.host, listen.port): this machine does not have the address (EADDRNOTAVAIL). Set listen.host to an address of this machine, such as 127.0.0.1 or, for all of them, 0.0.0.0.',
    );
  });
});

test('connections above the limit are refused, and there is room again when one has left', async () => {
  const server = await startServer(echo(), { connections_max: 2 });
  const open = [await RawClient.open(server.address.port), await RawClient.open(server.address.port)];
  for (const client of open) {
    client.send(post('/', 'x'));
    await client.replies(1);
  }
  const third = await RawClient.open(server.address.port);
  expect(await third.closed()).toBe('');
  open[0]?.socket.destroy();
  while ((await server.connections()) > 1) await settle(1);
  const fourth = await RawClient.open(server.address.port);
  fourth.send(post('/', 'x'));
  expect((await fourth.replies(1))[0]?.status).toBe(200);
});

describe('stopAccepting', () => {
  test('refuses new connections and closes idle ones', async () => {
    const server = await startServer(echo());
    const [used, fresh] = [await RawClient.open(server.address.port), await RawClient.open(server.address.port)];
    used.send(post('/', 'x'));
    await used.replies(1);
    expect(await server.connections()).toBe(2);
    server.stopAccepting();
    server.stopAccepting();
    await used.closed();
    await fresh.closed();
    await expect(RawClient.open(server.address.port)).rejects.toThrow('ECONNREFUSED');
    expect(await server.connections()).toBe(0);
  });

  test('lets a request finish and tells its client that the connection ends', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(post('/', 'x'));
    const exchange = await requests.next();
    await bodyOf(exchange);
    server.stopAccepting();
    await settle();
    exchange.reply(200, TEXT, 'finished');
    const [reply] = parseReplies(await client.closed());
    expect(reply).toMatchObject({ status: 200, body: 'finished' });
    expect(reply?.headers.get('connection')).toBe('close');
  });

  test('lets a stream finish, then closes its connection', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(get('/'));
    const exchange = await requests.next();
    exchange.begin(200, []);
    exchange.write('one ');
    await client.until((text) => text.includes('one '));
    server.stopAccepting();
    await settle();
    exchange.write('two ');
    await client.until((text) => text.includes('two '));
    exchange.end('three');
    expect(await client.closed()).toMatch(/three\r\n0\r\n\r\n$/);
    expect(await server.connections()).toBe(0);
  });

  test('a body that is still being sent is read, and answered', async () => {
    const server = await startServer(echo());
    const client = await RawClient.open(server.address.port);
    client.send('POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 10\r\n\r\n12345');
    await settle(20);
    server.stopAccepting();
    client.send('67890');
    const [reply] = parseReplies(await client.closed());
    expect(reply?.body).toBe('POST /  1234567890');
    expect(reply?.headers.get('connection')).toBe('close');
  });

  test('a whole reply that a slow client is still taking is not cut short', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(get('/'));
    const exchange = await requests.next();
    client.socket.pause();
    exchange.reply(200, [], 'x'.repeat(16_777_216));
    await settle();
    expect(exchange.closed).toBe(true);
    server.stopAccepting();
    await settle();
    client.keep = 10;
    client.socket.resume();
    await client.closed();
    expect(client.received_bytes).toBeGreaterThan(16_777_216);
  });
});

describe('close', () => {
  test('ends idle connections, running requests and streams, and resolves when all are gone', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const clients: RawClient[] = [];
    for (let i = 0; i < 3; i += 1) clients.push(await RawClient.open(server.address.port));
    clients[1]?.send(get('/running'));
    const running = await requests.next();
    clients[2]?.send(get('/stream'));
    const stream = await requests.next();
    stream.begin(200, []);
    stream.write('half');
    const left = [gone(running), gone(stream)];
    await server.close();
    expect(await server.connections()).toBe(0);
    expect(await Promise.all(left)).toEqual([1, 1]);
    const texts = await Promise.all(clients.map((client) => client.closed()));
    expect(texts[2]).toContain('half');
    expect(texts[2]).not.toContain('0\r\n\r\n');
    await server.close();
  });

  test('what was handed over just before still reaches a client that is behind', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(get('/'));
    const exchange = await requests.next();
    client.socket.pause();
    exchange.reply(200, [], 'x'.repeat(16_777_216));
    const closing = server.close();
    client.keep = 10;
    client.socket.resume();
    await closing;
    await client.closed();
    expect(client.received_bytes).toBeGreaterThan(16_777_216);
  });

  test('a client that does not read cannot hold it up', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(get('/'));
    const exchange = await requests.next();
    client.socket.pause();
    exchange.reply(200, [], 'x'.repeat(16_777_216));
    await server.close();
    expect(await server.connections()).toBe(0);
  });

  test('frees the address', async () => {
    const server = await startServer(echo());
    await server.close();
    const again = createServer();
    onTestFinished(() => void again.close());
    await new Promise<void>((resolve) => again.listen(server.address.port, '127.0.0.1', resolve));
  });
});
