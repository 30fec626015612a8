import { describe, expect, test } from 'vitest';
import { LINK_PROTOCOL } from '../../src/link/frame.ts';
import { settle } from '../http/support/test-server.ts';
import { bytesOf, failure, RawPeer, Seen, socketPath, startClient, startServer, VERSION } from './support/links.ts';

describe('the server cuts a client', () => {
  test('whose frame is too large, from its head alone', async () => {
    const path = socketPath();
    const b = await startServer(path);
    const raw = await (await RawPeer.open(path)).greet();
    raw.socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 4]));
    await raw.closed;
    await b.downs.until(1);
    expect((await b.problems.until(1)).message).toBe(
      `The link at ${path} is cut: the other process sent a frame of 4294967300 bytes; at most 67108864 are taken.`,
    );
  });

  test.each([
    ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'a frame of the unknown type 47'],
    ['something before hello', bytesOf({ type: 'question', id: 1 }), '"question" and not "hello" first'],
  ])('that sends %s', async (_name, bytes, words) => {
    const path = socketPath();
    const b = await startServer(path);
    const raw = await RawPeer.open(path);
    raw.socket.write(bytes);
    await raw.closed;
    expect((await b.problems.until(1)).message).toBe(`The link at ${path} is cut: the other process sent ${words}.`);
    expect([b.peers.all, b.downs.all]).toEqual([[], []]);
    // And nobody else.
    await startClient(path).ups.until(1);
  });

  test('that says hello twice', async () => {
    const path = socketPath();
    const b = await startServer(path);
    const raw = await (await RawPeer.open(path)).greet();
    raw.send({ type: 'hello', id: LINK_PROTOCOL, kind: VERSION });
    await raw.closed;
    expect((await b.problems.until(1)).message).toMatch(/sent "hello" again\.$/);
  });

  test('that does not read, when too much waits for it', async () => {
    const path = socketPath();
    const b = await startServer(path, { limits: { unsent_bytes: 4_000_000 } });
    const raw = await (await RawPeer.open(path)).greet();
    raw.socket.pause();
    const peer = await b.peers.until(1);
    const open = failure(peer.ask('x', 1));
    let sent = 0;
    while (peer.send('state', new Uint8Array(500_000))) {
      sent += 1;
      await settle(1);
    }
    expect(sent).toBeGreaterThan(6);
    expect(b.downs.all).toEqual([]);
    expect(peer.send('state', 1)).toBe(false);
    expect((await open).status).toBe(503);
    expect(b.problems.all.map(({ message }) => message)).toEqual([
      expect.stringMatching(/is cut: \d+ bytes would wait for the other process to read; at most 4000000 may\.$/),
    ]);
    await b.downs.until(1);
    raw.socket.resume();
    await raw.closed;
  });

  test('at whose hello this process fails', async () => {
    const path = socketPath();
    const b = await startServer(path, {
      onPeer: () => {
        throw new Error('a secret');
      },
    });
    const a = startClient(path);
    expect((await b.problems.until(2)).message).toMatch(
      /is cut, as this process failed at the hello of the other one\.$/,
    );
    expect([a.ups.all, a.downs.all]).toEqual([[], []]);
  });

  test('that is closed from within its hello, and tells its handlers', async () => {
    const path = socketPath();
    const b = await startServer(path);
    const down = new Seen<true>();
    const handlers = { onMessage: () => undefined, onQuestion: () => Promise.resolve(1), onDown: () => down.add(true) };
    await b.server.close();
    await startServer(path, {
      onPeer: (peer) => {
        peer.close();
        return handlers;
      },
    });
    const a = startClient(path);
    await down.until(2);
    expect(a.ups.all).toEqual([]);
  });

  test('that is one too many', async () => {
    const path = socketPath();
    const b = await startServer(path, { limits: { links: 1 } });
    await startClient(path).ups.until(1);
    const second = startClient(path);
    expect((await b.problems.until(1)).message).toBe(`The link at ${path} takes no more than 1 connections.`);
    expect(second.ups.all).toEqual([]);
  });
});
