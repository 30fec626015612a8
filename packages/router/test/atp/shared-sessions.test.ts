import { findValkey, ValkeyServer } from '@atp-router/adapters/testing';
import { http } from '@atp-router/sdk/http';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { configOf, dataDir, hashOf, type Running, start, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { childRouter, clientOf, type Prompts, prompts, relay, sharing } from './support/shared-rig.ts';

async function metric({ router }: Running, name: string): Promise<number> {
  const line = (await router.metrics.render()).split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.split(' ').at(-1));
}

/** How a router refuses the first frame of a connection. */
function refusedBy(url: string, frame: object): Promise<{ readonly code: number; readonly error: string }> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, ['atp.v1']);
  let error = '';
  socket.addEventListener('open', () => socket.send(JSON.stringify(frame)));
  socket.addEventListener('message', ({ data }) => {
    error = /"code":"([A-Z]+)"/.exec(String(data))?.[1] ?? '';
  });
  return new Promise((resolve) => {
    socket.addEventListener('close', ({ code }) => resolve({ code, error }));
  });
}

const ask = (n: number) => ({ prompt: `prompt ${n}`, model: 'small', stream: false });

const TASKS = 24;

interface Group {
  readonly upstream: Prompts;
  readonly more: Readonly<Record<string, unknown>>;
}

/** The router of a client is killed while it works on tasks; the client goes on at another one. */
async function killedAmid({ upstream, more }: Group, { answers_before }: { readonly answers_before: boolean }) {
  const [first, second] = await Promise.all([childRouter(more), startForTest(more)]);
  const way = await relay(first.url);
  const { client, links } = clientOf(way.url);
  const tasks = Array.from({ length: TASKS }, (_, n) => client.task(ask(n)).result());
  const outcomes = Promise.allSettled(tasks);
  if (answers_before) {
    upstream.release();
    await Promise.race(tasks);
  } else await expect.poll(() => upstream.seen.length).toBeGreaterThan(0);
  way.leadTo(second.url);
  await first.kill();
  upstream.release();
  let [done, interrupted] = [0, 0];
  for (const [n, outcome] of (await outcomes).entries()) {
    const times = upstream.seen.filter((prompt) => prompt === `prompt ${n}`).length;
    if (outcome.status === 'fulfilled') {
      done += 1;
      expect(outcome.value.text).toBe('Done.');
      expect(times).toBe(1);
    } else {
      interrupted += 1;
      expect(outcome.reason).toMatchObject({ code: 'EAGENTDOWN' });
      expect(times).toBeLessThanOrEqual(1);
    }
  }
  // All tasks may be done before the client sees that its connection is gone: the next one needs another.
  expect((await client.task(ask(99)).result()).text).toBe('Done.');
  expect(links.filter((event) => event.type === 'connected').map((event) => event.resumed)).toEqual([false, true]);
  expect(await metric(second, 'atp_session_store_moved_total{way="in"}')).toBe(1);
  return { done, interrupted };
}

