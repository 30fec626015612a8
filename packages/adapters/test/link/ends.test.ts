import { existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { Timers } from '@atp-router/kernel';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemTimers } from '../../src/index.ts';
import { settle } from '../http/support/test-server.ts';
import { VirtualTime } from '../sim/support/virtual-time.ts';
import { bytesOf, failure, RawPeer, Seen, socketPath, startClient, startPair, startServer } from './support/links.ts';

describe('the client', () => {
  test('makes its link again when the server was closed and is there again, and says hello anew', async () => {
    const path = socketPath();
    const first = await startServer(path);
    const hellos = ['one', 'two'];
    const a = startClient(path, { hello: () => ({ hello: hellos.shift() }) });
    await a.ups.until(1);
    first.onQuestion = () => new Promise(() => undefined);
    const open = failure(a.peer.ask('x', 1));
    await first.server.close();
    expect(existsSync(path)).toBe(false);
    const error = await open;
    expect([error.code, error.status, error.origin]).toEqual(['internal_error', 503, 'local']);
    expect(error.message).toMatch(
      /^The link to another process of this router \(.*\) is down\. It is made again by itself; retry soon\.$/,
    );
    await a.downs.until(1);
    await first.downs.until(1);
    expect(a.client.isUp).toBe(false);
    expect(a.peer.send('x', 1)).toBe(false);
    expect((await failure(a.peer.ask('x', 1))).message).toBe(error.message);
    const second = await startServer(path);
    await a.ups.until(2);
    expect(await a.peer.ask('x', 1)).toEqual(['x', 1]);
    expect(second.hellos.all).toEqual([{ hello: 'two' }]);
    expect([a.downs.all.length, a.problems.all.length]).toEqual([1, 0]);
  });

  test('tries for ever, with pauses that double up to the longest', async () => {
    const pauses: number[] = [];
    const tried = new Seen<number>();
    const timers: Timers = {
      after(delay_ms, run) {
        if (delay_ms > 1_000) return systemTimers.after(delay_ms, run);
        pauses.push(delay_ms);
        tried.add(delay_ms);
        return systemTimers.after(0, run);
      },
    };
    const a = startClient(socketPath(), { timers });
    await tried.until(12);
    await a.client.close();
    const ceilings = [20, 40, 80, 160, 320, 640, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000];
    for (const [i, ceiling_ms] of ceilings.entries()) {
      expect(pauses[i]).toBeLessThanOrEqual(ceiling_ms);
      expect(pauses[i]).toBeGreaterThan(ceiling_ms / 2 - 1e-9);
    }
    expect([a.ups.all, a.downs.all, a.problems.all]).toEqual([[], [], []]);
  });

  test('begins with the shortest pause again only after a link that lasted', async () => {
    const time = new VirtualTime();
    const { a, b } = await startPair({ client: { clock: time, timers: time, rng: { next: () => 0 } } });
    const again = async (pause_ms: number): Promise<void> => {
      const [ups, downs] = [a.ups.all.length, a.downs.all.length];
      b.peers.all.at(-1)?.close();
      await a.downs.until(downs + 1);
      time.advance(pause_ms - 1);
      await settle();
      expect(a.ups.all.length).toBe(ups);
      time.advance(1);
      await a.ups.until(ups + 1);
    };
    for (const pause_ms of [20, 40, 80]) await again(pause_ms);
    time.advance(1_000);
    await again(20);
  });

  test('is told why it is refused, and comes again', async () => {
    const path = socketPath();
    const b = await startServer(path);
    const a = startClient(path, { version: '1.2.4' });
    const words = `The process that listens at ${path} is of version 1.2.3 (links 1), the one that connects is of 1.2.4 (links 1). Processes of one router have to be of one version: stop them all, and start them again.`;
    expect(await a.refusals.until(2)).toBe(words);
    expect([a.client.isUp, b.peers.all, a.ups.all, a.downs.all]).toEqual([false, [], [], []]);
  });

  test('also by whoever takes the hello', async () => {
    const path = socketPath();
    await startServer(path, { onPeer: () => ({ refuse: 'There is a worker 3 already.' }) });
    expect(await startClient(path).refusals.until(1)).toBe('There is a worker 3 already.');
  });

  test('outlives a server that sends garbage, or a greeting that is none', async () => {
    const path = socketPath();
    mkdirSync(dirname(path));
    const replies = [
      Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      bytesOf({ kind: 'x' }),
      bytesOf({ type: 'welcome' }),
    ];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(replies.shift() ?? Buffer.concat([bytesOf({ type: 'welcome' }), bytesOf({ type: 'welcome' })]));
    });
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const a = startClient(path);
    await a.problems.until(2);
    expect(a.problems.all.map(({ message }) => message.replace(path, 'P'))).toEqual([
      'The link at P is cut: the other process sent a frame of the unknown type 47.',
      'The link at P is cut: the other process sent "message" before its greeting.',
    ]);
    await a.ups.until(1);
    server.close();
    await a.client.close();
    expect(a.downs.all).toHaveLength(1);
  });

  test('and its own faults in saying hello and in taking note', async () => {
    const path = socketPath();
    const b = await startServer(path);
    const faults = ['hello', 'up', 'down'];
    const fail = (at: string): void => {
      if (faults[0] === at) throw new Error(faults.shift());
    };
    const handlers = { onMessage: () => undefined, onQuestion: () => Promise.resolve(1), onDown: () => fail('down') };
    const a = startClient(path, { hello: () => fail('hello'), onUp: () => fail('up'), handlers });
    await a.problems.until(3);
    expect(a.problems.all.map(({ cause }) => (cause as Error).message)).toEqual(['hello', 'up', 'down']);
    await b.peers.until(2);
  });
});

describe('close', () => {
  test('lets leave what was sent before it, in both directions', async () => {
    for (const side of ['client', 'server'] as const) {
      const { a, b, back } = await startPair();
      const [from, to] = side === 'client' ? [a.peer, b] : [back, a];
      for (let i = 0; i < 50; i += 1) from.send('last words', new Uint8Array(100_000));
      const close = (): Promise<void> => (side === 'client' ? a.client.close() : b.server.close());
      await Promise.all([close(), close()]);
      await to.downs.until(1);
      expect(to.messages.all).toHaveLength(50);
    }
  });

  test('also while the other side is sending', async () => {
    const { a, b, back } = await startPair();
    for (let i = 0; i < 50; i += 1) {
      a.peer.send('last words', new Uint8Array(100_000));
      back.send('state', new Uint8Array(100_000));
    }
    const closed = a.client.close();
    for (let i = 0; i < 50; i += 1) back.send('state', new Uint8Array(100_000));
    await b.downs.until(1);
    expect(b.messages.all).toHaveLength(50);
    await closed;
    expect(a.downs.all).toHaveLength(1);
    await a.client.close();
  });

  test('waits only so long for a peer that takes nothing', async () => {
    const time = new VirtualTime();
    const path = socketPath();
    const b = await startServer(path, { clock: time, timers: time });
    const raw = await (await RawPeer.open(path)).greet();
    raw.socket.pause();
    (await b.peers.until(1)).send('x', new Uint8Array(10_000_000));
    await settle();
    const closed = b.server.close();
    await settle();
    expect(b.downs.all).toEqual([]);
    time.advance(1_000);
    await closed;
    expect([b.downs.all.length, time.pending]).toEqual([1, 0]);
  });

  test('before there is a link', async () => {
    const a = startClient(socketPath());
    await a.client.close();
    const b = startClient(socketPath());
    await settle(20);
    await b.client.close();
    expect([a.ups.all, a.downs.all]).toEqual([[], []]);
  });
});
