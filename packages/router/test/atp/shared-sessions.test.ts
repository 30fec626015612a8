import { findValkey, ValkeyServer } from '@atp-router/adapters/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configOf, dataDir, type Running, start, startForTest } from '../admin/harness.ts';
import { childRouter, clientOf, type Prompts, prompts, relay, sharing } from './support/shared-rig.ts';

async function metric({ router }: Running, name: string): Promise<number> {
  const line = (await router.metrics.render()).split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.split(' ').at(-1));
}

const ask = (n: number) => ({ prompt: `prompt ${n}`, model: 'small', stream: false });

describe.skipIf(findValkey() === undefined)('routers that share a server of sessions', { timeout: 120_000 }, () => {
  let server: ValkeyServer;
  let groups = 0;
  const group = async (): Promise<{ upstream: Prompts; more: Readonly<Record<string, unknown>> }> => {
    groups += 1;
    const upstream = await prompts();
    return { upstream, more: sharing(server, upstream.base_url, `group${groups}`) };
  };
  beforeAll(async () => {
    server = await ValkeyServer.start({ is_persistent: true });
  });
  afterAll(() => server.stop());

  test('one is killed: its client resumes at another, and each task is done once or told as interrupted', async () => {
    const { upstream, more } = await group();
    const [first, second] = await Promise.all([childRouter(more), startForTest(more)]);
    const way = await relay(first.url);
    const { client, links } = clientOf(way.url);
    const tasks = Array.from({ length: 24 }, (_, n) => client.task(ask(n)).result());
    const outcomes = Promise.allSettled(tasks);
    await expect.poll(() => upstream.seen.length).toBeGreaterThan(0);
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
    expect(interrupted).toBeGreaterThan(0);
    expect(done + interrupted).toBe(24);
    expect(links.filter((event) => event.type === 'connected').map((event) => event.resumed)).toEqual([false, true]);
    expect((await client.task(ask(99)).result()).text).toBe('Done.');
    expect(await metric(second, 'atp_session_store_moved_total{way="in"}')).toBe(1);
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
});
