import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { configOf, errorOf, hashOf, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { answer, held } from '../admin/held.ts';

const OTHER = { id: 'other', keys: [{ id: 'k1', hash: hashOf('key-of-the-other-tenant') }] };
const ACME = {
  ...{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], at_limit: 'wait' },
  ...{ window: { max_parallel: 1 }, budget: { calls_per_day: 100 } },
};

test('what a removed tenant has running keeps to its limits, and what waits is refused at once', async () => {
  const up = await held();
  const base = {
    providers: [{ id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k' }],
    models: [{ id: 'm', provider: 'up', context: 128_000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 1 } }],
  };
  const { chat, router } = await startForTest({ ...base, tenants: [ACME, OTHER] });
  const { engine, manager } = router;
  const running = chat({ model: 'm' });
  await up.arrived(1);
  const waiting = Array.from({ length: 20 }, () => chat({ model: 'm' }));
  while (engine.in_flight < 21) await new Promise((resolve) => setImmediate(resolve));

  const without = configOf(manager.config.data_dir, { ...base, tenants: [OTHER] });
  expect(manager.replaceBase(without).ok).toBe(true);
  const refused = await Promise.all(waiting);
  expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([401]));
  expect(errorOf(refused[0] as (typeof refused)[number]).message).toContain('does not exist any more');
  expect(up.open).toHaveLength(1);
  const limits = () => engine.parts.accounts.snapshot('tenant:acme', Date.now())?.limits.max_parallel;
  expect(limits()).toBe(1);

  answer(up.open[0] as ServerResponse);
  expect((await running).status).toBe(200);
  expect(limits()).toBe(null);
  expect((await chat({ model: 'm' })).status).toBe(401);
});
