import { expect, test } from 'vitest';
import { hashOf, TENANT_KEY } from '../admin/harness.ts';
import { crew, MODELS, OTHER_KEY } from './crew.ts';

const ROUTING = { plans: 'single', baseline: 'dear' };

test('where the named baseline could not have been asked nothing is saved against it, nor is anything else in its place', async () => {
  // A prompt and an answer do not fit into it.
  const models = MODELS.map((model) => ({ ...model, provider: 'up', context: model.id === 'dear' ? 10 : 128_000 }));
  const one = await crew(() => 'A', ROUTING, { models });
  const { headers } = await one.ask('what is it '.repeat(20));
  const id = String(headers['x-atp-request-id']);
  const { baseline, cost_usd_nanos, candidates } = one.decided(id);
  expect(baseline).toEqual({ model: 'dear', expected_usd_nanos: cost_usd_nanos });
  expect(candidates.map(({ model }) => model)).not.toContain('dear');
  await one.give({ request_id: id, score: 1 });
  const word = one.events.find((event) => event.type === 'route.feedback');
  expect(word).toMatchObject({ right: 1 });
  expect(word).not.toHaveProperty('compared');
});

test('of several words on a call one says how the baseline would have done: it is one call', async () => {
  const keys = [TENANT_KEY, OTHER_KEY].map((key, i) => ({ id: `k${i}`, hash: hashOf(key) }));
  const one = await crew(() => 'A', ROUTING, { tenants: [{ id: 'acme', keys }] });
  const { headers } = await one.ask('what is it');
  for (const key of [TENANT_KEY, OTHER_KEY]) {
    const given = await one.give({ request_id: headers['x-atp-request-id'], score: 1 }, key);
    expect(given.status).toBe(200);
    await one.running.admin('GET', '/routing/savings');
  }
  const words = one.events.filter((event) => event.type === 'route.feedback');
  expect(words.map((word) => 'compared' in word)).toEqual([true, false]);
});

test('what is tried is money: time that it takes spends none of what a day may cost', async () => {
  const models = MODELS.map((model, i) => ({
    ...{ ...model, provider: 'up', context: 128_000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 4 } },
    expected_latency_ms: 1_000 * (1 + 20 * i),
  }));
  const one = await crew(() => 'A', { plans: 'single', second_usd: 0.01, quality_usd: 10 }, { models });
  for (let n = 0; n < 20; n += 1) await one.ask(`what is ${n}`);
  const decided = one.events.flatMap((event) => (event.type === 'route.decided' ? [event] : []));
  expect(new Set(decided.map(({ first }) => first)).size).toBeGreaterThan(1);
  // All cost the same, but for how long their answers are thought to be; a second is worth far more than either.
  for (const { tried_usd_nanos } of decided) expect(tried_usd_nanos).toBeLessThan(1_000_000);
});
