import { describe, expect, test } from 'vitest';
import type { HttpExchange } from '../../src/http/index.ts';
import { get, post, RawClient } from './support/raw-client.ts';
import { bodyOf, gone, Requests, settle, startServer, TEXT } from './support/test-server.ts';

const PIECE = 'x'.repeat(16_384);
/** More than the sockets of both sides take by themselves. */
const FLOOD_BYTES = 1_024 * PIECE.length;

/** Writes far more than the client takes, whatever `write` says. */
function flood(exchange: HttpExchange): void {
  for (let bytes = 0; bytes < FLOOD_BYTES; bytes += PIECE.length) exchange.write(PIECE);
}

/** A relay that minds back-pressure. */
class Relay {
  readonly #exchange: HttpExchange;
  readonly #total: number;
  written = 0;

  constructor(exchange: HttpExchange, total: number) {
    this.#exchange = exchange;
    this.#total = total;
  }

  run(): void {
    while (this.written < this.#total) {
      this.written += PIECE.length;
      if (this.#exchange.write(PIECE)) continue;
      this.#exchange.onDrain(() => this.run());
      return;
    }
    this.#exchange.end();
  }

  /** Waits until nothing more is taken. */
  async stuck(): Promise<void> {
    for (let before = -1; before !== this.written; ) {
      before = this.written;
      await settle(50);
    }
  }
}

describe('streamed replies', () => {
  test('chunks arrive as they are written, and the end is marked', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(post('/', 'x'));
    const exchange = await requests.next();
    await bodyOf(exchange);
    expect(exchange.begun).toBe(false);
    exchange.begin(200, ['content-type', 'text/event-stream']);
    expect(exchange.begun).toBe(true);
    exchange.write('data: 1\n\n');
    await client.until((text) => text.includes('data: 1\n\n'));
    exchange.write(Buffer.from('data: 2\n\n'));
    await client.until((text) => text.includes('data: 2\n\n'));
    exchange.end('data: 3\n\n');
    expect(exchange.closed).toBe(true);
    const text = await client.until((received) => received.endsWith('\r\n0\r\n\r\n'));
    expect(text).toContain('data: 3\n\n');
    client.send(get('/again'));
    (await requests.next()).reply(200, [], 'again');
    await client.until((received) => received.endsWith('again'));
  });

  test('abort: the client sees a broken answer, never a complete one', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(get('/'));
    const exchange = await requests.next();
    exchange.begin(200, []);
    exchange.write('half');
    await client.until((text) => text.includes('half'));
    exchange.abort();
    expect(await client.closed()).not.toContain('0\r\n\r\n');
  });
});

