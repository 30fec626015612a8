import { describe, expect, onTestFinished, test } from 'vitest';
import { configOf, hashOf, type Running, start } from '../admin/harness.ts';
import { answer, held } from '../admin/held.ts';
import { call, type Reply } from '../admin/http.ts';
import { upstream } from '../admin/upstream.ts';
import { type Processes, startProcesses } from './support/processes.ts';

const KEYS = { free: 'key-of-free', paid: 'key-of-paid' } as const;
type Tenant = keyof typeof KEYS;

const TENANTS = [
  { id: 'free', keys: [{ id: 'k', hash: hashOf(KEYS.free) }], qos_max: 'gold' },
  { id: 'paid', keys: [{ id: 'k', hash: hashOf(KEYS.paid) }], qos_max: 'gold', budget: { usd_per_day: 50 } },
];

/** The machine may be busy. */
const PATIENT = { timeout: 20_000 };

async function asked(running: Running, tenant: Tenant, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) expect((await running.chat({}, KEYS[tenant])).status).toBe(200);
}

/** Calls of the day by tenant, as the admin API says. */
async function shown(running: Running): Promise<Readonly<Record<string, number>>> {
  const { json } = await running.admin('GET', '/live');
  const tenants = json['tenants'] as { readonly tenant: string; readonly used: { readonly calls: number } }[];
  return Object.fromEntries(tenants.map(({ tenant, used }) => [tenant, used.calls]));
}

