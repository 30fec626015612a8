import { findPostgres, PostgresServer } from '@atp-router/adapters/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { configOf, dataDir, errorOf, start } from '../admin/harness.ts';
import {
  ask,
  askStream,
  databaseOf,
  FREE_KEY,
  restingTotals,
  SEAL_KEY,
  sectionsOf,
  sharedRouter,
  totalsOf,
} from './support/routers.ts';
import { TestUpstream } from './support/upstream.ts';

let server: PostgresServer;

/** Until `resume`, at the latest until the end of the test. */
async function outage(): Promise<void> {
  await server.halt();
  onTestFinished(() => server.resume());
}

describe.skipIf(findPostgres() === undefined)('without its PostgreSQL', () => {
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(async () => {
    await server.stop();
  });

  it('a router does not start, and says what to see to', async () => {
    const url = server.createDatabase();
    await outage();
    const secret = url.replace('atp@', 'atp:the-password@');
    const starting = start({ config: configOf(dataDir(), sectionsOf({ url: secret })) });
    const error: unknown = await starting.catch((caught: unknown) => caught);
    await server.resume();
    expect(error).toMatchObject({ code: 'config_invalid', param: 'store.url' });
    expect(String(error)).toContain('ECONNREFUSED');
    expect(String(error)).not.toContain('the-password');
    const wrong = start({ config: configOf(dataDir(), sectionsOf({ url: `${url}-that-is-not-there` })) });
    // 3D000: the database does not exist.
    await expect(wrong).rejects.toMatchObject({ code: 'config_invalid', message: expect.stringContaining('3D000') });
  });

  it('a second router of the same name does not start', async () => {
    const url = server.createDatabase();
    const more = { node_id: 'one' };
    const first = await sharedRouter({ url, more });
    await expect(sharedRouter({ url, more })).rejects.toMatchObject({ code: 'config_invalid', param: 'node_id' });
    const { data_dir } = first.router.manager.config;
    await first.stop();
    await sharedRouter({ url, more }, data_dir);
  });

  it('calls that need a budget are refused, others go on, and what ran meanwhile is charged later', async () => {
    const upstream = await TestUpstream.start();
    const url = server.createDatabase();
    const database = databaseOf(url);
    const budget = { tokens_per_day: 100_000 };
    const router = await sharedRouter({ url, budget, seal_key: SEAL_KEY, more: upstream.section });
    const begun = askStream(router.url, { text: 'tell', max_tokens: 2_000 });
    const stream = await upstream.nextStream();
    stream.words(1);
    const client = await begun;
    await client.next((block) => block.data.includes('word'));
    expect(totalsOf(server, database).unended).toBe(1);

    await outage();
    const refused = await ask(router.url, { text: 'out:1' });
    expect([refused.status, errorOf(refused).code]).toEqual([503, 'internal_error']);
    expect(refused.headers['retry-after']).toBe('1');
    const keyed = await ask(router.url, { text: 'out:1', key: FREE_KEY, idempotency_key: 'k' });
    expect(keyed.status).toBe(503);
    expect((await ask(router.url, { text: 'out:1', key: FREE_KEY })).status).toBe(200);
    // The stream outgrows its reservation while nobody can be asked, and ends well.
    stream.words(1_200);
    stream.finish();
    expect((await client.rest()).at(-1)?.data).toBe('[DONE]');

    await server.resume();
    for (;;) if ((await ask(router.url, { text: 'out:1' })).status === 200) break;
    const spent = await restingTotals(server, database);
    const charged = router.ended.filter(({ tenant }) => tenant === 'acme');
    expect(charged).toHaveLength(2);
    expect(spent).toEqual({
      calls: 2,
      tokens: charged.reduce((sum, { usage }) => sum + usage.in_tokens + usage.out_tokens, 0),
      usd_nanos: charged.reduce((sum, { cost_usd_nanos }) => sum + cost_usd_nanos, 0),
    });
    expect((await ask(router.url, { text: 'out:1', key: FREE_KEY, idempotency_key: 'k' })).status).toBe(200);
  });

  it('a router stops in time, and the next start charges what the store had not confirmed', async () => {
    const upstream = await TestUpstream.start();
    const url = server.createDatabase();
    const database = databaseOf(url);
    const config = { url, budget: { tokens_per_day: 100_000 }, more: upstream.section };
    const router = await sharedRouter(config);
    const begun = askStream(router.url, { text: 'tell' });
    const stream = await upstream.nextStream();
    stream.words(3);
    const client = await begun;
    await outage();
    stream.finish();
    await client.rest();
    const { data_dir } = router.router.manager.config;
    await router.stop();
    await server.resume();
    expect(totalsOf(server, database)).toMatchObject({ unended: 1, spent: { calls: 0 } });
    await sharedRouter(config, data_dir);
    expect(await restingTotals(server, database)).toMatchObject({ calls: 1, tokens: 15 });
  });
});
