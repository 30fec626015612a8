import { QOS_TIERS } from '@atp-router/kernel';
import { findValkey, ValkeyServer } from '@atp-router/adapters/testing';
import { expect, onTestFinished, test } from 'vitest';
import { errorOf, hashOf, type Running } from '../admin/harness.ts';
import { answer, held } from '../admin/held.ts';
import { call, type Reply } from '../admin/http.ts';
import { PACE } from '../cluster/support/machine.ts';
import { settled, until } from '../shared/support/time.ts';
import { type Processes, startProcesses } from './support/processes.ts';

const KEYS = { good: 'key-of-good', flood: 'key-of-flood', first: 'key-of-first' } as const;
const PLACES = 10;

type Upstream = Awaited<ReturnType<typeof held>>;

async function busy(cluster?: object): Promise<Processes & { readonly up: Upstream }> {
  const up = await held();
  const sections = {
    providers: [{ id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k', max_concurrency: PLACES }],
    models: [{ id: 'm', provider: 'up', context: 128_000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } }],
    tenants: Object.entries(KEYS).map(([id, key]) => ({
      ...{ id, keys: [{ id: 'k', hash: hashOf(key) }], qos_max: 'gold', window: { max_parallel: 1_000 } },
      budget: { usd_per_day: 50 },
    })),
    flow: { shares: { gold: 0.5, silver: 0.3, bronze: 0.1 } },
    ...(cluster && { cluster }),
  };
  const running = await startProcesses(2, sections, { pace: PACE, onEnd: () => undefined });
  return { ...running, up };
}

/** Who waits at the owner, for all of its workers. */
function waitingAt({ router }: Running): number {
  return QOS_TIERS.reduce((sum, qos) => sum + router.engine.gate.waiting(qos), 0);
}

/** Until so many wait: what was sent is on its way through sockets. */
async function waiting({ owner }: Processes, n: number): Promise<void> {
  await until(() => waitingAt(owner) === n);
}

/** Every other one goes to the other worker. */
function asking({ workers }: Processes): (tenant: keyof typeof KEYS, qos: string) => Promise<Reply> {
  let n = 0;
  return (tenant, qos) => {
    n += 1;
    const worker = workers[n % workers.length] as Running;
    const body = JSON.stringify({ model: 'm', max_tokens: 50, messages: [{ role: 'user', content: 'hello' }] });
    const headers = { authorization: `Bearer ${KEYS[tenant]}`, 'x-atp-qos': qos };
    return call(`${worker.url}/v1/chat/completions`, { method: 'POST', headers, body });
  };
}

/** What comes from here on. */
function since({ base_url, open, arrived }: Upstream): Upstream {
  const before = open.length;
  return {
    base_url,
    get open() {
      return open.slice(before);
    },
    arrived: (n) => arrived(before + n),
  };
}

/** Calls until one is granted: whoever holds the limits has been found. */
async function afterGrant(running: Processes & { readonly up: Upstream }): Promise<Upstream> {
  const up = since(running.up);
  const arrived = up.arrived(1).then(() => true);
  for (;;) {
    const reply = asking(running)('good', 'gold');
    if (await Promise.race([arrived, reply.then(() => false)])) {
      answer(up.open[0] as Upstream['open'][number]);
      await reply;
      return since(running.up);
    }
  }
}

async function answerAll(up: Upstream, all: Promise<unknown>): Promise<void> {
  let over = false;
  const watched = all.finally(() => {
    over = true;
  });
  for (let n = 0; !over; ) {
    const res = up.open[n];
    if (res === undefined) await settled();
    else {
      if (!res.destroyed) answer(res);
      n += 1;
    }
  }
  await watched;
}

async function hundredAndTwenty(running: Awaited<ReturnType<typeof busy>>): Promise<void> {
  const { up, owner } = running;
  const ask = asking(running);
  const flood = Array.from({ length: 100 }, () => ask('flood', 'bronze'));
  await up.arrived(PLACES);
  await waiting(running, 90);
  const good = Array.from({ length: 10 }, () => ask('good', 'bronze'));
  await waiting(running, 100);
  expect(up.open).toHaveLength(PLACES);

  // Gold has its part at once, by calls that are stopped.
  const gold = Array.from({ length: 10 }, () => ask('first', 'gold'));
  await up.arrived(PLACES + 5);
  const stopped = await Promise.race(flood);
  expect([stopped.status, errorOf(stopped).code]).toEqual([503, 'preempted']);

  const all = Promise.all([...flood, ...good, ...gold]);
  await answerAll(up, all);
  const answers = await all;
  const count = (status: number): number => answers.filter((one) => one.status === status).length;
  expect([count(200), count(503)]).toEqual([115, 5]);
  expect(waitingAt(owner)).toBe(0);
}

test('a hundred and twenty calls over two workers: one queue, in order, stopped for gold, and paid for once', async () => {
  await hundredAndTwenty(await busy());
});

test.skipIf(findValkey() === undefined)(
  'the same where the limits are held over Valkey, and again when that was lost and is back',
  { timeout: 120_000 },
  async () => {
    const server = await ValkeyServer.start();
    onTestFinished(() => server.stop());
    const running = await busy({ type: 'valkey', url: server.url() });
    await hundredAndTwenty({ ...running, up: await afterGrant(running) });
    await server.halt();
    await server.resume();
    await hundredAndTwenty({ ...running, up: await afterGrant(running) });
  },
);
