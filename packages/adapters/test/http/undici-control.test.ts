import { describe, expect, test } from 'vitest';
import { settle } from './support/test-server.ts';
import { type Connection, type Seen, send, startUpstream, transport } from './support/upstream.ts';

const PIECE = 'x'.repeat(65_536);
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Pours out an endless body and minds back-pressure. Returns a counter of what was written. */
function pour({ socket }: Connection): { bytes: number } {
  const written = { bytes: 0 };
  const more = (): void => {
    while (!socket.destroyed) {
      written.bytes += PIECE.length;
      if (!socket.write(PIECE)) return;
    }
  };
  socket.on('drain', more);
  socket.write('HTTP/1.1 200 OK\r\n\r\n');
  more();
  return written;
}

/** Waits until a number stops changing. */
async function atRest(read: () => number): Promise<number> {
  for (let before = -1; ; ) {
    const now = read();
    if (now === before) return now;
    before = now;
    await settle(50);
  }
}

/** Pauses at the first piece of the body. */
function pauseOnce(seen: Seen): void {
  seen.onData = () => {
    seen.onData = () => undefined;
    seen.exchange?.pause();
  };
}

describe('pause and resume', () => {
  test('a paused exchange stops the upstream within the sockets, and resuming goes on with the very next byte', async () => {
    let written = { bytes: 0 };
    const upstream = await startUpstream((connection) => {
      written = pour(connection);
    });
    const seen = send(transport(), upstream.origin);
    seen.onData = () => seen.exchange?.pause();
    await seen.until(() => seen.body_bytes > 0);
    for (let round = 0; round < 3; round += 1) {
      const stopped_at = await atRest(() => written.bytes);
      const read = seen.body_bytes;
      expect(stopped_at - read).toBeLessThan(16_777_216);
      await settle(50);
      expect(seen.body_bytes).toBe(read);
      seen.exchange?.resume();
      await seen.until(() => seen.body_bytes > read);
    }
    seen.onData = () => undefined;
    seen.exchange?.resume();
    const target = seen.body_bytes + 33_554_432;
    await seen.until(() => seen.body_bytes > target);
    seen.exchange?.cancel();
    await upstream.connections[0]?.closed;
    // The body is cut off at a million bytes for comparing.
    expect(/^x+$/.test(seen.body)).toBe(true);
  });

  test('pausing outside of a callback holds back all but what is under way', async () => {
    let written = { bytes: 0 };
    const upstream = await startUpstream((connection) => {
      written = pour(connection);
    });
    const seen = send(transport(), upstream.origin);
    await seen.until(() => seen.body_bytes > 1_000_000);
    seen.exchange?.pause();
    await atRest(() => written.bytes);
    const read = seen.body_bytes;
    await settle(50);
    expect(seen.body_bytes).toBe(read);
  });

  test('a pause does not count as silence of the upstream', async () => {
    const upstream = await startUpstream(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab');
    });
    const by = transport();
    const paused = send(by, upstream.origin, { idle_timeout_ms: 50 });
    pauseOnce(paused);
    await paused.until(() => paused.body === 'ab');
    // One that began later and is not paused runs out of patience first.
    const impatient = await send(by, upstream.origin, { idle_timeout_ms: 50 }).over();
    expect(impatient.failure?.kind).toBe('idle_timeout');
    expect(paused.failure).toBeUndefined();
    upstream.connections[0]?.socket.write('cd');
    await settle(20);
    paused.exchange?.resume();
    await paused.over();
    expect([paused.body, paused.steps.at(-1)]).toEqual(['abcd', 'end']);
  });

  test('an upstream that ends while it is paused: the rest comes and the end is an end', async () => {
    const upstream = await startUpstream(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab');
    });
    const seen = send(transport(), upstream.origin);
    pauseOnce(seen);
    await seen.until(() => seen.body === 'ab');
    upstream.connections[0]?.socket.end('cd');
    await settle(20);
    seen.exchange?.resume();
    await seen.over();
    expect([seen.body, seen.steps.at(-1)]).toEqual(['abcd', 'end']);
  });
});

