import { findPostgres, PostgresServer } from '@atp-router/adapters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataDir } from '../admin/harness.ts';
import { childRouter } from './support/child.ts';
import { ask, askStream, databaseOf, restingTotals, SEAL_KEY, type SharedConfig, totalsOf } from './support/routers.ts';
import { settled } from './support/time.ts';
import { TestUpstream } from './support/upstream.ts';

let server: PostgresServer;

/** What the records of all calls say, projected from the journals of all routers. */
function recorded(database: string): { calls: number; tokens: number; usd_nanos: number } {
  const text = server.query(
    database,
    'SELECT COUNT(*), COALESCE(SUM(in_tokens + out_tokens), 0), COALESCE(SUM(cost_usd_nanos), 0) FROM usage',
  );
  const [calls = 0, tokens = 0, usd_nanos = 0] = text.split('|').map(Number);
  return { calls, tokens, usd_nanos };
}

describe.skipIf(findPostgres() === undefined)('kill -9 of a router that shares its state', () => {
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(async () => {
    await server.stop();
  });

  it('does not disturb the others, and its calls are settled when it is back', async () => {
    const upstream = await TestUpstream.start();
    const url = server.createDatabase();
    const database = databaseOf(url);
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
    while (totalsOf(server, database).unended !== 3) await settled();
    await a.kill();

    // What it held is still held, and the other goes on.
    expect(totalsOf(server, database)).toMatchObject({ unended: 3, reserved: { calls: 3 } });
    expect((await ask(b.url, { text: 'out:7' })).status).toBe(200);
    expect((await ask(b.url, kept)).text).toBe(first.text);

    const again = await childRouter(dir, config);
    const spent = await restingTotals(server, database);
    expect(spent.calls).toBe(5);
    expect(totalsOf(server, database).reserved).toEqual({ calls: 0, tokens: 0, usd_nanos: 0 });
    while (recorded(database).calls < 5) await settled();
    expect(recorded(database)).toEqual(spent);
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
    expect(server.query(database, 'SELECT COUNT(*) FROM shared_leases WHERE expires_ms > 0')).toBe('0');
  });

  it('loses and doubles nothing wherever it strikes (seeded moments)', async () => {
    const upstream = await TestUpstream.start();
    const url = server.createDatabase();
    const database = databaseOf(url);
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
    const spent = await restingTotals(server, database);
    await Promise.all([last.stop(), b.stop()]);
    expect(recorded(database)).toEqual(spent);
    expect(totalsOf(server, database).reserved).toEqual({ calls: 0, tokens: 0, usd_nanos: 0 });
    // Each request that reached the upstream has one record.
    expect(spent.calls).toBeGreaterThanOrEqual(upstream.prompts.length);
  });
});
