import { mkdirSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { settle } from '../http/support/test-server.ts';
import { VirtualTime } from '../sim/support/virtual-time.ts';
import { failure, RawPeer, Seen, socketPath, startClient, startPair, startServer } from './support/links.ts';

describe('silence', () => {
  test('is broken by pings from both sides, for as long as nobody has anything to say', async () => {
    const time = new VirtualTime();
    const both = { clock: time, timers: time };
    const { a, b } = await startPair({ server: both, client: both });
    for (let i = 0; i < 20; i += 1) {
      time.advance(2_000);
      await a.peer.ask('x', i);
      time.advance(2_000);
      // Two of the event loop's rounds: one in which the pings arrive, and one more.
      await settle(10);
    }
    expect([a.downs.all, b.downs.all]).toEqual([[], []]);
    expect(a.client.isUp).toBe(true);
  });

  test('of two seconds brings a ping, and traffic none', async () => {
    const time = new VirtualTime();
    const path = socketPath();
    const b = await startServer(path, { clock: time, timers: time });
    const raw = await (await RawPeer.open(path)).greet();
    const peer = await b.peers.until(1);
    for (let i = 0; i < 4; i += 1) {
      time.advance(1_500);
      peer.send('x', i);
      raw.send({ kind: 'y' });
      await b.messages.until(i + 1);
      await raw.frames.until(i + 2);
    }
    time.advance(1_999);
    peer.send('x', 4);
    await raw.frames.until(6);
    time.advance(2_000);
    await raw.frames.until(7);
    expect(raw.frames.all.map(({ type }) => type)).toEqual([
      ...['welcome', 'message', 'message', 'message', 'message', 'message', 'ping'],
    ]);
  });

  test('of six ends the link, with what is open', async () => {
    const time = new VirtualTime();
    const path = socketPath();
    const b = await startServer(path, { clock: time, timers: time });
    const raw = await (await RawPeer.open(path)).greet();
    const peer = await b.peers.until(1);
    const open = failure(peer.ask('x', 1, { timeout_ms: 60_000 }));
    time.advance(5_999);
    await settle();
    expect(b.downs.all).toEqual([]);
    time.advance(1);
    await b.downs.until(1);
    expect((await open).status).toBe(503);
    expect(b.problems.all.map(({ message }) => message)).toEqual([
      `The link at ${path} is cut: the other process was silent for 6000 ms; it is stopped, or too busy.`,
    ]);
    await raw.closed;
    expect(time.pending).toBe(0);
  });

  test('counts from what was read last; what waits in the socket when the time is over is read first', async () => {
    const time = new VirtualTime();
    const path = socketPath();
    const b = await startServer(path, { clock: time, timers: time });
    const raw = await (await RawPeer.open(path)).greet();
    await b.peers.until(1);
    for (let i = 1; i <= 3; i += 1) {
      // As if this process had not run for so long: written into the kernel, and not read before the clock moves. Behind
      // `settle` the event loop reads sockets next, as it does behind its timers.
      await settle();
      raw.send({ kind: 'late' });
      time.advance(6_000);
      await b.messages.until(i);
      await settle();
    }
    expect(b.downs.all).toEqual([]);
    time.advance(6_000);
    await b.downs.until(1);
  });

  test('of a client that never says hello', async () => {
    const time = new VirtualTime();
    const path = socketPath();
    const b = await startServer(path, { clock: time, timers: time });
    const raw = await RawPeer.open(path);
    while (time.pending === 0) await settle(1);
    time.advance(6_000);
    await raw.closed;
    expect((await b.problems.until(1)).message).toMatch(/silent for 6000 ms/);
  });

  test('of a server that never answers it', async () => {
    const time = new VirtualTime();
    const path = socketPath();
    mkdirSync(dirname(path));
    const taken = new Seen<Socket>();
    const server = createServer(taken.add);
    onTestFinished(() => {
      server.close();
      for (const socket of taken.all) socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const a = startClient(path, { clock: time, timers: time });
    await taken.until(1);
    time.advance(6_000);
    expect((await a.problems.until(1)).message).toMatch(/silent for 6000 ms/);
    expect([a.ups.all, a.downs.all]).toEqual([[], []]);
    await settle();
    // And tries again.
    time.advance(20);
    await taken.until(2);
  });
});
