import { classify } from '@atp-router/providers';
import { describe, expect, test } from 'vitest';
import { type Certificates, makeCertificates } from './support/certificates.ts';
import { settle } from './support/test-server.ts';
import { type Connection, send, startUpstream, transport } from './support/upstream.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

function reply(text: string): (connection: Connection) => void {
  return ({ socket }) => void socket.write(text);
}

/** Says something, then closes its side. */
function replyAndClose(text: string): (connection: Connection) => void {
  return ({ socket }) => void socket.end(text);
}

/** Says something, then resets the connection as soon as the other side has read that. */
function replyAndReset(text: string): (connection: Connection) => void {
  return ({ socket }) => {
    socket.write(text, () => setImmediate(() => socket.resetAndDestroy()));
  };
}

describe('an answer', () => {
  test('the request on the wire, the head, the body, the end', async () => {
    const head = 'HTTP/1.1 201 Created\r\nX-One: 1\r\nx-two: a\r\nX-Two: b\r\ncontent-length: 2\r\n\r\nok';
    const upstream = await startUpstream(reply(head));
    const seen = await send(transport(), upstream.origin).over();
    expect(seen.steps).toEqual(['head', 'data', 'end']);
    expect([seen.status, seen.body]).toEqual([201, 'ok']);
    expect(seen.headers?.get('x-one')).toBe('1');
    expect(seen.headers?.get('x-two')).toBe('a');
    expect(seen.headers?.get('x-three')).toBeUndefined();
    const [request = ''] = upstream.requests;
    expect(request.startsWith('POST /v1/x?a=b HTTP/1.1\r\n')).toBe(true);
    expect(request).toContain('\r\ncontent-type: application/json\r\n');
    expect(request).toContain('\r\nx-key: k\r\n');
    expect(request).toContain('\r\ncontent-length: 7\r\n');
    expect(request.endsWith('\r\n\r\n{"a":1}')).toBe(true);
  });

  test('bytes as a body; GET without one', async () => {
    const upstream = await startUpstream(reply(OK));
    const by = transport();
    await send(by, upstream.origin, { body: new Uint8Array([0x7b, 0xc3, 0xa4, 0x7d]) }).over();
    await send(by, upstream.origin, { method: 'GET', body: '' }).over();
    expect(upstream.requests[0]?.endsWith('\r\n\r\n{\u00c3\u00a4}')).toBe(true);
    expect(upstream.requests[1]?.startsWith('GET ')).toBe(true);
    expect(upstream.requests[1]).not.toContain('content-length');
  });

  test('chunked, with trailers', async () => {
    const text = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx-t: 1\r\n\r\n';
    const upstream = await startUpstream(reply(text));
    const seen = await send(transport(), upstream.origin).over();
    expect([seen.body, seen.steps.at(-1)]).toEqual(['abcde', 'end']);
  });

  test('without a length: the end of the connection is its end', async () => {
    const upstream = await startUpstream(replyAndClose('HTTP/1.1 200 OK\r\n\r\nuntil the end'));
    const seen = await send(transport(), upstream.origin).over();
    expect([seen.body, seen.steps.at(-1)]).toEqual(['until the end', 'end']);
  });

  test('without a body: 204, and a length of 0', async () => {
    for (const head of ['HTTP/1.1 204 No Content\r\n\r\n', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n']) {
      const upstream = await startUpstream(reply(head));
      const seen = await send(transport(), upstream.origin).over();
      expect(seen.steps).toEqual(['head', 'end']);
    }
  });

  test('of 64 MiB arrives whole', async () => {
    const piece = 'x'.repeat(1_048_576);
    const upstream = await startUpstream(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${64 * piece.length}\r\n\r\n`);
      for (let i = 0; i < 64; i += 1) socket.write(piece);
    });
    const seen = await send(transport(), upstream.origin).over();
    expect([seen.body_bytes, seen.steps.at(-1)]).toEqual([64 * piece.length, 'end']);
  });

  test('after an informational response: only the final one is shown', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n';
    const upstream = await startUpstream(reply(hints + OK));
    const seen = await send(transport(), upstream.origin).over();
    expect(seen.steps).toEqual(['head', 'data', 'end']);
    expect(seen.status).toBe(200);
  });

  test('errors are answers as well', async () => {
    const upstream = await startUpstream(
      reply('HTTP/1.1 429 Slow Down\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\n{}'),
    );
    const seen = await send(transport(), upstream.origin).over();
    expect([seen.status, seen.headers?.get('retry-after'), seen.body]).toEqual([429, '7', '{}']);
  });
});

describe('a connection', () => {
  test('is kept and used again, also after an error answer', async () => {
    const upstream = await startUpstream(reply('HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\nno'));
    const by = transport({ max_connections: 1 });
    for (let i = 0; i < 5; i += 1) await send(by, upstream.origin).over();
    expect(upstream.connections).toHaveLength(1);
    expect(upstream.requests).toHaveLength(5);
  });

  test('carries one request at a time; above the limit requests wait', async () => {
    const waiting: Connection[] = [];
    const upstream = await startUpstream((connection) => void waiting.push(connection));
    const by = transport({ max_connections: 2 });
    const all = [1, 2, 3, 4].map(() => send(by, upstream.origin));
    while (waiting.length < 2) await settle(1);
    await settle();
    expect(waiting).toHaveLength(2);
    for (let i = 0; i < 4; i += 1) {
      while (waiting[i] === undefined) await settle(1);
      waiting[i]?.socket.write(OK);
    }
    await Promise.all(all.map((seen) => seen.over()));
    expect(upstream.connections).toHaveLength(2);
  });
});

describe('failures, by how far the exchange had come', () => {
  test.each([
    ['closes before the head', replyAndClose(''), 'reset', 0],
    ['resets before the head', replyAndReset(''), 'reset', 0],
    ['closes in the middle of the head', replyAndClose('HTTP/1.1 200 OK\r\ncontent-'), 'reset', 0],
    ['closes after the head', replyAndClose('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n'), 'truncated', 1],
    ['resets after the head', replyAndReset('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n'), 'truncated', 1],
    ['closes in the body', replyAndClose('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab'), 'truncated', 2],
    ['resets in the body', replyAndReset('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab'), 'truncated', 2],
    [
      'closes in a chunked body',
      replyAndClose('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n'),
      'truncated',
      2,
    ],
    ['is not HTTP', reply('SSH-2.0-OpenSSH_9.2\r\n'), 'reset', 0],
    ['has a bad header', reply('HTTP/1.1 200 OK\r\nbad header\r\n\r\n'), 'reset', 0],
    [
      'has a bad chunk',
      reply('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\nZZ\r\nxx'),
      'truncated',
      2,
    ],
    ['has a head that is too large', reply(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`), 'too_large', 0],
    [
      'switches protocols unasked',
      reply('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
      'reset',
      0,
    ],
  ] as const)('the upstream %s', async (_name, behave, kind, steps_before) => {
    const upstream = await startUpstream(behave);
    const seen = await send(transport(), upstream.origin).over();
    expect(seen.failure?.kind).toBe(kind);
    expect(seen.failure?.cause).toBeInstanceOf(Error);
    expect(seen.steps).toHaveLength(steps_before + 1);
    await upstream.connections[0]?.closed;
    await settle();
    // A POST is never sent again behind the caller's back.
    expect(upstream.requests).toHaveLength(1);
    expect(seen.steps).toHaveLength(steps_before + 1);
  });

  // RFC 9110 would have it ignored; undici 8 does not. The caller sees a retryable failure, never a wrong answer.
  test('a 100 that nobody asked for: reset', async () => {
    const upstream = await startUpstream(reply(`HTTP/1.1 100 Continue\r\n\r\n${OK}`));
    const seen = await send(transport(), upstream.origin).over();
    expect(seen.failure?.kind).toBe('reset');
  });

  test('nobody listens: connect', async () => {
    const upstream = await startUpstream(reply(OK));
    const { origin } = upstream;
    await upstream.stop();
    const seen = await send(transport(), origin).over();
    expect([seen.steps, seen.failure?.kind]).toEqual([['fail connect'], 'connect']);
  });

  test('a name that does not exist: connect', async () => {
    const seen = await send(transport(), 'http://no-such-host.invalid').over();
    expect(seen.failure?.kind).toBe('connect');
  });

  test('a handshake that takes too long: connect', async () => {
    const upstream = await startUpstream(reply(OK));
    const by = transport({ connect_timeout_ms: 40 });
    const seen = await send(by, upstream.origin.replace('http:', 'https:')).over();
    expect([seen.failure?.kind, seen.is_sent]).toEqual(['connect', false]);
    await upstream.connections[0]?.closed;
  });

  test('a header that cannot be sent: a failure, not an exception, and nothing is sent', async () => {
    const upstream = await startUpstream(reply(OK));
    const seen = await send(transport(), upstream.origin, { headers: ['x-key', 'a\r\nb'] }).over();
    expect(seen.failure?.kind).toBe('connect');
    expect(upstream.connections).toHaveLength(0);
  });

  test('silence before the head: head_timeout, and the connection is closed', async () => {
    const upstream = await startUpstream(() => undefined);
    const seen = await send(transport(), upstream.origin, { head_timeout_ms: 50 }).over();
    expect([seen.steps, seen.failure?.kind]).toEqual([['fail head_timeout'], 'head_timeout']);
    await upstream.connections[0]?.closed;
  });

  test('silence in the body: idle_timeout, and the connection is closed', async () => {
    const upstream = await startUpstream(reply('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab'));
    const seen = await send(transport(), upstream.origin, { idle_timeout_ms: 50 }).over();
    expect(seen.failure?.kind).toBe('idle_timeout');
    expect(seen.body).toBe('ab');
    await upstream.connections[0]?.closed;
  });

  test('a kept connection that the server closes just as it is used: reset, and not sent again by itself', async () => {
    const upstream = await startUpstream(({ socket, requests }) => {
      if (requests.length === 1) socket.write(OK);
      // The close overtakes the answer, as when a server's idle timer runs out at this moment.
      else socket.resetAndDestroy();
    });
    const by = transport({ max_connections: 1 });
    await send(by, upstream.origin).over();
    const raced = await send(by, upstream.origin).over();
    expect(raced.failure?.kind).toBe('reset');
    expect(classify({ type: 'transport', kind: 'reset' }, 0)).toMatchObject({ retryable: true, scope: 'transient' });
    const again = await send(by, upstream.origin).over();
    expect(again.steps.at(-1)).toBe('end');
    expect(upstream.requests).toHaveLength(3);
    expect(upstream.connections).toHaveLength(2);
  });

  test('a kept connection that the server has closed is not used any more', async () => {
    const upstream = await startUpstream(({ socket }) => {
      socket.write(OK, () => setImmediate(() => socket.end()));
    });
    const by = transport({ max_connections: 1 });
    for (let i = 0; i < 3; i += 1) {
      const seen = await send(by, upstream.origin).over();
      expect(seen.steps.at(-1)).toBe('end');
      await upstream.connections[i]?.closed;
      await settle();
    }
    expect(upstream.connections).toHaveLength(3);
  });
});

describe('TLS', () => {
  const certificates: Certificates = makeCertificates();

  test('a certificate of nobody known: connect, and nothing was sent', async () => {
    const upstream = await startUpstream(reply(OK), certificates.stranger);
    const seen = await send(transport(), upstream.origin.replace('http:', 'https:')).over();
    expect([seen.steps, seen.failure?.kind]).toEqual([['fail connect'], 'connect']);
    expect(seen.failure?.cause).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(upstream.requests).toHaveLength(0);
  });

  test('TLS to a port that does not speak it: connect', async () => {
    const upstream = await startUpstream(reply(OK));
    const seen = send(transport(), upstream.origin.replace('http:', 'https:'));
    while (upstream.connections.length === 0) await settle(1);
    upstream.connections[0]?.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    await seen.over();
    expect(seen.failure?.kind).toBe('connect');
  });
});