describe.skipIf(findValkey() === undefined)('routers that share a server of sessions', { timeout: 120_000 }, () => {
  let server: ValkeyServer;
  let groups = 0;
  const group = async (): Promise<Group> => {
    groups += 1;
    const upstream = await prompts();
    return { upstream, more: sharing(server, upstream.base_url, `group${groups}`) };
  };
  beforeAll(async () => {
    server = await ValkeyServer.start({ is_persistent: true });
  });
  afterAll(() => server.stop());

  test('one is killed: its client resumes at another, and each task is done once or told as interrupted', async () => {
    const { done, interrupted } = await killedAmid(await group(), { answers_before: false });
    expect(interrupted).toBeGreaterThan(0);
    expect(done + interrupted).toBe(TASKS);
  });

  test('one is killed while it answers: the same', async () => {
    const { done, interrupted } = await killedAmid(await group(), { answers_before: true });
    expect(done).toBeGreaterThan(0);
    expect(done + interrupted).toBe(TASKS);
  });

  test('one is stopped: what it had not begun is begun by the other, once', async () => {
    const { upstream, more } = await group();
    const first = await start({ config: configOf(dataDir(), more) });
    const second = await startForTest(more);
    const way = await relay(first.url);
    const { client } = clientOf(way.url);
    const running = client.task(ask(1)).result();
    await expect.poll(() => upstream.seen).toEqual(['prompt 1']);
    const stopped = first.stop();
    const late = [client.task(ask(2)).result(), client.task(ask(3)).result()];
    way.leadTo(second.url);
    upstream.release();
    expect((await running).text).toBe('Done.');
    await stopped;
    expect((await Promise.all(late)).map(({ text }) => text)).toEqual(['Done.', 'Done.']);
    expect([...upstream.seen].sort()).toEqual(['prompt 1', 'prompt 2', 'prompt 3']);
  });

  test('a client that comes to another while the first one lives has its session there; the first lets go of it', async () => {
    const { upstream, more } = await group();
    const [first, second] = await Promise.all([startForTest(more), startForTest(more)]);
    const way = await relay(first.url);
    const { client, links } = clientOf(way.url);
    const running = client.task(ask(1)).result();
    await expect.poll(() => upstream.seen).toEqual(['prompt 1']);
    way.leadTo(second.url);
    way.cut();
    await expect(running).rejects.toMatchObject({ code: 'EAGENTDOWN' });
    // Also the task that it works on, as nobody will have its answer.
    await expect.poll(() => upstream.given_up.has('prompt 1'), { timeout: 30_000 }).toBe(true);
    upstream.release();
    way.leadTo(first.url);
    way.cut();
    expect((await client.task(ask(2)).result()).text).toBe('Done.');
    await expect.poll(() => metric(second, 'atp_sessions{state="connected"}'), { timeout: 30_000 }).toBe(0);
    expect(await metric(first, 'atp_sessions{state="connected"}')).toBe(1);
    expect(links.filter((event) => event.type === 'connected' && !event.resumed)).toHaveLength(1);
    expect(upstream.seen).toEqual(['prompt 1', 'prompt 2']);
  });

  test('one that stood still, and goes on when its client has left it, begins nothing and changes nothing', async () => {
    const { upstream, more } = await group();
    const [first, second] = await Promise.all([childRouter(more), startForTest(more)]);
    const way = await relay(first.url);
    const { client } = clientOf(way.url);
    const running = client.task(ask(1)).result();
    await expect.poll(() => upstream.seen).toEqual(['prompt 1']);
    first.freeze();
    // Its frames are in the hands of the first one's system, which it reads when it goes on.
    const late = client.task(ask(2)).result();
    await way.settled();
    way.leadTo(second.url);
    way.cut();
    await expect(running).rejects.toMatchObject({ code: 'EAGENTDOWN' });
    await expect.poll(() => upstream.seen).toEqual(['prompt 1', 'prompt 2']);
    first.thaw();
    await expect.poll(() => upstream.given_up.has('prompt 1'), { timeout: 30_000 }).toBe(true);
    upstream.release();
    expect((await late).text).toBe('Done.');
    expect((await client.task(ask(3)).result()).text).toBe('Done.');
    expect(upstream.seen).toEqual(['prompt 1', 'prompt 2', 'prompt 3']);
    expect(upstream.given_up).toEqual(new Set(['prompt 1']));
  });

  test('while the server is away, a client that resumes keeps its session, and has it when it is back', async () => {
    const { upstream, more } = await group();
    upstream.release();
    const [first, second] = await Promise.all([startForTest(more), startForTest(more)]);
    const way = await relay(first.url);
    const { client, links } = clientOf(way.url);
    expect((await client.task(ask(1)).result()).text).toBe('Done.');
    await server.halt();
    way.leadTo(second.url);
    way.cut();
    const task = client.task(ask(2)).result();
    await expect.poll(() => links.at(-1)?.type).toBe('connecting');
    await server.resume();
    expect((await task).text).toBe('Done.');
    expect(links.filter((event) => event.type === 'connected' && !event.resumed)).toHaveLength(1);
  });

  test('over plain HTTP, with signed frames, as over a WebSocket', async () => {
    const { upstream, more } = await group();
    upstream.release();
    const secret = 'ab'.repeat(32);
    const keys = [{ id: 'k1', hash: hashOf(TENANT_KEY) }];
    const tenants = [{ id: 'acme', keys, signing_keys: [{ id: 's1', secret }], require_signatures: true }];
    const [first, second] = await Promise.all([startForTest({ ...more, tenants }), startForTest({ ...more, tenants })]);
    const way = await relay(first.url);
    const { client, links } = clientOf(way.url, { transport: http, signing_keys: [{ id: 's1', secret }] });
    expect((await client.task(ask(1)).result()).text).toBe('Done.');
    way.leadTo(second.url);
    way.cut();
    expect((await client.task(ask(2)).result()).text).toBe('Done.');
    expect(await metric(second, 'atp_session_store_moved_total{way="in"}')).toBe(1);
    expect(links.filter((event) => event.type === 'connected' && !event.resumed)).toHaveLength(1);
  });

  test('a token that is none opens no session of another router, and harms none', async () => {
    const { upstream, more } = await group();
    upstream.release();
    const [first, second] = await Promise.all([startForTest(more), startForTest(more)]);
    const way = await relay(first.url);
    const { client } = clientOf(way.url);
    expect((await client.task(ask(1)).result()).text).toBe('Done.');
    const rows = (await first.admin('GET', '/sessions')).json['data'] as readonly { readonly session_id: string }[];
    const session_id = rows[0]?.session_id ?? '';
    const payload = { type: 'control.resume', content: { token: 'A'.repeat(43) } };
    const frame = { v: 1, session_id, stream_id: '0', msg_seq: 9, flags: ['SYN', 'CTRL'], payload };
    for (const id of [session_id, 'no-such-session']) {
      expect(await refusedBy(second.url, { ...frame, session_id: id })).toEqual({ code: 1008, error: 'ESEC' });
    }
    expect((await client.task(ask(2)).result()).text).toBe('Done.');
    expect(await metric(second, 'atp_session_store_moved_total{way="in"}')).toBe(0);
  });

  test('without its server a router does not start, and can be started when that is there', async () => {
    const { more } = await group();
    const away = await ValkeyServer.start();
    await away.halt();
    onTestFinished(() => away.stop());
    const store = { type: 'valkey', url: away.url(), seal_key: '0f'.repeat(32) };
    const config = configOf(dataDir(), { ...more, sessions: { store } });
    await expect(start({ config })).rejects.toMatchObject({ code: 'config_invalid', param: 'sessions.store.url' });
    await away.resume();
    const running = await start({ config });
    await running.stop();
  });
});
