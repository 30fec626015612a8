import { AtpClient, AtpTaskError, type ReplyLike, type Runtime, systemRuntime } from '@atp-router/sdk';
import { auto } from '@atp-router/sdk/http';
import { describe, expect, test } from 'vitest';
import { startForTest, TENANT_KEY } from '../admin/harness.ts';
import { endless, through, upstream } from '../admin/upstream.ts';
import {
  all,
  broken,
  close,
  connected,
  expectWhole,
  HI,
  isEvents,
  isFrames,
  isOpening,
  rig,
  straight,
  type Way,
} from './sdk-http-rig.ts';

describe('a session over plain HTTP', () => {
  test('does many tasks at a time over one connection, one request with frames after the other', async () => {
    let under_way = 0;
    let most = 0;
    const { client, asked, events, running } = await rig(async (one, fetch) => {
      if (!isFrames(one)) return fetch();
      under_way += 1;
      most = Math.max(most, under_way);
      const reply = await fetch();
      under_way -= 1;
      return reply;
    });
    const tasks = Array.from({ length: 20 }, () => all(client.task(HI)));
    for (const task of await Promise.all(tasks)) expectWhole(task);
    await close({ client, running });
    expect([asked.filter(isOpening).length, asked.filter(isEvents).length, most]).toEqual([1, 1, 1]);
    expect(asked.filter(isFrames).map(({ headers }) => headers['content-type'])).toContain(
      'application/vnd.atp.frames',
    );
    expect(asked.every(({ headers }) => headers['authorization'] === `Bearer ${TENANT_KEY}`)).toBe(true);
    expect(connected(events)).toEqual([false]);
  });

  test('reads on behind the last event when its events are cut, over the same connection', async () => {
    let cuts = 0;
    const { client, asked, events, running } = await rig(async (one, fetch) => {
      const reply = await fetch();
      if (!isEvents(one) || cuts === 6) return reply;
      cuts += 1;
      return broken(reply, 3);
    });
    for (const task of await Promise.all(Array.from({ length: 10 }, () => all(client.task(HI))))) expectWhole(task);
    await close({ client, running });
    const ids = asked.filter(isEvents).map(({ headers }) => Number(headers['last-event-id'] ?? 0));
    expect(ids.length).toBeGreaterThan(3);
    expect(ids).toEqual(ids.toSorted((one, other) => one - other));
    expect(ids.at(-1)).toBeGreaterThan(0);
    expect(connected(events)).toEqual([false]);
  });

  test('is resumed over another connection when a request with frames fails, before or behind the router', async () => {
    let count = 0;
    const { client, events, running } = await rig(async (one, fetch) => {
      if (!isFrames(one) || count === 12) return fetch();
      count += 1;
      if (count % 4 === 1) throw new TypeError('fetch failed', { cause: new Error('cut before') });
      const reply = await fetch();
      if (count % 4 === 3) throw new TypeError('fetch failed', { cause: new Error('cut behind') });
      return reply;
    });
    for (let i = 0; i < 5; i += 1) expectWhole(await all(client.task(HI)));
    await close({ client, running });
    const [first, ...others] = connected(events);
    expect([first, new Set(others)]).toEqual([false, new Set([true])]);
    const reasons = events.flatMap((event) => (event.type === 'disconnected' ? [event.reason] : []));
    expect(new Set(reasons)).toEqual(new Set(['fetch failed: cut before', 'fetch failed: cut behind']));
  });

  test('is another one when the answer to its first frame is lost', async () => {
    let count = 0;
    const { client, events, running } = await rig(async (one, fetch) => {
      const reply = await fetch();
      if (!isOpening(one)) return reply;
      count += 1;
      return count < 3 ? broken(reply, 1) : reply;
    });
    expectWhole(await all(client.task(HI)));
    expect([count, connected(events)]).toEqual([3, [false]]);
    // Those that nobody knows of end by themselves (S32).
    expect((await running.admin('GET', '/sessions')).json['total']).toBe(3);
    await client.close();
  });

  test('is not taken away by a first frame that was given up and comes late, behind the next one', async () => {
    const first: (() => Promise<ReplyLike>)[] = [];
    const way: Way = async (one, fetch, late) => {
      if (!isOpening(one)) return fetch();
      first.push(late);
      if (first.length === 1) return new Promise(() => undefined);
      const reply = await fetch();
      expect((await first[0]?.())?.status).toBe(201);
      return reply;
    };
    const { client, events } = await rig(way, { connect_timeout_ms: 100 });
    expectWhole(await all(client.task(HI)));
    expect(connected(events)).toEqual([false]);
    await client.close();
  });

  test('goes on over a new connection when the router has closed the one that it had', async () => {
    let stolen = false;
    const { client, events, running } = await rig(async (one, fetch) => {
      if (!isEvents(one) || stolen) return fetch();
      stolen = true;
      // Nobody knows a connection of this name.
      return systemRuntime().fetch(`${running.url}/v1/streams/nobody/events`, { headers: one.headers });
    });
    expectWhole(await all(client.task(HI)));
    await close({ client, running });
    const [lost] = events.filter((event) => event.type === 'disconnected');
    expect(lost).toMatchObject({ code: 404, reason: expect.stringContaining('no such connection') });
    expect(connected(events)).toEqual([false, true]);
  });

  test('cancels the call upstream when the reader of its task leaves', async () => {
    const { answer, gone } = endless();
    const { client, running } = await rig(straight, {}, through((await upstream(answer)).base_url));
    for await (const event of client.task({ prompt: 'Hi', model: 'small' })) if (event.type === 'partial') break;
    await gone;
    await close({ client, running });
  });
});

