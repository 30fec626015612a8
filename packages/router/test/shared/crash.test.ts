import { findPostgres, PostgresServer } from '@atp-router/adapters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataDir } from '../admin/harness.ts';
import { childRouter } from './support/child.ts';
import { ask, askStream, SEAL_KEY, type SharedConfig } from './support/routers.ts';
import { settled } from './support/time.ts';
import { NOTHING, numbers, recorded, restingTotals, totalsOf } from './support/totals.ts';
import { TestUpstream } from './support/upstream.ts';

let server: PostgresServer;

describe.skipIf(findPostgres() === undefined)('kill -9 of a router that shares its state', { timeout: 180_000 }, () => {
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(async () => {
    await server.stop();
  });

  it('does not disturb the others, and its calls are settled when it is back', async () => {
    const upstream = await TestUpstream.start();
    const url = server.createDatabase();
    const config: SharedConfig = {
      ...{ url, seal_key: SEAL_KEY },
      budget: { tokens_per_day: 1_000_000 },
      more: upstream.section,
    };
    const dir = dataDir();
    const [a, b] = await Promise.all([childRouter(dir, config), childRouter(dataDir(), config)]);
    const kept = { text: 'out:9', idempotency_key: 'kept' };
    const first = await ask(a.url, kept);
    expect(first.status).toBe(200);

    // Streams in the middle of their answers, one of them under an idempotency key.
    const cut = { text: 'tell', idempotency_key: 'cut' };
    const clients = [askStream(a.url, { text: 'tell' }), askStream(a.url, cut), askStream(a.url, { text: 'tell' })];
    for (let i = 0; i < clients.length; i += 1) (await upstream.nextStream()).words(5);
    for (const client of await Promise.all(clients)) await client.next((block) => block.data.includes('word'));
    while ((await totalsOf(url)).unended !== 3) await settled();
    await a.kill();

    // What it held is still held, and the other goes on.
    expect(await totalsOf(url)).toMatchObject({ unended: 3, reserved: { calls: 3 } });
    expect((await ask(b.url, { text: 'out:7' })).status).toBe(200);
    expect((await ask(b.url, kept)).text).toBe(first.text);

    const again = await childRouter(dir, config);
    const spent = await restingTotals(url);
    expect(spent.calls).toBe(5);
    expect((await totalsOf(url)).reserved).toEqual(NOTHING);
    while ((await recorded(url)).calls < 5) await settled();
    expect(await recorded(url)).toEqual(spent);
    // A call that a crash cut short is reported by every router, never run again.
    for (const router of [again, b]) expect((await ask(router.url, { ...cut })).status).toBe(422);
    const prompts = upstream.prompts.length;
    for (const router of [again, b]) {
      const reply = await askStream(router.url, cut);
      expect(reply.incoming.statusCode).toBe(409);
      expect((await ask(router.url, kept)).text).toBe(first.text);
    }
    expect(upstream.prompts).toHaveLength(prompts);
    await Promise.all([again.stop(), b.stop()]);
    expect(await numbers(url, 'SELECT COUNT(*) FROM shared_leases WHERE expires_ms > 0')).toEqual([0]);
  });

  it('loses and doubles nothing wherever it strikes (seeded moments)', async () => {
    const upstream = await TestUpstream.start();
    const url = server.createDatabase();
    const config: SharedConfig = { url, budget: { tokens_per_day: 1_000_000 }, more: upstream.section };
    const dir = dataDir();
    const b = await childRouter(dataDir(), config);
    for (const answered of [1, 7, 23]) {
      const a = await childRouter(dir, config);
      let count = 0;
      let killed: Promise<void> | undefined;
      const client = async (): Promise<void> => {
        while (killed === undefined) {
          const reply = await ask(a.url, { text: 'out:20' }).catch(() => undefined);
          if (reply?.status === 200) count += 1;
          if (count >= answered) killed ??= a.kill();
        }
      };
      await Promise.all([client(), client(), client(), client(), ask(b.url, { text: 'out:3' })]);
      await killed;
    }
    const last = await childRouter(dir, config);
    const spent = await restingTotals(url);
    await Promise.all([last.stop(), b.stop()]);
    expect(await recorded(url)).toEqual(spent);
    expect((await totalsOf(url)).reserved).toEqual(NOTHING);
    // Each request that reached the upstream has one record.
    expect(spent.calls).toBeGreaterThanOrEqual(upstream.prompts.length);
  });
});