/** The same as the metrics say. */
async function counted({ url }: Running): Promise<Readonly<Record<string, number>>> {
  const { text } = await call(`${url}/metrics`);
  const lines = text.matchAll(/^atp_tenant_day_used_calls\{tenant="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries(Array.from(lines, ([, tenant, calls]) => [tenant, Number(calls)]));
}

/** The same as `/flow` says. */
async function ofToday(running: Running): Promise<Readonly<Record<string, number>>> {
  const { json } = await running.admin('GET', '/flow');
  const tenants = json['tenants'] as {
    readonly tenant: string;
    readonly today: { readonly calls: { used: number } };
  }[];
  return Object.fromEntries(tenants.map(({ tenant, today }) => [tenant, today.calls.used]));
}

async function areUsed(running: Running, used: Readonly<Record<Tenant, number>>): Promise<void> {
  // The owner hears of a budget's use a little later, and of all workers only once they have said hello.
  await expect.poll(() => shown(running), PATIENT).toEqual(used);
  await expect.poll(() => counted(running), PATIENT).toEqual(used);
  await expect.poll(() => ofToday(running), PATIENT).toEqual(used);
}

test('what was used today is counted once: over workers, over their restarts, and over those of the owner', async () => {
  const several = await startProcesses(2, { tenants: TENANTS });
  let [one, two] = several.workers as [Running, Running];
  await asked(one, 'free', 3);
  await asked(two, 'free', 2);
  await asked(one, 'paid', 2);
  await asked(two, 'paid', 1);
  await areUsed(one, { free: 5, paid: 3 });

  await one.stop();
  one = await several.startWorker(1);
  await asked(one, 'free', 1);
  await areUsed(one, { free: 6, paid: 3 });

  await several.owner.stop();
  const owner = await several.startOwner();
  await expect.poll(async () => (await two.admin('GET', '/status')).status, PATIENT).toBe(200);
  await asked(two, 'free', 1);
  await asked(one, 'paid', 1);
  await areUsed(two, { free: 7, paid: 4 });

  for (const running of [one, two, owner]) await running.stop();
  await several.startOwner();
  one = await several.startWorker(1);
  two = await several.startWorker(2);
  await asked(two, 'free', 1);
  await areUsed(one, { free: 8, paid: 4 });
});

test('what one process used before there were workers is counted with what they use', async () => {
  const several = await startProcesses(0, { tenants: TENANTS, workers: 1 });
  await several.owner.stop();
  const alone = await start({ config: several.config });
  onTestFinished(() => alone.stop());
  await asked(alone, 'free', 2);
  await asked(alone, 'paid', 1);
  await alone.stop();

  await several.startOwner();
  const worker = await several.startWorker(1);
  await asked(worker, 'free', 1);
  await asked(worker, 'paid', 1);
  await areUsed(worker, { free: 3, paid: 2 });
});

test('a budget that comes while the router runs counts what was used before, also what its workers used', async () => {
  const several = await startProcesses(2, { tenants: TENANTS });
  const [one, two] = several.workers as [Running, Running];
  await asked(one, 'free', 3);
  await asked(two, 'free', 2);
  const [free, paid] = TENANTS;
  const tenants = [{ ...free, budget: { calls_per_day: 6 } }, paid];
  expect(several.owner.router.manager.replaceBase(configOf(several.config.data_dir, { tenants })).ok).toBe(true);
  await areUsed(one, { free: 5, paid: 0 });
  await asked(one, 'free', 1);
  expect((await two.chat({}, KEYS.free)).status).toBe(429);
  expect((await one.chat({}, KEYS.free)).status).toBe(429);
});

interface Flow {
  readonly accounts: readonly {
    readonly account: string;
    readonly calls: { readonly outstanding: number; readonly window: number | null; readonly limit: number | null };
    readonly in_flight: Readonly<Record<string, number>>;
  }[];
  readonly tiers: readonly { readonly qos: string; readonly in_flight: number }[];
}

async function flowOf(running: Running): Promise<Flow> {
  return (await running.admin('GET', '/flow')).json as unknown as Flow;
}

type Upstream = Awaited<ReturnType<typeof held>>;

/** Two workers and an upstream that answers when it is told to. */
async function busy(more: object = {}): Promise<Processes & { readonly up: Upstream }> {
  const up = await held();
  const running = await startProcesses(2, {
    providers: [{ id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k', max_concurrency: 16 }],
    models: [{ id: 'small', provider: 'up', context: 128_000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } }],
    tenants: TENANTS,
    ...more,
  });
  return { ...running, up };
}

function ask({ url }: Running, qos: string): Promise<Reply> {
  const headers = { authorization: `Bearer ${KEYS.free}`, 'x-atp-qos': qos };
  const body = JSON.stringify({ model: 'small', max_tokens: 50, messages: [{ role: 'user', content: 'hello' }] });
  return call(`${url}/v1/chat/completions`, { method: 'POST', headers, body });
}

async function ended({ open }: Upstream, calls: readonly Promise<Reply>[]): Promise<void> {
  for (const res of open) answer(res);
  for (const { status } of await Promise.all(calls)) expect(status).toBe(200);
}

describe('/flow of several processes', () => {
  test('shows no limit of calls where there is none, and windows that follow the one of the provider', async () => {
    const up = await upstream((_req, res) => {
      res.writeHead(429, { 'content-type': 'application/json' });
      res.end('{"error":{"message":"too much"}}');
    });
    const provider = { id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k', max_concurrency: 16 };
    const { workers } = await busy({ providers: [{ ...provider, retry: { max_attempts: 1 } }] });
    const [one] = workers as [Running];
    const names = ({ accounts }: Flow): string[] => accounts.map(({ account }) => account);
    expect(names(await flowOf(one))).not.toContain('deployment:up/small');
    expect((await ask(one, 'gold')).status).toBe(429);
    // What comes back is told to the owner a little later.
    await expect.poll(async () => names(await flowOf(one)), PATIENT).toContain('deployment:up/small');
    const { accounts } = await flowOf(one);
    const found = accounts.find(({ account }) => account === 'deployment:up/small');
    expect(found?.calls).toEqual({ outstanding: 0, window: 8, limit: null });
  });

  test('has the calls of each tier as they are, at every account', async () => {
    const running = await busy();
    const [one, two] = running.workers as [Running, Running];
    const calls = ['gold', 'gold', 'gold', 'silver', 'silver', 'bronze'].map((qos, i) => ask(i % 2 ? one : two, qos));
    await running.up.arrived(6);
    const in_flight = { gold: 3, silver: 2, bronze: 1 };
    const { accounts, tiers } = await flowOf(one);
    for (const account of ['provider:up', 'tenant:free'])
      expect(accounts.find((found) => found.account === account)).toMatchObject({
        in_flight,
        calls: { outstanding: 6 },
      });
    for (const { account, ...found } of accounts)
      for (const [qos, n] of Object.entries(found.in_flight))
        expect([account, qos, n >= 0]).toEqual([account, qos, true]);
    expect(Object.fromEntries(tiers.map((tier) => [tier.qos, tier.in_flight]))).toEqual(in_flight);
    await ended(running.up, calls);
  });
});
