import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { hashOf, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { answer, held } from '../admin/held.ts';

const MODEL = { context: 128_000, price: { in_usd_per_mtok: 0, out_usd_per_mtok: 0 } };

test('a provider has so many attempts in flight over all its models, those that are only named included', async () => {
  const up = await held();
  const { chat, router } = await startForTest({
    providers: [
      {
        ...{ id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k', allow_any_model: true },
        max_concurrency: 3,
      },
    ],
    models: [
      { ...MODEL, id: 'a', provider: 'up', max_concurrency: 1 },
      { ...MODEL, id: 'b', provider: 'up' },
    ],
    tenants: [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] }],
  });
  const { gate } = router.engine;
  const calls = ['a', 'b', 'up/c'].map((model) => chat({ model }));
  await up.arrived(3);
  expect(gate.load('provider:up')).toEqual({ in_flight: 3, waiting: 0 });
  // Each in its turn: the one that waits for its model takes no place of the provider.
  const more = ['a', 'b', 'up/d'].map((model) => chat({ model }));
  const queued = async (key: string, n: number): Promise<void> => {
    while (gate.load(key).waiting < n) await new Promise((resolve) => setImmediate(resolve));
  };
  await queued('deployment:up/a', 1);
  await queued('provider:up', 2);
  expect(up.open).toHaveLength(3);
  for (let n = 0; n < 6; n += 1) {
    await up.arrived(n + 1);
    expect(gate.load('provider:up').in_flight).toBeLessThanOrEqual(3);
    expect(gate.load('deployment:up/a').in_flight).toBeLessThanOrEqual(1);
    answer(up.open[n] as ServerResponse);
  }
  const answers = await Promise.all([...calls, ...more]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  const { accounts } = router.engine.parts;
  expect([...accounts.ids()].map((id) => gate.load(id).in_flight)).not.toContain(1);
});

test('several names of one upstream model share its places, as many as the strictest of them says', async () => {
  const up = await held();
  const { chat, router } = await startForTest({
    providers: [{ id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k' }],
    models: [
      { ...MODEL, id: 'a', provider: 'up', upstream_model: 'gpt', max_concurrency: 1 },
      { ...MODEL, id: 'b', provider: 'up', upstream_model: 'gpt', max_concurrency: 2 },
      { ...MODEL, id: 'c', provider: 'up', upstream_model: 'gpt' },
    ],
    tenants: [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] }],
  });
  const calls = ['a', 'b', 'c'].map((model) => chat({ model }));
  for (let n = 0; n < 3; n += 1) {
    await up.arrived(n + 1);
    expect(router.engine.gate.load('deployment:up/gpt').in_flight).toBe(1);
    answer(up.open[n] as ServerResponse);
  }
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200]);
});
