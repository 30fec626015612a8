import { createHash } from 'node:crypto';
import { encodeJson, type Frame } from '@atp-router/wire';
import { describe, expect, it } from 'vitest';
import { type Encoding, HELLO, HELLO_ANSWER, message } from './support/echo.ts';
import { startFrames } from './support/frame-server.ts';
import { masked, NONCE, openRaw } from './support/raw-socket.ts';
import { SocketClient } from './support/socket-client.ts';

const contentOf = (frame: Frame | undefined): Record<string, unknown> =>
  (frame?.payload?.content ?? {}) as Record<string, unknown>;
const faultOf = (frame: Frame | undefined): unknown => (contentOf(frame)['details'] as { fault?: string }).fault;

describe('frames over a WebSocket', () => {
  it.each<Encoding>(['json', 'cbor'])('are text in JSON and binary in CBOR: %s', async (encoding) => {
    const { port, acceptor } = await startFrames();
    acceptor.encoding = encoding;
    const client = await SocketClient.open(port);
    client.send(HELLO, encoding);
    client.send(message(0, 'ä ☃ 😀'), encoding);
    expect(await client.count(2)).toEqual([HELLO_ANSWER, message(0, 'ä ☃ 😀')]);
    expect(client.kinds).toEqual([encoding, encoding]);
    const echo = await acceptor.next();
    expect(echo.connection).toMatchObject({ carrier: 'websocket', secure: false, remote_address: '127.0.0.1' });
    expect(echo.connection.principal).toEqual({ tenant: 'a', key_id: 'key of a' });
  });

  it('that came in one read are handed on in one turn, in order, and their answers leave in one write', async () => {
    const { port, acceptor } = await startFrames();
    const client = await openRaw(port);
    let reads = 0;
    client.socket.on('data', () => {
      reads += 1;
    });
    const texts = Array.from({ length: 100 }, (_, i) => encodeJson(message(i)));
    client.send(Buffer.concat(texts.map((text) => masked(1, text))));
    await client.until((text) => text.includes('"msg_seq":99'));
    const echo = await acceptor.next();
    expect(echo.turns).toEqual([100]);
    expect(echo.frames.map((one) => ('frame' in one ? one.frame.msg_seq : -1))).toEqual(texts.map((_, i) => i));
    expect(reads).toBe(1);
  });

  it('that are none are told at their place, and the others go on', async () => {
    const { port, acceptor } = await startFrames();
    const client = await SocketClient.open(port);
    client.send(message(0));
    client.ws.send('{"v":1');
    client.ws.send('['.repeat(500_000));
    client.ws.send(`{"v":1,"x":${'{"a":'.repeat(100)}1${'}'.repeat(100)}}`);
    client.ws.send(Buffer.from('a100', 'hex'));
    client.ws.send(encodeJson(message(1)).replace('"v":1', '"v":2'));
    client.send(message(2));
    const frames = await client.count(7);
    expect([frames[0], frames[6]]).toEqual([message(0), message(2)]);
    expect(frames.slice(1, 6).map(faultOf)).toEqual(['syntax', 'syntax', 'too_deep', 'truncated', 'version']);
    expect(frames[1]?.flags).toEqual(['RST', 'CTRL']);
    expect((await acceptor.next()).frames).toHaveLength(7);
  });

  it('larger than a frame may be close the connection with 1009, announced or sent in pieces', async () => {
    const { port, acceptor } = await startFrames({ wire: { frame_bytes: 4_096, depth: 8, items: 100 } });
    const announced = await openRaw(port);
    announced.send(Buffer.from([0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0]));
    expect(await announced.closed()).toContain('\x88\x02\x03\xf1');
    const client = await SocketClient.open(port);
    const fine = await SocketClient.open(port);
    client.ws.send('x'.repeat(3_000), { fin: false });
    client.ws.send('x'.repeat(3_000), { fin: true });
    expect((await client.end()).code).toBe(1009);
    fine.send(message(0));
    expect(await fine.count(1)).toEqual([message(0)]);
    expect(acceptor.all).toHaveLength(1);
    fine.ws.send('x'.repeat(5_000));
    expect(await (await acceptor.next()).ended.promise).toEqual({ code: 1009, reason: '', by: 'here' });
  });

  it('in more pieces than a message may have close the connection with 1008', async () => {
    const { port } = await startFrames({ limits: { message_pieces: 8 } });
    const client = await openRaw(port);
    client.send(masked(1, 'x', false));
    for (let i = 0; i < 20; i += 1) client.send(masked(0, 'x', false));
    expect(await client.closed()).toContain('\x88\x02\x03\xf0');
  });

  it('that trickle in as single bytes are bounded by their number', async () => {
    const { port } = await startFrames({ limits: { message_chunks: 16 } });
    const client = await openRaw(port);
    client.send(Buffer.from([0x81, 0xfe, 4, 0, 1, 2, 3, 4]));
    // Each byte goes when the last one has left, so that the network has no reason to join them.
    const trickle = (): void => void (client.is_closed || client.socket.write('x', () => setImmediate(trickle)));
    trickle();
    expect(await client.closed()).toContain('\x88\x02\x03\xf0');
  });

  it('that are no UTF-8, not masked or of unknown kind close the connection as RFC 6455 has it', async () => {
    const { port } = await startFrames();
    const cases: readonly (readonly [Buffer, string])[] = [
      [masked(1, Buffer.from([0xc3, 0x28])), '\x88\x02\x03\xef'],
      [Buffer.from([0x81, 0x01, 0x61]), '\x88\x02\x03\xea'],
      [masked(3, 'x'), '\x88\x02\x03\xea'],
      [Buffer.from([0xf1, 0x81, 1, 2, 3, 4, 5]), '\x88\x02\x03\xea'],
    ];
    for (const [bytes, close] of cases) {
      const client = await openRaw(port);
      client.send(bytes);
      expect(await client.closed()).toContain(close);
    }
  });

  it('are not waited for longer than the time of a first frame', async () => {
    const { port, acceptor } = await startFrames({ limits: { first_frame_ms: 20 } });
    const client = await SocketClient.open(port);
    client.ws.ping();
    expect(await client.end()).toEqual({ code: 4001, reason: 'No frame came.' });
    expect(acceptor.all).toHaveLength(0);
  });
});