describe('cancel', () => {
  test('before the head: the upstream sees its connection close, and no callback follows', async () => {
    const upstream = await startUpstream(() => undefined);
    const seen = send(transport(), upstream.origin);
    while (upstream.requests.length === 0) await settle(1);
    seen.exchange?.cancel();
    await upstream.connections[0]?.closed;
    await settle();
    expect(seen.steps).toEqual([]);
    seen.exchange?.cancel();
  });

  test('in the body', async () => {
    const upstream = await startUpstream(pour);
    const seen = send(transport(), upstream.origin);
    await seen.until(() => seen.body_bytes > 0);
    const steps = seen.steps.length;
    seen.exchange?.cancel();
    await upstream.connections[0]?.closed;
    await settle();
    expect(seen.steps).toHaveLength(steps);
  });

  test.each(['head', 'data'])('from inside the callback of the %s', async (when) => {
    const upstream = await startUpstream(pour);
    const seen = send(transport(), upstream.origin);
    if (when === 'data') seen.onData = () => seen.exchange?.cancel();
    else {
      const { step } = seen;
      seen.step = (name) => {
        step.call(seen, name);
        seen.exchange?.cancel();
      };
    }
    await seen.until(() => seen.steps.includes(when));
    await upstream.connections[0]?.closed;
    await settle();
    expect(seen.steps.at(-1)).toBe(when);
    expect(seen.body_bytes).toBeLessThanOrEqual(PIECE.length);
  });

  test('while it is paused', async () => {
    const upstream = await startUpstream(pour);
    const seen = send(transport(), upstream.origin);
    seen.onData = () => seen.exchange?.pause();
    await seen.until(() => seen.body_bytes > 0);
    seen.exchange?.cancel();
    await upstream.connections[0]?.closed;
    seen.exchange?.resume();
    await settle();
    expect(seen.steps).toEqual(['head', 'data']);
  });

  test('at once, before there is a connection: nothing is ever sent', async () => {
    const upstream = await startUpstream(({ socket }) => void socket.write(OK));
    const by = transport({ max_connections: 1 });
    const seen = send(by, upstream.origin, { path: '/cancelled' });
    seen.exchange?.cancel();
    const other = await send(by, upstream.origin, { path: '/other' }).over();
    expect(other.steps.at(-1)).toBe('end');
    expect(upstream.requests.map((request) => request.split(' ')[1])).toEqual(['/other']);
    expect([seen.steps, seen.is_sent, other.is_sent]).toEqual([[], false, true]);
  });

  test('while it waits for a connection: it is never sent, and those behind it are', async () => {
    const waiting: Connection[] = [];
    const upstream = await startUpstream((connection) => void waiting.push(connection));
    const by = transport({ max_connections: 1 });
    const first = send(by, upstream.origin, { path: '/1' });
    while (waiting.length === 0) await settle(1);
    const second = send(by, upstream.origin, { path: '/2' });
    const third = send(by, upstream.origin, { path: '/3' });
    expect([first.is_sent, second.is_sent]).toEqual([true, false]);
    second.exchange?.cancel();
    waiting[0]?.socket.write(OK);
    await first.over();
    while (waiting.length < 2) await settle(1);
    waiting[1]?.socket.write(OK);
    await third.over();
    expect(upstream.requests.map((request) => request.split(' ')[1])).toEqual(['/1', '/3']);
    expect([second.steps, second.is_sent, third.is_sent]).toEqual([[], false, true]);
  });

  test('after the end it is harmless, and the connection is still used', async () => {
    const upstream = await startUpstream(({ socket }) => void socket.write(OK));
    const by = transport({ max_connections: 1 });
    const seen = await send(by, upstream.origin).over();
    seen.exchange?.cancel();
    seen.exchange?.pause();
    seen.exchange?.resume();
    await send(by, upstream.origin).over();
    expect(upstream.connections).toHaveLength(1);
  });
});

describe('close', () => {
  test('ends what runs, what waits and what comes later with `cancelled`, and closes the connections', async () => {
    const upstream = await startUpstream(pour);
    const by = transport({ max_connections: 2 });
    const running = [send(by, upstream.origin), send(by, upstream.origin)];
    await Promise.all(running.map((seen) => seen.until(() => seen.body_bytes > 0)));
    const waiting = send(by, upstream.origin);
    await by.close();
    for (const seen of [...running, waiting]) expect((await seen.over()).failure?.kind).toBe('cancelled');
    await Promise.all(upstream.connections.map((connection) => connection.closed));
    const late = await send(by, upstream.origin).over();
    const elsewhere = await send(by, 'http://127.0.0.1:9').over();
    expect([late.failure?.kind, elsewhere.failure?.kind]).toEqual(['cancelled', 'cancelled']);
    await by.close();
  });
});