describe('a key over plain HTTP', () => {
  test('that is not good fails the tasks with what the router says of it', async () => {
    const { client, asked, events, running } = await rig(straight, { key: 'wrong' });
    await expect(client.task(HI).result()).rejects.toThrow(AtpTaskError);
    await expect(client.task(HI).result()).rejects.toMatchObject({ code: 'ESEC' });
    expect(asked).toHaveLength(4);
    expect(events.at(-2)).toMatchObject({ type: 'disconnected', code: 401, retry_in_ms: undefined });
    await close({ client, running });
  });

  test('that is not good is told also where a WebSocket is tried first', async () => {
    const { client } = await rig(straight, { key: 'wrong', transport: auto });
    await expect(client.task(HI).result()).rejects.toMatchObject({ code: 'ESEC' });
    await client.close();
  });

  test('is asked for anew for each connection, and may be another', async () => {
    const keys = ['wrong', TENANT_KEY, TENANT_KEY];
    let has_cut = false;
    const way: Way = async (one, fetch) => {
      if (!isFrames(one) || has_cut) return fetch();
      has_cut = true;
      throw new TypeError('cut');
    };
    const { client, asked, running } = await rig(way, {
      key: () => Promise.resolve(keys.shift() ?? 'no more'),
      key_in: 'hello',
    });
    expectWhole(await all(client.task(HI)));
    await close({ client, running });
    expect(keys).toEqual([]);
    expect(asked.filter(isOpening).map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer wrong',
      `Bearer ${TENANT_KEY}`,
      `Bearer ${TENANT_KEY}`,
    ]);
  });
});

describe('a way that cannot carry it', () => {
  const answering = (status: number, body: string): Way => {
    return () => Promise.resolve(new Response(body, { status }) as unknown as ReplyLike);
  };

  test.each([400, 413, 415])('because a frame is refused with %i is not tried again', async (status) => {
    const { client, asked } = await rig(answering(status, '{"error":{"message":"That is no frame."}}'));
    const failed = client.task(HI).result();
    await expect(failed).rejects.toMatchObject({ code: 'EPROTO', message: 'That is no frame.' });
    expect(asked).toHaveLength(1);
  });

  test('because a proxy has another page fails after its attempts, and says why', async () => {
    const reconnect = { base_ms: 1, cap_ms: 2, attempts_max: 3 };
    const { client, asked } = await rig(answering(502, '<h1>Bad gateway</h1>'), { reconnect });
    const failed = client.task(HI).result();
    await expect(failed).rejects.toMatchObject({
      ...{ code: 'ETIMEOUT', message: expect.stringContaining('The answer has the status 502.') },
    });
    expect(asked).toHaveLength(3);
  });

  test('because events are missing is left for another connection', async () => {
    let has_skipped = false;
    const { client, events, running } = await rig(async (one, fetch) => {
      const reply = await fetch();
      if (!isEvents(one) || has_skipped) return reply;
      has_skipped = true;
      const { body, status } = new Response('id: 2\ndata: {}\n\n') as unknown as ReplyLike;
      return { ...{ ok: true, status, body, headers: reply.headers }, json: () => reply.json() };
    });
    expectWhole(await all(client.task(HI)));
    await close({ client, running });
    expect(events.find(({ type }) => type === 'disconnected')).toMatchObject({ code: 4400 });
    expect(connected(events)).toEqual([false, true]);
  });
});

test('`auto` takes plain HTTP where no WebSocket opens, and a WebSocket where one does', async () => {
  const real = systemRuntime();
  const running = await startForTest();
  const { url } = running;
  for (const [is_shut, expected] of [
    [true, 'http'],
    [false, 'websocket'],
  ] as const) {
    const used: string[] = [];
    class Shut {
      constructor() {
        throw new Error('No WebSocket gets through here.');
      }
    }
    const runtime: Runtime = {
      ...real,
      WebSocket: is_shut ? (Shut as unknown as Runtime['WebSocket']) : real.WebSocket,
      fetch: (to, init) => {
        used.push('http');
        return real.fetch(to, init);
      },
    };
    const reconnect = { base_ms: 1, cap_ms: 5 };
    const client = new AtpClient({ url, key: TENANT_KEY, transport: auto, reconnect }, runtime);
    expectWhole(await all(client.task(HI)));
    await close({ client, running });
    expect(used[0] ?? 'websocket').toBe(expected);
  }
});