describe('back-pressure', () => {
  test('a client that does not read stops the writer, little is buffered, and all arrives when it reads', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(get('/'));
    const exchange = await requests.next();
    client.socket.pause();
    exchange.begin(200, []);
    const relay = new Relay(exchange, 4 * FLOOD_BYTES);
    relay.run();
    await relay.stuck();
    expect(relay.written).toBeLessThan(2 * FLOOD_BYTES);
    expect(exchange.buffered_bytes).toBeGreaterThan(0);
    expect(exchange.buffered_bytes).toBeLessThan(65_536 + 2 * PIECE.length);
    client.keep = 10;
    client.socket.resume();
    await client.until((received) => received.endsWith('\r\n0\r\n\r\n'));
    expect(client.received_bytes).toBeGreaterThan(4 * FLOOD_BYTES);
  });

  test('a client that takes nothing for too long is given up', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take, { client_stall_ms: 40 });
    const client = await RawClient.open(server.address.port);
    client.send(get('/'));
    const exchange = await requests.next();
    const left = gone(exchange);
    client.socket.pause();
    exchange.begin(200, []);
    flood(exchange);
    exchange.onDrain(() => undefined);
    expect(await left).toBe(1);
    expect(exchange.closed).toBe(true);
  });

  test('a whole answer that nobody takes does not keep its connection for ever', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take, { client_stall_ms: 40 });
    const client = await RawClient.open(server.address.port);
    client.send(get('/'));
    const exchange = await requests.next();
    client.socket.pause();
    exchange.reply(200, TEXT, 'x'.repeat(FLOOD_BYTES));
    while ((await server.connections()) > 0) await settle(1);
    expect(exchange.closed).toBe(true);
  });

  test('after a drain the stream may be silent for longer than that', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take, { client_stall_ms: 40 });
    const [quiet, stuck] = [await RawClient.open(server.address.port), await RawClient.open(server.address.port)];
    const exchanges: HttpExchange[] = [];
    for (const client of [quiet, stuck]) {
      client.send(get('/'));
      const exchange = await requests.next();
      client.socket.pause();
      exchange.begin(200, []);
      flood(exchange);
      exchanges.push(exchange);
    }
    const [first, second] = exchanges as [HttpExchange, HttpExchange];
    const drained = new Promise<void>((resolve) => first.onDrain(resolve));
    quiet.socket.resume();
    await drained;
    // The other client's time runs out after the first one would have.
    const left = gone(second);
    second.onDrain(() => undefined);
    await left;
    await settle();
    first.end('still here');
    await quiet.until((text) => text.includes('still here'));
  });
});

describe('onGone', () => {
  test.each(['before the reply', 'in the middle of a stream'])('fires once when the client leaves %s', async (when) => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(post('/', 'x'));
    const exchange = await requests.next();
    await bodyOf(exchange);
    let told = 0;
    const left = new Promise<void>((resolve) => {
      exchange.onGone(() => {
        told += 1;
        resolve();
      });
    });
    if (when !== 'before the reply') {
      exchange.begin(200, []);
      exchange.write('half');
      await client.until((text) => text.includes('half'));
    }
    client.socket.destroy();
    await left;
    await settle();
    expect(exchange.closed).toBe(true);
    expect(exchange.write('more')).toBe(false);
    exchange.end('end');
    exchange.reply(500, [], 'no');
    await settle();
    expect(told).toBe(1);
  });

  test('does not fire after a complete reply', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    let told = 0;
    for (const streamed of [false, true]) {
      client.send(get('/'));
      const exchange = await requests.next();
      exchange.onGone(() => {
        told += 1;
      });
      if (streamed) {
        exchange.begin(200, ['content-length', '4']);
        exchange.end('done');
      } else exchange.reply(200, [], 'done');
      await client.until((text) => text.endsWith('done'));
      client.received = '';
    }
    client.socket.destroy();
    while ((await server.connections()) > 0) await settle(1);
    await settle();
    expect(told).toBe(0);
  });

  test('fires when the client leaves while the last bytes wait for it', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(get('/'));
    const exchange = await requests.next();
    const left = gone(exchange);
    client.socket.pause();
    exchange.reply(200, [], 'x'.repeat(FLOOD_BYTES));
    client.socket.resetAndDestroy();
    expect(await left).toBe(1);
  });

  test('fires also for who asks only after the client has left', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(post('/', 'x'));
    const exchange = await requests.next();
    await bodyOf(exchange);
    client.socket.destroy();
    while ((await server.connections()) > 0) await settle(1);
    let told = false;
    const left = new Promise<void>((resolve) => {
      exchange.onGone(() => {
        told = true;
        resolve();
      });
    });
    // Never from inside the call: who registers has not finished setting up.
    expect(told).toBe(false);
    await left;
  });

  test('the last listener counts', async () => {
    const requests = new Requests();
    const server = await startServer(requests.take);
    const client = await RawClient.open(server.address.port);
    client.send(get('/'));
    const exchange = await requests.next();
    exchange.onGone(() => expect.unreachable());
    const left = gone(exchange);
    client.socket.destroy();
    expect(await left).toBe(1);
  });
});
