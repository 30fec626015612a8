import { openPostgres } from '@atp-router/adapters/sql';
import { findPostgres, PostgresServer } from '@atp-router/adapters/testing';
import { randomInt, seededRng } from '@atp-router/kernel';
import type { CallEnded, CallOpened } from '@atp-router/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf } from '../admin/harness.ts';
import { ask, askStream, begin, FREE_KEY, SEAL_KEY, type SharedRouter, sharedRouter } from './support/routers.ts';
import { settled } from './support/time.ts';
import { NOTHING, numbers, restingTotals, totalsOf, usedBy } from './support/totals.ts';
import { PROMPT_TOKENS, TestUpstream } from './support/upstream.ts';

let server: PostgresServer;

/** Tokens by which calls used more than they had reserved when they began. */
function underestimates(opened: readonly CallOpened[], ended: readonly CallEnded[]): number {
  const reserved = new Map(opened.map(({ call_id, attempt }) => [call_id, attempt.in_tokens + attempt.out_tokens]));
  return ended.reduce((sum, { call_id, usage }) => {
    return sum + Math.max(0, usage.in_tokens + usage.out_tokens - (reserved.get(call_id) ?? 0));
  }, 0);
}

describe.skipIf(findPostgres() === undefined)('two routers over one PostgreSQL', () => {
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(async () => {
    await server.stop();
  });

  const pair = async (
    config: Omit<Parameters<typeof sharedRouter>[0], 'url'>,
  ): Promise<[SharedRouter, SharedRouter, string]> => {
    const url = server.createDatabase();
    const [a, b] = await Promise.all([sharedRouter({ ...config, url }), sharedRouter({ ...config, url })]);
    return [a, b, url];
  };

  it.each([1, 2, 3])('spend one daily budget between them, whatever the load (seed %i)', async (seed) => {
    const upstream = await TestUpstream.start();
    const limit = 6_000;
    const [a, b, url] = await pair({ budget: { tokens_per_day: limit }, more: upstream.section });
    const rng = seededRng(seed);
    const refused: string[] = [];
    const client = async (router: SharedRouter): Promise<void> => {
      for (let i = 0; i < 12; i += 1) {
        const max_tokens = randomInt(rng, 50, 400);
        const text = `out:${randomInt(rng, 1, max_tokens)} ${'x'.repeat(randomInt(rng, 0, 200))}`;
        const reply = await ask(router.url, { text, max_tokens });
        if (reply.status === 200) continue;
        expect(reply.status).toBe(429);
        expect(errorOf(reply).code).toBe('budget_exhausted');
        expect(errorOf(reply).message).toContain('00:00 UTC');
        refused.push(errorOf(reply).message);
      }
    };
    await Promise.all([a, b].flatMap((router) => [1, 2, 3].map(() => client(router))));
    const ended = [...a.ended, ...b.ended];
    const spent = await restingTotals(url);
    expect(spent).toEqual(usedBy(ended));
    expect((await totalsOf(url)).reserved).toEqual(NOTHING);
    expect(spent.tokens).toBeLessThanOrEqual(limit + underestimates([...a.opened, ...b.opened], ended));
    // Together they used what neither could have used alone, and were then refused.
    expect(Math.max(usedBy(a.ended).tokens, usedBy(b.ended).tokens)).toBeLessThan(spent.tokens);
    expect(refused.length).toBeGreaterThan(0);
    expect(upstream.prompts).toHaveLength(ended.length);
  });

  it('run a call once under an idempotency key, and replay it at both, also after a restart', async () => {
    const upstream = await TestUpstream.start();
    const [a, b] = await pair({ budget: { usd_per_day: 5 }, seal_key: SEAL_KEY, more: upstream.section });
    const prompt = { text: 'out:5', idempotency_key: 'order-1' };
    const replies = await Promise.all([a, b, a, b].map((router) => ask(router.url, prompt)));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    expect(upstream.prompts).toHaveLength(1);
    const other = await Promise.all([a, b].map((router) => ask(router.url, { ...prompt, text: 'out:6' })));
    expect(other.map(({ status }) => status)).toEqual([422, 422]);
    expect([...a.ended, ...b.ended]).toHaveLength(1);

    const dir = a.router.manager.config.data_dir;
    const { url } = a.router.manager.config.store;
    await a.stop();
    const again = await sharedRouter(
      { url: url ?? '', budget: { usd_per_day: 5 }, seal_key: SEAL_KEY, more: upstream.section },
      dir,
    );
    expect((await ask(again.url, prompt)).text).toBe(replies[0]?.text);
    expect(upstream.prompts).toHaveLength(1);
  });

  it('answer 409 for the outcome of the other when they have no common seal key', async () => {
    const upstream = await TestUpstream.start();
    const [a, b] = await pair({ more: upstream.section });
    const prompt = { text: 'out:5', idempotency_key: 'order-1' };
    expect((await ask(a.url, prompt)).status).toBe(200);
    const reply = await ask(b.url, prompt);
    expect([reply.status, errorOf(reply).code]).toEqual([409, 'conflict']);
    expect(errorOf(reply).message).toMatch(/call_.*store\.seal_key/);
    expect((await ask(a.url, prompt)).status).toBe(200);
    expect(upstream.prompts).toHaveLength(1);
  });

  it.each(['error', 'finish'])('end a growing stream when the other has spent the rest (%s)', async (on_exhausted) => {
    const upstream = await TestUpstream.start();
    const policies = [{ id: 'p', fallback: ['small'], on_budget_exhausted: on_exhausted }];
    const budget = { tokens_per_day: 4_000 };
    const [a, b, url] = await pair({ budget, more: { ...upstream.section, policies } });
    const begun = askStream(a.url, { text: 'tell', model: 'policy:p', max_tokens: 3_000 });
    const stream = await upstream.nextStream();
    stream.words(1);
    const client = await begun;
    await client.next((block) => block.data.includes('word'));
    const held = (await totalsOf(url)).reserved.tokens;
    // All but a little of what the stream left.
    const rest = 4_000 - held - 50;
    const spent = await ask(b.url, { text: `out:${rest}`, max_tokens: rest - 100 });
    expect(spent.status).toBe(200);
    while ((await totalsOf(url)).spent.calls === 0) await settled();
    stream.words(held + 10);
    await stream.gone;
    const blocks = (await client.rest()).map(({ data }) => data);
    if (on_exhausted === 'finish') {
      expect(blocks.join()).toContain('"finish_reason":"length"');
      expect(blocks.at(-1)).toBe('[DONE]');
    } else expect(blocks.join()).toContain('budget_exhausted');
    await restingTotals(url);
    expect((await totalsOf(url)).spent).toEqual(usedBy([...a.ended, ...b.ended]));
  });

  it('take a cheaper model where the tenant wants that, when the other has spent most', async () => {
    const upstream = await TestUpstream.start();
    const tenant = { at_limit: 'degrade' };
    const [a, b] = await pair({ budget: { usd_per_day: 0.03 }, tenant, more: upstream.section });
    const dear = { text: 'out:100', model: 'dear', max_tokens: 200 };
    const first = await ask(a.url, dear);
    expect(first.headers['x-atp-model']).toBe('dear');
    const second = await ask(b.url, dear);
    expect([second.status, second.headers['x-atp-model']]).toEqual([200, 'small']);
  });

  it.each(['client', 'operator'])(
    'leave nothing behind when the %s ends a call whose budget is checked',
    async (who) => {
      const upstream = await TestUpstream.start();
      const [a, , url] = await pair({ budget: { usd_per_day: 5 }, more: upstream.section });
      expect((await ask(a.url, { text: 'out:1' })).status).toBe(200);
      await restingTotals(url);
      const holder = openPostgres(url, { connections: 1 });
      await holder.transaction(async (tx) => {
        await tx.query('SELECT * FROM shared_accounts FOR UPDATE');
        const call = begin(a.url, { text: 'never' });
        const waiting = (): Promise<readonly number[]> =>
          numbers(url, `SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
        while ((await waiting())[0] === 0) await settled();
        expect(a.router.engine.in_flight).toBe(1);
        if (who === 'client') call.leave();
        else a.router.engine.kill('tenant', 'acme', 'test');
        expect(await call.status).toBe(who === 'client' ? undefined : 403);
        while (a.router.engine.in_flight > 0) await settled();
      });
      await holder.close();
      await restingTotals(url);
      const released = `SELECT COUNT(*) FROM shared_reservations WHERE state = 'released'`;
      while ((await numbers(url, released))[0] !== 1) await settled();
      expect(upstream.prompts).toEqual(['out:1']);
      expect(await totalsOf(url)).toMatchObject({ reserved: NOTHING });
    },
  );

  it('do not ask the database for a tenant without a daily budget', async () => {
    const upstream = await TestUpstream.start();
    const [a, , url] = await pair({ budget: { usd_per_day: 5 }, more: upstream.section });
    expect((await ask(a.url, { text: 'out:1', key: FREE_KEY })).status).toBe(200);
    expect(await numbers(url, 'SELECT COUNT(*) FROM shared_reservations')).toEqual([0]);
    expect(a.ended[0]?.usage).toMatchObject({ in_tokens: PROMPT_TOKENS, out_tokens: 1 });
  });
});
