import { describe, expect, it } from 'vitest';
import { signal } from '../http/support/test-server.ts';
import { type Echo, KEY_A, message } from './support/echo.ts';
import { type FrameServer, startFrames } from './support/frame-server.ts';
import { EventClient, openStream } from './support/stream-client.ts';
import { RawClient } from '../http/support/raw-client.ts';

const sequence = (client: EventClient): number[] => client.frames.map(({ msg_seq }) => msg_seq);
const ids = (client: EventClient): string[] => client.events.map(({ id }) => id);

async function open(more: Parameters<typeof startFrames>[0] = {}): Promise<FrameServer & { path: string; echo: Echo }> {
  const server = await startFrames(more);
  const path = await openStream(server.port);
  return { ...server, path, echo: await server.acceptor.next() };
}

describe('GET of events', () => {
  it('gives every frame as an event in JSON, also one that was sent as CBOR, with ids that rise by one', async () => {
    const { port, path, echo, acceptor } = await open();
    expect(echo.send(message(0, 'ä\n☃'))).toBe(true);
    const client = await EventClient.open(port, path);
    echo.connection.send(JSON.stringify(message(1), undefined, 2));
    await client.count(2);
    expect(client.frames).toEqual([message(0, 'ä\n☃'), message(1)]);
    expect(ids(client)).toEqual(['1', '2']);
    expect(client.res?.headers).toMatchObject({
      ...{ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    });
    acceptor.encoding = 'cbor';
    const other = await openStream(port);
    const reader = await EventClient.open(port, other);
    (await acceptor.next()).send(message(5));
    expect((await reader.count(1)).frames).toEqual([message(5)]);
  });

  it('goes on behind the last event that the client has', async () => {
    const { port, path, echo } = await open();
    for (let i = 0; i < 5; i += 1) echo.send(message(i));
    const first = await (await EventClient.open(port, path)).count(5);
    first.cut();
    echo.send(message(5));
    const second = await (await EventClient.open(port, path, '3')).count(3);
    expect([sequence(second), ids(second)]).toEqual([
      [3, 4, 5],
      ['4', '5', '6'],
    ]);
    second.cut();
    const third = await (await EventClient.open(port, path)).count(6);
    expect(sequence(third)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('is answered with 410 when the events behind that one are gone, and with 400 when it never was', async () => {
    const { port, path, echo } = await open({ limits: { kept_events: 3 } });
    for (let i = 0; i < 10; i += 1) echo.send(message(i));
    const client = await (await EventClient.open(port, path)).count(10);
    client.cut();
    const gone = await (await EventClient.open(port, path, '6')).over();
    expect([gone.status, JSON.parse(gone.body)]).toMatchObject([410, { error: { code: 'events_gone' } }]);
    expect((await EventClient.open(port, path)).status).toBe(410);
    for (const id of ['11', '-1', 'x', '1e1', '9'.repeat(30)]) {
      expect((await EventClient.open(port, path, id)).status).toBe(400);
    }
    expect(sequence(await (await EventClient.open(port, path, '7')).count(3))).toEqual([7, 8, 9]);
  });

  it('keeps what was sent within a bound on bytes, and what was not sent in any case', async () => {
    const { port, path, echo } = await open({ limits: { kept_bytes: 1_000 } });
    for (let i = 0; i < 10; i += 1) echo.send(message(i, 'x'.repeat(500)));
    const client = await (await EventClient.open(port, path)).count(10);
    client.cut();
    expect((await EventClient.open(port, path, '7')).status).toBe(410);
    expect(sequence(await (await EventClient.open(port, path, '9')).count(1))).toEqual([9]);
  });

  it('replaces an older one, which ends', async () => {
    const { port, path, echo } = await open();
    const older = await EventClient.open(port, path);
    echo.send(message(0));
    await older.count(1);
    const newer = await EventClient.open(port, path, '1');
    await older.over();
    echo.send(message(1));
    expect(sequence(await newer.count(1))).toEqual([1]);
    expect(sequence(older)).toEqual([0]);
  });

  it('says something while there is nothing to say', async () => {
    const { port, path } = await open({ limits: { heartbeat_ms: 5 } });
    const client = await EventClient.open(port, path);
    await client.until(() => client.comments >= 3);
    expect(client.events).toEqual([]);
  });

  it('ends with an event that says why, once all is read', async () => {
    const { port, path, echo, streams } = await open();
    const client = await EventClient.open(port, path);
    echo.send(message(0));
    echo.connection.close('superseded', 'taken over');
    await client.over();
    expect(sequence(client)).toEqual([0]);
    expect(client.events[1]).toEqual({ id: '', event: 'close', data: '{"code":4003,"reason":"taken over"}' });
    expect(streams.size).toBe(0);
  });

  it('after the close still gives what was sent before', async () => {
    const { port, path, echo, streams } = await open();
    echo.send(message(0));
    echo.connection.close('done');
    expect(echo.send(message(1))).toBe(false);
    const client = await (await EventClient.open(port, path)).over();
    expect(sequence(client)).toEqual([0]);
    expect(client.events[1]?.event).toBe('close');
    expect(streams.size).toBe(0);
    expect((await EventClient.open(port, path)).status).toBe(404);
  });

  it('answers HEAD without taking the events from who reads them', async () => {
    const { port, path, echo } = await open();
    const client = await EventClient.open(port, path);
    for (let i = 0; i < 3; i += 1) echo.send(message(i));
    await client.count(3);
    const raw = await RawClient.open(port);
    raw.send(`HEAD ${path}/events HTTP/1.1\r\nhost: test\r\nx-api-key: ${KEY_A}\r\n\r\n`);
    expect(await raw.until((text) => text.includes('\r\n\r\n'))).toContain('200 OK');
    echo.send(message(3));
    expect(sequence(await client.count(4))).toEqual([0, 1, 2, 3]);
  });
});

describe('a connection of the fallback', () => {
  it('that nobody reads is closed after its time, first or later', async () => {
    const { port, path, echo, streams } = await open({ limits: { absent_ms: 30 } });
    const client = await EventClient.open(port, path);
    echo.send(message(0));
    await client.count(1);
    client.cut();
    expect(await echo.ended.promise).toMatchObject({ code: 4004, by: 'here' });
    expect(streams.size).toBe(0);
    const never = await openStream(port);
    expect((await EventClient.open(port, path)).status).toBe(404);
    expect(never).not.toBe(path);
  });

  it('tells that its reader is slow, and when there is room again', async () => {
    const { port, path, echo } = await open();
    const drained = signal();
    echo.onDrained = () => drained.give();
    const client = await EventClient.open(port, path);
    client.res?.pause();
    let sent = 0;
    while (echo.send(message(sent, 'x'.repeat(200_000)))) {
      sent += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    sent += 1;
    expect(echo.connection.buffered_bytes).toBeGreaterThan(65_536);
    client.res?.resume();
    await drained.promise;
    expect(echo.drains).toBe(1);
    expect(sequence(await client.count(sent))).toEqual(Array.from({ length: sent }, (_, i) => i));
  });

  it('whose reader does not read is given up when too much waits, with or without a reader', async () => {
    const { path, echo, port, acceptor } = await open({ limits: { unsent_bytes: 300_000 } });
    const client = await EventClient.open(port, path);
    client.res?.pause();
    const flood = (to: Echo): void => {
      while (!to.connection.closed) to.send(message(0, 'x'.repeat(100_000)));
    };
    flood(echo);
    expect(await echo.ended.promise).toMatchObject({ code: 4000 });
    client.res?.resume();
    await client.over();
    await openStream(port);
    const unread = await acceptor.next();
    flood(unread);
    expect(await unread.ended.promise).toMatchObject({ code: 4000 });
  });

  it('whose reader takes nothing for its time loses the reader, and then is closed', async () => {
    const { port, path, echo } = await open({
      limits: { absent_ms: 20, unsent_bytes: 100_000_000 },
      http: { client_stall_ms: 40 },
    });
    const client = await EventClient.open(port, path);
    client.res?.pause();
    // More than the buffers of the network take.
    for (let i = 0; i < 150; i += 1) echo.send(message(i, 'x'.repeat(200_000)));
    expect(await echo.ended.promise).toMatchObject({ code: 4004 });
  });
});
