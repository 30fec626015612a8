import { expect, it } from 'vitest';
import { ADMIN_KEY, errorOf, startForTest, TENANT_KEY } from './harness.ts';
import { call, stream } from './http.ts';

it('shows events as they happen', async () => {
  const { admin, chat, events } = await startForTest();
  const seen = await events();
  expect(seen.incoming.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  await chat({});
  const opened = await seen.next();
  expect(opened.event).toBe('call.opened');
  expect(JSON.parse(opened.data)).toMatchObject({ type: 'call.opened', tenant: 'acme', ts_ms: expect.any(Number) });
  expect((await seen.next()).event).toBe('call.ended');
  const key = await admin('POST', '/keys', { tenant: 'acme', id: 'k2' });
  const put = await seen.next((block) => block.event === 'entity.put');
  expect(JSON.parse(put.data)).toMatchObject({ kind: 'key', id: 'acme/k2', by: 'root', value: { hash: '***' } });
  expect(put.data).not.toContain(String(key.json['hash']).slice(7));
  expect((await seen.next()).event).toBe('config.applied');
  seen.close();
});

it('shows only the types asked for', async () => {
  const { admin, chat, events } = await startForTest();
  const seen = await events('?types=kill.set,call.refused');
  await chat({});
  await chat({ model: 'nope' });
  await admin('POST', '/kill', { scope: 'model', id: 'small', on: true, reason: 'x' });
  expect([(await seen.next()).event, (await seen.next()).event]).toEqual(['call.refused', 'kill.set']);
  seen.close();
});

it('refuses types that are none', async () => {
  const { admin } = await startForTest();
  const reply = await admin('GET', '/events?types=call.ended,nope');
  expect([reply.status, errorOf(reply).param]).toEqual([400, 'types']);
});

it('keeps no stored answer of an idempotent call in view', async () => {
  const { events, url } = await startForTest();
  const seen = await events('?types=idempotency.stored');
  await call(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TENANT_KEY}`, 'idempotency-key': 'one' },
    body: JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'hello' }] }),
  });
  const data = JSON.parse((await seen.next()).data) as Record<string, unknown>;
  expect(data).toMatchObject({ type: 'idempotency.stored', stored: true });
  expect(data).not.toHaveProperty('sealed');
  seen.close();
});

it('counts what a reader was too slow for', async () => {
  const { events, router } = await startForTest();
  const seen = await events('?types=config.rejected');
  seen.incoming.pause();
  const first = 'x'.repeat(16_384);
  // More than the sockets and the buffer of the stream can hold.
  for (let i = 0; i < 3_000; i += 1) router.bus.append({ type: 'config.rejected', problems: i, first });
  seen.incoming.resume();
  let count = 0;
  let last = -1;
  let block = await seen.next();
  for (; block.event === 'config.rejected'; block = await seen.next()) {
    const { problems } = JSON.parse(block.data) as { problems: number };
    expect(problems).toBe(last + 1);
    last = problems;
    count += 1;
  }
  expect(block.event).toBe('dropped');
  expect(JSON.parse(block.data)).toEqual({ count: 3_000 - count });
  expect(count).toBeLessThan(3_000);
  router.bus.append({ type: 'config.rejected', problems: 1, first: 'after' });
  expect((await seen.next()).data).toContain('after');
  seen.close();
});

it('ends with the key that opened it', async () => {
  const { admin, url } = await startForTest();
  const made = await admin('POST', '/keys', { admin: true, id: 'second' });
  const seen = await stream(`${url}/admin/v1/events?types=kill.set`, {
    headers: { authorization: `Bearer ${String(made.json['key'])}` },
  });
  await seen.next();
  await admin('DELETE', '/keys/@admin/second');
  expect(await seen.rest()).toEqual([]);
  expect(seen.incoming.complete).toBe(true);
});

it('ends cleanly when the router stops', async () => {
  const { events, stop } = await startForTest();
  const seen = await events();
  const stopped = stop();
  expect((await seen.rest()).map((block) => block.event)).toEqual(['node.stopped']);
  expect(seen.incoming.complete).toBe(true);
  await stopped;
});

it('opens a bounded number of streams, whatever else listens', async () => {
  const { url } = await startForTest();
  const open = () => stream(`${url}/admin/v1/events`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
  const streams = await Promise.all(Array.from({ length: 70 }, open));
  const refused = streams.filter((one) => one.incoming.statusCode === 503);
  expect(refused.length).toBe(6);
  const closed = streams.find((one) => one.incoming.statusCode === 200);
  closed?.close();
  for (const one of streams) one.close();
});
