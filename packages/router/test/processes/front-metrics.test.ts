import { expect, it } from 'vitest';
import { ADMIN_KEY, hashOf, type Running, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { endless, through, upstream } from '../admin/upstream.ts';
import { scrape } from '../observe/scrape.ts';
import { has_promtool, promtool } from '../observe/promtool.ts';
import { type Processes, startProcesses } from './support/processes.ts';

/** The machine may be busy. */
const PATIENT = { timeout: 20_000 };

function workersOf({ workers }: Processes): readonly [Running, Running] {
  const [one, two] = workers;
  if (one === undefined || two === undefined) throw new Error('there are two');
  return [one, two];
}

it('counts the calls of all processes in one text, whichever worker is asked', async () => {
  const several = await startProcesses(2);
  const [one, two] = workersOf(several);
  await one.chat({});
  await one.chat({});
  await two.chat({});
  for (const worker of [one, two]) {
    const seen = await scrape(worker);
    expect(seen.sum('atp_calls_total', { tenant: 'acme', outcome: 'ok' })).toBe(3);
    expect(seen.sum('atp_call_duration_seconds_count')).toBe(3);
    expect(seen.sum('atp_processes', { state: 'answered' })).toBe(3);
    expect(seen.sum('atp_processes', { state: 'silent' })).toBe(0);
    expect(seen.sum('atp_processes', { state: 'missing' })).toBe(0);
    expect(seen.sum('atp_config_generation')).toBe(1);
    for (const process of ['owner', 'worker:1', 'worker:2'])
      expect(seen.sum('process_resident_memory_bytes', { process })).toBeGreaterThan(0);
  }
  const text = (await scrape(one)).text;
  expect(text.match(/^# TYPE atp_calls_total /gm)).toHaveLength(1);
});

it('shows what is in flight once, though all enter it into their books', async () => {
  const up = await upstream(endless().answer);
  const provider = { id: 'up', type: 'openai', base_url: up.base_url, api_key: 'sk-x', max_concurrency: 10 };
  const several = await startProcesses(2, { ...through(up.base_url), providers: [provider] });
  const [one, two] = workersOf(several);
  const streams = await Promise.all([one.chatStream({}), one.chatStream({}), two.chatStream({})]);
  for (const stream of streams) await stream.next((block) => block.data.includes('two'));
  const seen = await scrape(two);
  expect(seen.sum('atp_calls_in_flight')).toBe(3);
  expect(seen.sum('atp_provider_calls_in_flight', { provider: 'up' })).toBe(3);
  expect(seen.sum('atp_target_calls_in_flight', { model: 'small' })).toBe(3);
  expect(seen.sum('atp_tenant_outstanding_calls', { tenant: 'acme' })).toBe(3);
  expect(seen.sum('atp_tenant_window_limit_calls', { tenant: 'acme' })).toBe(64);
  for (const stream of streams) stream.close();
});

it.each([
  ['a budget', { usd_per_day: 50 }],
  ['no budget', {}],
])(
  'shows once what a tenant with %s has used today',
  async (_what, budget) => {
    const tenants = [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], budget }];
    const several = await startProcesses(2, { tenants });
    const [one, two] = workersOf(several);
    for (const worker of [one, one, two]) await worker.chat({});
    // Workers report what they use of a budget every other second.
    const used = async (): Promise<unknown> => (await scrape(one)).sum('atp_tenant_day_used_calls', { tenant: 'acme' });
    await expect.poll(used, { timeout: 10_000 }).toBe(3);
    expect((await two.admin('GET', '/live')).json).toMatchObject({ tenants: [{ used: { calls: 3 } }] });
  },
  30_000,
);

it('goes on counting from where a worker was that is started anew', async () => {
  const several = await startProcesses(2);
  const [one, two] = workersOf(several);
  await one.chat({});
  await two.chat({});
  expect((await scrape(two)).sum('atp_calls_total')).toBe(2);
  await one.stop();
  await expect.poll(async () => (await scrape(two)).sum('atp_processes', { state: 'missing' }), PATIENT).toBe(1);
  const without = await scrape(two);
  expect(without.sum('atp_calls_total')).toBe(2);
  expect(without.sum('process_resident_memory_bytes', { process: 'worker:1' })).toBeUndefined();
  const again = await several.startWorker(1);
  await again.chat({});
  expect((await scrape(two)).sum('atp_calls_total')).toBe(3);
});

it('is for scrapers of this machine, and for whoever has an admin key', async () => {
  const several = await startProcesses(2);
  const [one] = workersOf(several);
  const far = { 'x-forwarded-for': '203.0.113.9' };
  expect((await call(`${one.url}/metrics`, { headers: far })).status).toBe(401);
  const known = await call(`${one.url}/metrics`, { headers: { ...far, authorization: `Bearer ${ADMIN_KEY}` } });
  expect([known.status, known.headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
});

it.skipIf(!has_promtool)('passes the check of the format', async () => {
  const several = await startProcesses(2);
  const [one] = workersOf(several);
  await one.chat({});
  const { status, output } = promtool(['check', 'metrics'], { input: (await scrape(one)).text });
  expect(status, output).toBe(0);
});