describe('a connection', () => {
  it('tells its user that the peer closed it or is gone, once, and behind all frames', async () => {
    const { port, acceptor } = await startFrames();
    const polite = await SocketClient.open(port);
    polite.send(message(0));
    polite.ws.close(1000, 'bye');
    const closed = await acceptor.next();
    expect(await closed.ended.promise).toEqual({ code: 1000, reason: 'bye', by: 'peer' });
    expect(closed.frames).toHaveLength(1);
    expect(closed.connection.closed).toBe(true);
    expect(closed.send(message(1))).toBe(false);
    const rude = await SocketClient.open(port);
    rude.send(message(0));
    const cut = await acceptor.next();
    rude.ws.terminate();
    expect(await cut.ended.promise).toMatchObject({ code: 1006, by: 'peer' });
  });

  it('is closed by its user with a code and a reason that fits, after what was sent', async () => {
    const { port, acceptor } = await startFrames();
    const client = await SocketClient.open(port);
    acceptor.onAccept = (echo) => {
      echo.onFrame = (frame) => {
        echo.send(frame);
        echo.connection.close('refused', `${'ä'.repeat(80)}`);
        echo.connection.close('done');
      };
    };
    client.send(message(0));
    expect(await client.end()).toEqual({ code: 1008, reason: 'ä'.repeat(61) });
    expect(client.frames).toEqual([message(0)]);
  });

  it('has a reason also when its user says none', async () => {
    const { port, acceptor } = await startFrames();
    const client = await SocketClient.open(port);
    acceptor.onAccept = (echo) => {
      echo.onFrame = () => echo.connection.close('superseded');
    };
    client.send(message(0));
    expect(await client.end()).toEqual({ code: 4003, reason: 'The session goes on over another connection.' });
  });

  it('whose user throws is closed with 1011, and no other is harmed', async () => {
    const { port, acceptor } = await startFrames();
    const other = await SocketClient.open(port);
    other.send(message(0));
    await other.count(1);
    acceptor.onAccept = () => {
      throw new Error('planted');
    };
    const client = await SocketClient.open(port);
    client.send(message(0));
    expect((await client.end()).code).toBe(1011);
    expect(acceptor.faults).toEqual([new Error('planted')]);
    other.send(message(1));
    await other.count(2);
  });

  it('outlives the end of the listener until its user closes it with 1001', async () => {
    const { port, acceptor, http, sockets } = await startFrames();
    const client = await SocketClient.open(port);
    client.send(message(0));
    await client.count(1);
    sockets.stop();
    http.stopAccepting();
    client.send(message(1));
    await client.count(2);
    (await acceptor.next()).connection.close('going_away');
    expect((await client.end()).code).toBe(1001);
    await http.close();
  });

  it('answers the handshake as RFC 6455 has it', async () => {
    const { port } = await startFrames();
    const client = await openRaw(port);
    const accept = createHash('sha1').update(`${NONCE}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    expect(client.received).toContain('HTTP/1.1 101 ');
    expect(client.received).toContain(`Sec-WebSocket-Accept: ${accept}\r\n`);
    expect(client.received).toContain('Sec-WebSocket-Protocol: atp.v1\r\n');
  });
});
