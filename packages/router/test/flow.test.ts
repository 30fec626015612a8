import { expect, test } from 'vitest';
import { errorOf, hashOf, type Running, startForTest } from './admin/harness.ts';
import { answer, held } from './admin/held.ts';
import { call, type Reply } from './admin/http.ts';
import { scrape } from './observe/scrape.ts';
import { settled, until } from './shared/support/time.ts';

const KEYS = { good: 'key-of-good', flood: 'key-of-flood', first: 'key-of-first' } as const;
const PLACES = 10;

async function busy(): Promise<Running & { readonly up: Awaited<ReturnType<typeof held>> }> {
  const up = await held();
  const running = await startForTest({
    providers: [{ id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k', max_concurrency: PLACES }],
    models: [{ id: 'm', provider: 'up', context: 128_000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } }],
    tenants: Object.entries(KEYS).map(([id, key]) => ({
      ...{ id, keys: [{ id: 'k', hash: hashOf(key) }], qos_max: 'gold', window: { max_parallel: 1_000 } },
      budget: { usd_per_day: 50 },
    })),
    flow: { shares: { gold: 0.5, silver: 0.3, bronze: 0.1 } },
  });
  return { ...running, up };
}

type Flow = {
  readonly waiting: number;
  readonly tiers: readonly Readonly<Record<string, number>>[];
  readonly accounts: readonly { readonly account: string; readonly waiting: Readonly<Record<string, number>> }[];
  readonly tenants: readonly { readonly tenant: string; readonly waiting: number }[];
};

async function flow({ admin }: Running): Promise<Flow> {
  return (await admin('GET', '/flow')).json as unknown as Flow;
}

/** Until so many wait: what was sent is on its way through a socket. */
async function waiting(running: Running, n: number): Promise<void> {
  await until(async () => (await flow(running)).waiting === n);
}

function ask({ url }: Running, tenant: keyof typeof KEYS, qos: string): Promise<Reply> {
  const body = JSON.stringify({ model: 'm', max_tokens: 50, messages: [{ role: 'user', content: 'hello' }] });
  const headers = { authorization: `Bearer ${KEYS[tenant]}`, 'x-atp-qos': qos };
  return call(`${url}/v1/chat/completions`, { method: 'POST', headers, body });
}

test('a hundred and twenty calls through sockets: queued, in order, stopped for gold, and paid for once', async () => {
  const running = await busy();
  const { up, admin } = running;
  const flood = Array.from({ length: 100 }, () => ask(running, 'flood', 'bronze'));
  await up.arrived(PLACES);
  await waiting(running, 90);
  const good = Array.from({ length: 10 }, () => ask(running, 'good', 'bronze'));
  await waiting(running, 100);
  const shown = await flow(running);
  expect(shown.accounts.find(({ account }) => account === 'provider:up')?.waiting).toEqual({
    ...{ gold: 0, silver: 0, bronze: 100 },
  });
  expect(shown.tenants.map(({ tenant, waiting: n }) => [tenant, n])).toContainEqual(['good', 10]);

  // Gold has its part at once, by calls that are stopped.
  const gold = Array.from({ length: 10 }, () => ask(running, 'first', 'gold'));
  await up.arrived(PLACES + 5);
  await waiting(running, 105);
  const stopped = await Promise.race(flood);
  expect([stopped.status, errorOf(stopped).code]).toEqual([503, 'preempted']);
  expect(stopped.headers['retry-after']).toBeDefined();
  expect(stopped.headers['x-should-retry']).toBe('true');

  let n = 0;
  let over = false;
  const all = Promise.all([...flood, ...good, ...gold]).finally(() => {
    over = true;
  });
  while (!over) {
    const res = up.open[n];
    if (res === undefined) await settled();
    else {
      if (!res.destroyed) answer(res);
      n += 1;
    }
  }
  const answers = await all;
  const count = (status: number): number => answers.filter((one) => one.status === status).length;
  expect([count(200), count(503)]).toEqual([115, 5]);
  const after = await flow(running);
  expect(after.waiting).toBe(0);
  expect(after.tiers.map(({ in_flight, preempted_total }) => [in_flight, preempted_total])).toEqual([
    [0, 0],
    [0, 0],
    [0, 5],
  ]);
  expect(after.tiers[2]?.['waited_total']).toBe(100);
  const series = await scrape(running);
  expect(series.sum('atp_flow_preemptions_total', { qos: 'bronze' })).toBe(5);
  expect(series.sum('atp_flow_waiting')).toBe(0);
  const { json } = await admin('GET', '/live');
  for (const { outstanding } of json['tenants'] as { outstanding: object }[]) {
    expect(outstanding).toEqual({ calls: 0, tokens: 0, usd_micros: 0 });
  }
});

test('a tenant at its limit is told when a window has room again', async () => {
  const up = await held();
  const running = await startForTest({
    providers: [{ id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k' }],
    models: [{ id: 'm', provider: 'up', context: 128_000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } }],
    tenants: [{ id: 'good', keys: [{ id: 'k', hash: hashOf(KEYS.good) }], window: { max_parallel: 1 } }],
  });
  const first = ask(running, 'good', 'silver');
  await up.arrived(1);
  const refused = await ask(running, 'good', 'silver');
  expect([refused.status, errorOf(refused).code]).toEqual([429, 'rate_limited']);
  expect(refused.headers).toMatchObject({ 'x-ratelimit-limit-requests': '1', 'x-ratelimit-remaining-requests': '0' });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  answer(up.open[0] as NonNullable<(typeof up.open)[0]>);
  expect((await first).headers['x-ratelimit-reset-requests']).toBe('0s');
  const second = ask(running, 'good', 'silver');
  await up.arrived(2);
  // Something has ended since: the pace is known.
  const again = await ask(running, 'good', 'silver');
  expect(again.headers['x-ratelimit-reset-requests']).toMatch(/^\d+ms$/);
  answer(up.open[1] as NonNullable<(typeof up.open)[0]>);
  await second;
});
