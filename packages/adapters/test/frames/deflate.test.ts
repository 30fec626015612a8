import { constants, deflateRawSync } from 'node:zlib';
import { encodeJson } from '@atp-router/wire';
import { describe, expect, it } from 'vitest';
import { DeflateQueue } from '../../src/frames/deflate.ts';
import { RawClient } from '../http/support/raw-client.ts';
import { message } from './support/echo.ts';
import { startFrames } from './support/frame-server.ts';
import { HANDSHAKE, masked } from './support/raw-socket.ts';
import { SocketClient } from './support/socket-client.ts';

const RSV1 = 0x40;

function deflated(text: string): Buffer {
  const bytes = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
  return bytes.subarray(0, bytes.length - 4);
}

async function openDeflated(port: number, offer: string = 'permessage-deflate'): Promise<RawClient> {
  const client = await RawClient.open(port);
  client.send(HANDSHAKE.replace('\r\n\r\n', `\r\nsec-websocket-extensions: ${offer}\r\n\r\n`));
  await client.until((text) => text.includes('\r\n\r\n'));
  return client;
}

const agreedOf = ({ received }: RawClient): string =>
  /sec-websocket-extensions: (.*)\r\n/i.exec(received)?.[1]?.toLowerCase() ?? '';

describe('the queue of compression', () => {
  it('runs no more jobs at a time than it may, in order', () => {
    const queue = new DeflateQueue(2);
    const steps: string[] = [];
    const leave: (() => void)[] = [];
    for (const name of ['a', 'b', 'c', 'd']) {
      queue.run((done) => {
        steps.push(name);
        leave.push(done);
      });
    }
    expect(steps).toEqual(['a', 'b']);
    leave[1]?.();
    expect(steps).toEqual(['a', 'b', 'c']);
    leave[0]?.();
    leave[2]?.();
    leave[3]?.();
    queue.run((done) => done());
    expect(steps).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('permessage-deflate', () => {
  it('is agreed so that no message refers to an earlier one, and only when it is offered', async () => {
    const { port } = await startFrames();
    const agreed = agreedOf(await openDeflated(port, 'permessage-deflate; client_max_window_bits'));
    expect(agreed).toContain('server_no_context_takeover');
    expect(agreed).toContain('client_no_context_takeover');
    const small = agreedOf(await openDeflated(port, 'permessage-deflate; server_max_window_bits=9'));
    expect(small).toContain('server_max_window_bits=9');
    expect(agreedOf(await openDeflated(port, 'x-webkit-deflate-frame'))).toBe('');
  });

  it.each(['permessage-deflate', 'permessage-deflate; server_max_window_bits=9'])(
    'carries large frames smaller, small ones as they are, and keeps their order: %s',
    async (offer) => {
      const { port } = await startFrames();
      const bits = offer.includes('9') ? { serverMaxWindowBits: 9 } : {};
      const client = await SocketClient.open(port, { perMessageDeflate: { threshold: 0, ...bits } });
      const frames = Array.from({ length: 200 }, (_, i) => message(i, 'abc ☃ '.repeat(i % 3 === 0 ? 2_000 : 1)));
      for (const frame of frames) client.send(frame);
      expect(await client.count(200)).toEqual(frames);
      const socket = (client.ws as unknown as { readonly _socket: { readonly bytesRead: number } })._socket;
      expect(socket.bytesRead).toBeLessThan(70 * 2_000);
    },
  );

  it('does not compress for a window that is smaller than zlib can make', async () => {
    const { port } = await startFrames();
    const client = await openDeflated(port, 'permessage-deflate; server_max_window_bits=8');
    client.send(masked(1, encodeJson(message(0, 'z'.repeat(3_000)))));
    expect(await client.until((text) => text.includes('"}}'))).toContain('z'.repeat(3_000));
  });

  it('takes a message in pieces, each compressed', async () => {
    const { port, acceptor } = await startFrames();
    const client = await openDeflated(port);
    const bytes = deflated(encodeJson(message(7, 'z'.repeat(500))));
    client.send(masked(1 | RSV1, bytes.subarray(0, 10), false));
    client.send(masked(0, bytes.subarray(10, 20), false));
    client.send(masked(0, bytes.subarray(20)));
    const echo = await acceptor.next();
    await echo.count(1);
    expect(echo.frames[0]).toMatchObject({ frame: { msg_seq: 7 } });
  });

  it('ends a bomb with 1009 before it is larger than a frame may be, and nobody else notices', async () => {
    const { port, acceptor } = await startFrames();
    const other = await SocketClient.open(port);
    // A thousand times its size: 20 MB in 20 kB.
    const bomb = masked(1 | RSV1, deflated(' '.repeat(20_000_000)));
    expect(bomb.length).toBeLessThan(30_000);
    const bombers = await Promise.all(Array.from({ length: 20 }, () => openDeflated(port)));
    for (const bomber of bombers) bomber.send(bomb);
    other.send(message(0));
    for (const bomber of bombers) expect(await bomber.closed()).toContain('\x88\x02\x03\xf1');
    await other.count(1);
    expect(acceptor.all).toHaveLength(1);
  });

  it('ends what is no deflated message with 1007', async () => {
    const { port } = await startFrames();
    const client = await openDeflated(port);
    client.send(masked(1 | RSV1, Buffer.from([0xff, 0xff, 0xff, 0xff])));
    expect(await client.closed()).toContain('\x88\x23\x03\xef');
  });

  it('may be refused by what a client offers: 400', async () => {
    const { port } = await startFrames();
    const client = await openDeflated(port, 'permessage-deflate; server_max_window_bits=99');
    expect(client.received).toContain('HTTP/1.1 400 ');
  });
});
