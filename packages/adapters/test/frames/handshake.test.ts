import { describe, expect, it } from 'vitest';
import { WebSocket as Client } from 'ws';
import { makeCertificates } from '../http/support/certificates.ts';
import { get, RawClient, type Reply } from '../http/support/raw-client.ts';
import { KEY_A, KEY_B, message } from './support/echo.ts';
import { startFrames } from './support/frame-server.ts';
import { HANDSHAKE, masked } from './support/raw-socket.ts';
import { SocketClient } from './support/socket-client.ts';

/** Sends the handshake of a client with these headers in place of its own; one without a value is left out. */
async function sendHandshake(port: number, lines: readonly string[]): Promise<RawClient> {
  const client = await RawClient.open(port);
  const changed = new Set(lines.map((line) => line.split(':')[0]));
  const kept = HANDSHAKE.trim()
    .split('\r\n')
    .filter((line) => !changed.has(line.split(':')[0]));
  client.send(`${[...kept, ...lines.filter((line) => !line.endsWith(':'))].join('\r\n')}\r\n\r\n`);
  return client;
}

async function ask(port: number, ...lines: readonly string[]): Promise<Reply | undefined> {
  return (await (await sendHandshake(port, lines)).replies(1))[0];
}

describe('the handshake of a WebSocket', () => {
  it.each([
    ['without an upgrade', 'upgrade_required', 426, 'upgrade:'],
    ['of another version', 'upgrade_required', 426, 'sec-websocket-version: 8'],
    ['without a key of the handshake', 'invalid_request', 400, 'sec-websocket-key:'],
    ['with one that is none', 'invalid_request', 400, 'sec-websocket-key: abc'],
    ['without a subprotocol', 'invalid_request', 400, 'sec-websocket-protocol:'],
    ['with another subprotocol', 'invalid_request', 400, 'sec-websocket-protocol: atp.v2, chat'],
    ['with a subprotocol twice', 'invalid_request', 400, 'sec-websocket-protocol: atp.v1, atp.v1'],
    ['with a subprotocol that is none', 'invalid_request', 400, 'sec-websocket-protocol: atp.v1, a b'],
    ['with two keys', 'invalid_request', 400, 'sec-websocket-protocol: atp.v1, atp.key.a, atp.key.b'],
    ['with an unknown key', 'unauthorized', 401, 'authorization: Bearer nobody'],
    ['with an unknown key as subprotocol', 'unauthorized', 401, 'sec-websocket-protocol: atp.v1, atp.key.nobody'],
    ['from a page of elsewhere', 'policy_denied', 403, 'origin: https://elsewhere.example'],
    ['from a page of nowhere', 'policy_denied', 403, 'origin: null'],
  ])('%s is answered with %s (%i), and the connection can be used on', async (_what, code, status, line) => {
    const { port } = await startFrames();
    const reply = await ask(port, line);
    expect(reply?.status).toBe(status);
    expect(JSON.parse(reply?.body ?? '')).toMatchObject({ error: { code } });
    expect(reply?.headers.get('connection')).toBe('keep-alive');
    expect(reply?.headers.get('upgrade')).toBe(status === 426 ? 'websocket' : undefined);
  });

  it.each<{ readonly what: string; readonly tenant?: string; readonly lines: readonly string[] }>([
    { what: 'no key', lines: [] },
    { what: 'a key as bearer', tenant: 'a', lines: [`authorization: Bearer ${KEY_A}`] },
    { what: 'a key in x-api-key', tenant: 'b', lines: [`x-api-key: ${KEY_B}`] },
    { what: 'a key as subprotocol', tenant: 'b', lines: [`sec-websocket-protocol: atp.key.${KEY_B}, atp.v1`] },
    {
      what: 'a header before a subprotocol',
      tenant: 'a',
      lines: [`authorization: Bearer ${KEY_A}`, `sec-websocket-protocol: atp.v1, atp.key.${KEY_B}`],
    },
    { what: 'a page of the same host', lines: ['origin: http://test'] },
    { what: 'an allowed page', lines: ['origin: https://app.example'] },
  ])('takes $what, and never sends a key back', async ({ tenant, lines }) => {
    const { port, acceptor } = await startFrames({ allowed_origins: () => ['https://app.example'] });
    const client = await sendHandshake(port, lines);
    const answer = await client.until((text) => text.includes('\r\n\r\n'));
    expect(answer).toContain('HTTP/1.1 101 ');
    expect(answer).toContain('Sec-WebSocket-Protocol: atp.v1\r\n');
    expect(answer).not.toContain('atp.key');
    client.send(masked(1, JSON.stringify(message(0))));
    expect((await acceptor.next()).connection.principal?.tenant).toBe(tenant);
  });

  it('is that of the WebSocket of browsers', async () => {
    const { port, acceptor } = await startFrames();
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['atp.v1', `atp.key.${KEY_B}`]);
    const text = await new Promise((resolve, reject) => {
      socket.onopen = () => socket.send(JSON.stringify(message(3)));
      socket.onmessage = ({ data }) => resolve(data);
      socket.onerror = reject;
    });
    expect(JSON.parse(String(text))).toEqual(message(3));
    expect(socket.protocol).toBe('atp.v1');
    expect((await acceptor.next()).connection.principal?.tenant).toBe('b');
    socket.close();
  });

  it('without a host is refused as every request, and ends the connection', async () => {
    const { port, acceptor } = await startFrames();
    const client = await sendHandshake(port, ['host:']);
    expect(await client.closed()).toContain('HTTP/1.1 400 ');
    expect(acceptor.faults).toEqual([]);
  });

  it('goes over TLS, which the connection knows', async () => {
    const { ca, server } = makeCertificates();
    const { port, acceptor } = await startFrames({ http: { tls: server } });
    const trusting = { ca: ca.cert, servername: 'localhost' };
    const ws = new Client(`wss://127.0.0.1:${port}/ws`, ['atp.v1'], trusting);
    const client = new SocketClient(ws);
    await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
    client.send(message(0));
    await client.count(1);
    expect((await acceptor.next()).connection).toMatchObject({ secure: true, principal: undefined });
    ws.close();
    await client.end();
  });

  it('is refused while the router stops, with 503', async () => {
    const { port, sockets } = await startFrames();
    sockets.stop();
    const reply = await ask(port);
    expect(reply?.status).toBe(503);
    expect(reply?.body).toContain('draining');
  });

  it('behind a request that is not answered yet is no handshake: 400', async () => {
    const { port } = await startFrames();
    const client = await RawClient.open(port);
    client.send(get('/x') + HANDSHAKE);
    const replies = await client.replies(2);
    expect(replies.map(({ status }) => status)).toEqual([404, 400]);
  });

  it('counts as a connection, and one too many is refused at accept', async () => {
    const { port, http } = await startFrames({ http: { connections_max: 2 } });
    await SocketClient.open(port);
    await SocketClient.open(port);
    await expect(SocketClient.open(port)).rejects.toThrow();
    expect(await http.connections()).toBe(2);
  });

  it('has its headers limited and timed as every request', async () => {
    const large = await RawClient.open((await startFrames()).port);
    large.send(HANDSHAKE.replace('\r\n\r\n', `\r\nx: ${'y'.repeat(9_000)}\r\n\r\n`));
    expect(await large.closed()).toContain('431');
    const hasty = await startFrames({ http: { header_timeout_ms: 40 } });
    const late = await RawClient.open(hasty.port);
    late.send(HANDSHAKE.slice(0, 40));
    expect(await late.closed()).toContain('408');
  });

  it('to something else than a WebSocket is a request as any other', async () => {
    const { port } = await startFrames();
    const client = await RawClient.open(port);
    client.send(get('/x', ['connection: Upgrade, HTTP2-Settings', 'upgrade: h2c', 'http2-settings: AAMAAABkAAQ']));
    await client.replies(1);
    client.send(get('/x', ['connection: Upgrade', 'upgrade: websocket']));
    expect((await client.replies(2)).map(({ status }) => status)).toEqual([404, 404]);
  });
});
