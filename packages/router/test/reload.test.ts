import { expect, test } from 'vitest';
import { configOf, type Running, startForTest } from './admin/harness.ts';
import { type Answer, upstream } from './admin/upstream.ts';

const MODEL = {
  context: 128_000,
  max_concurrency: 5,
  capabilities: ['chat'],
  price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 },
};
const TENANTS = { policies: [{ id: 'x', fallback: ['first', 'second'] }] };

/** Accounts of providers and deployments that have a limit. */
function limitedAccounts({ engine, manager }: Running['router']): string[] {
  const { accounts } = engine.parts;
  const tenants = new Set(manager.config.tenants.map(({ id }) => `tenant:${id}`));
  const limits = [...accounts.ids()].map((id) => [id, accounts.snapshot(id, 0)?.limits.max_parallel] as const);
  return limits.filter(([id, most]) => !tenants.has(id) && typeof most === 'number').map(([id]) => id);
}

/** Two providers with a model each; the first one's answer is given by the test. */
async function two(first: Answer): Promise<{ both: object; alone: object; seen: () => number }> {
  const answer = { choices: [{ index: 0, message: { role: 'assistant', content: 'Here.' }, finish_reason: 'stop' }] };
  const good: Answer = (_req, res) => {
    const body = { id: 'x', object: 'chat.completion', created: 1, model: 'm', ...answer };
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const [one, other] = [await upstream(first), await upstream(good)];
  const provider = (id: string, base_url: string): object => {
    return { id, type: 'openai', base_url, api_key: 'x', retry: { max_attempts: 1 } };
  };
  const providers = [provider('p1', one.base_url), provider('p2', other.base_url)];
  const models = [
    { ...MODEL, id: 'first', provider: 'p1' },
    { ...MODEL, id: 'second', provider: 'p2' },
  ];
  return {
    both: { providers, models, ...TENANTS },
    alone: { providers: providers.slice(0, 1), models: models.slice(0, 1) },
    seen: () => other.seen.length,
  };
}

test('a call falls back on a provider that a reload has taken away since, and leaves nothing of it behind', async () => {
  const asked = Promise.withResolvers<void>();
  const fails = Promise.withResolvers<void>();
  const { both, alone, seen } = await two((_req, res) => {
    asked.resolve();
    void fails.promise.then(() => res.writeHead(500).end('{}'));
  });
  const { chat, router } = await startForTest(both as Record<string, unknown>);
  const limited = (): string[] => limitedAccounts(router);
  expect(limited()).toEqual(['provider:p1', 'provider:p2', 'deployment:p1/first', 'deployment:p2/second']);
  const answer = chat({ model: 'policy:x' });
  await asked.promise;
  const { data_dir } = router.manager.config;
  expect(router.manager.replaceBase(configOf(data_dir, alone as Record<string, unknown>)).ok).toBe(true);
  expect(limited()).toEqual(['provider:p1', 'deployment:p1/first']);
  fails.resolve();
  expect(await answer).toMatchObject({ status: 200, headers: { 'x-atp-model': 'second', 'x-atp-attempts': '2' } });
  expect(seen()).toBe(1);
  // The router is as it was: new calls go to what there is now.
  expect((await chat({ model: 'second' })).status).toBe(404);
  expect((await chat({ model: 'first' })).status).toBe(502);
});

test('a model that a reload takes away keeps its limit while a call holds its place', async () => {
  const asked = Promise.withResolvers<void>();
  const ends = Promise.withResolvers<void>();
  const { both } = await two((_req, res) => {
    asked.resolve();
    void ends.promise.then(() => res.writeHead(500).end('{}'));
  });
  const { chat, router } = await startForTest(both as Record<string, unknown>);
  const limited = (): string[] => limitedAccounts(router);
  const answer = chat({ model: 'first' });
  await asked.promise;
  expect(router.manager.replaceBase(configOf(router.manager.config.data_dir)).ok).toBe(true);
  expect(limited()).toEqual(['provider:p1', 'deployment:p1/first', 'provider:sim']);
  expect(router.engine.gate.load('deployment:p1/first')).toEqual({ in_flight: 1, waiting: 0 });
  ends.resolve();
  expect((await answer).status).toBe(502);
  expect(limited()).toEqual(['provider:sim']);
});
