import { findPostgres, PostgresServer } from '@atp-router/adapters/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { configOf, dataDir, errorOf, start } from '../admin/harness.ts';
import { ask, askStream, FREE_KEY, SEAL_KEY, sectionsOf, sharedRouter } from './support/routers.ts';
import { settled } from './support/time.ts';
import { numbers, restingTotals, totalsOf, usedBy } from './support/totals.ts';
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
    const budget = { tokens_per_day: 100_000 };
    const router = await sharedRouter({ url, budget, seal_key: SEAL_KEY, more: upstream.section });
    const begun = askStream(router.url, { text: 'tell', max_tokens: 2_000 });
    const stream = await upstream.nextStream();
    stream.words(1);
    const client = await begun;
    await client.next((block) => block.data.includes('word'));
    expect((await totalsOf(url)).unended).toBe(1);

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
    const spent = await restingTotals(url);
    const charged = router.ended.filter(({ tenant }) => tenant === 'acme');
    expect(charged).toHaveLength(2);
    expect(spent).toEqual(usedBy(charged));
    expect((await ask(router.url, { text: 'out:1', key: FREE_KEY, idempotency_key: 'k' })).status).toBe(200);
  });

  it('nothing is lost or doubled when it goes and comes back under load', async () => {
    const upstream = await TestUpstream.start();
    const url = server.createDatabase();
    const config = { url, budget: { tokens_per_day: 10_000_000 }, seal_key: SEAL_KEY, more: upstream.section };
    const routers = await Promise.all([sharedRouter(config), sharedRouter(config)]);
    const seen = { ok: 0, refused: 0, over: false };
    const client = async (n: number): Promise<void> => {
      for (let i = 0; !seen.over; i += 1) {
        const router = routers[n % 2] ?? routers[0];
        const keyed = i % 3 === 0 ? { idempotency_key: `k${n}-${i}` } : {};
        const { status } = await ask(router.url, { text: 'out:20', ...keyed });
        expect([200, 503]).toContain(status);
        if (status === 200) seen.ok += 1;
        else seen.refused += 1;
      }
    };
    const clients = [0, 1, 2, 3, 4, 5].map(client);
    const more = async (what: 'ok' | 'refused'): Promise<void> => {
      const enough = seen[what] + 20;
      while (seen[what] < enough) await settled();
    };
    for (let round = 0; round < 2; round += 1) {
      await more('ok');
      await outage();
      await more('refused');
      await server.resume();
    }
    await more('ok');
    seen.over = true;
    await Promise.all(clients);
    const ended = routers.flatMap((router) => router.ended);
    expect(await restingTotals(url)).toEqual(usedBy(ended));
    expect(upstream.prompts).toHaveLength(ended.length);
    const running = `SELECT COUNT(*) FROM shared_claims WHERE state = 'running'`;
    while ((await numbers(url, running))[0] !== 0) await settled();
  });

  it('a router stops in time, and the next start charges what the store had not confirmed', async () => {
    const upstream = await TestUpstream.start();
    const url = server.createDatabase();
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
    expect(await totalsOf(url)).toMatchObject({ unended: 1, spent: { calls: 0 } });
    await sharedRouter(config, data_dir);
    expect(await restingTotals(url)).toMatchObject({ calls: 1, tokens: 15 });
  });
});
