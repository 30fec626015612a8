import { describe, expect, test } from 'vitest';
import { AgentCapacity } from '../../src/atp/agents/agent-capacity.ts';
import { errorOf, type Running, TENANT_KEY } from '../admin/harness.ts';
import { call, type Reply } from '../admin/http.ts';
import { ManualTime, settled, until } from '../shared/support/time.ts';
import { after, final, RawAgent, type RawStream } from './raw.ts';
import { agentsOf, expectBalanced, SIM, tenantOf, withAgents } from './rig.ts';

const SHARED = { shared: true, keys: ['acme/k1'] };
const DEPLOYMENT = 'deployment:agents/echo';
const SUGGESTED = 'suggested:agents/echo';

const ask = ({ url }: Running, qos: 'gold' | 'silver'): Promise<Reply> =>
  call(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TENANT_KEY}`, 'x-atp-qos': qos },
    body: JSON.stringify({ model: 'agents/echo', messages: [{ role: 'user', content: 'hello' }] }),
  });

const most = ({ router }: Running, account: string): number =>
  router.engine.parts.accounts.windows(account)?.max_parallel ?? Infinity;

const waiting = ({ router }: Running, account: string): number => router.engine.gate.load(account).waiting;

function routerWith(agent: object, more: object = {}): Promise<Running> {
  return withAgents({ ...agent }, { tenants: [tenantOf('acme', TENANT_KEY, { qos_max: 'gold' })], ...more });
}

/** An agent that takes three tasks at a time, suggests one, and keeps those that it has until it is told otherwise. */
async function suggesting(running: Running, suggested_window: object = { max_parallel: 1 }): Promise<Suggesting> {
  const streams: RawStream[] = [];
  const agent = new RawAgent(
    running,
    after((stream) => void streams.push(stream)),
  );
  await agent.start();
  agent.input({ type: 'window', window: { max_parallel: 3 } });
  agent.input({ type: 'status', status: 'READY', suggested_window });
  const answer = (): void => {
    for (const stream of streams.splice(0)) stream.say(final('Hi'), true);
  };
  return { agent, streams, answer };
}

interface Suggesting {
  readonly agent: RawAgent;
  /** Of tasks that it works on. */
  readonly streams: RawStream[];
  answer(): void;
}

describe('gold calls, where the operator lets them go beyond what agents suggest,', () => {
  test('are given while others wait for what is suggested, up to the window of the session', async () => {
    const running = await routerWith({ ...SHARED, gold_overrides: true });
    const { streams, answer } = await suggesting(running);
    await until(() => most(running, SUGGESTED) === 1 && most(running, DEPLOYMENT) === 3);
    const silver = [ask(running, 'silver')];
    await until(() => streams.length === 1);
    silver.push(ask(running, 'silver'));
    await until(() => waiting(running, SUGGESTED) === 1);
    const gold = [ask(running, 'gold'), ask(running, 'gold')];
    await until(() => streams.length === 3);
    // What it suggests is full by what it has, whosever that is.
    expect([most(running, SUGGESTED), most(running, DEPLOYMENT)]).toEqual([1, 3]);
    gold.push(ask(running, 'gold'));
    await until(() => waiting(running, DEPLOYMENT) === 1);
    const all = Promise.all([...silver, ...gold]);
    while (running.router.engine.in_flight > 0) {
      answer();
      await settled();
    }
    expect((await all).map(({ status }) => status)).toEqual(Array(5).fill(200));
    expectBalanced(running);
  });

  test('wait all the same for one that is busy, and are given again when it is not', async () => {
    const running = await routerWith({ ...SHARED, gold_overrides: true });
    const { agent, streams, answer } = await suggesting(running);
    await until(() => most(running, DEPLOYMENT) === 3);
    agent.input({ type: 'status', status: 'BUSY', suggested_window: { max_parallel: 1 } });
    await until(() => most(running, DEPLOYMENT) === 0);
    const gold = ask(running, 'gold');
    await until(() => waiting(running, DEPLOYMENT) === 1);
    expect(streams).toHaveLength(0);
    agent.input({ type: 'status', status: 'READY', suggested_window: { max_parallel: 1 } });
    await until(() => streams.length === 1);
    answer();
    expect((await gold).status).toBe(200);
  });

  test('are more than the tokens and the money that it suggests', async () => {
    const running = await routerWith({ ...SHARED, gold_overrides: true });
    const { streams, answer } = await suggesting(running, { max_tokens: 1, max_usd_micros: 0 });
    await until(() => most(running, SUGGESTED) === 3);
    expect(errorOf(await ask(running, 'silver')).code).toBe('backpressure');
    const gold = ask(running, 'gold');
    await until(() => streams.length === 1);
    answer();
    expect((await gold).status).toBe(200);
  });

  test("are a tenant's own, too, for which nobody waits", async () => {
    const running = await routerWith({ gold_overrides: true });
    const { agent, streams, answer } = await suggesting(running);
    const all = [ask(running, 'silver')];
    await until(() => streams.length === 1);
    expect(errorOf(await ask(running, 'silver')).code).toBe('backpressure');
    all.push(ask(running, 'gold'), ask(running, 'gold'));
    await until(() => streams.length === 3);
    expect(errorOf(await ask(running, 'gold')).code).toBe('backpressure');
    expect(most(running, DEPLOYMENT)).toBe(Infinity);
    answer();
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual([200, 200, 200]);
    agent.drop();
  });
});

test('without the key nobody goes beyond what an agent suggests, and there is no account of it', async () => {
  const running = await routerWith(SHARED);
  const { streams, answer } = await suggesting(running);
  await until(() => most(running, DEPLOYMENT) === 1);
  const first = ask(running, 'silver');
  await until(() => streams.length === 1);
  const gold = ask(running, 'gold');
  await until(() => waiting(running, DEPLOYMENT) === 1);
  expect(running.router.engine.parts.accounts.windows(SUGGESTED)).toBeUndefined();
  answer();
  await until(() => streams.length === 1);
  answer();
  expect([(await first).status, (await gold).status]).toEqual([200, 200]);
});

test('what is counted for gold and for others, by deployment, follows tiers and what operators say', () => {
  const limits = new Map<string, number>();
  const time = new ManualTime(0);
  const provider = { ...agentsOf({ ...SHARED, gold_overrides: true, burst_per_s: 1_000 }) };
  let providers: readonly object[] = [SIM, provider];
  const agent = {
    ...{ id: 'a', tenant: 'acme', key_id: 'k1', since_ms: 0, is_connected: true, is_given_up: false, status: 'READY' },
    ...{ suggested_window: {}, health: undefined, compliance: { kind: 'compliant', strikes: [] }, latest: 0 },
    capability: { adapter_id: 'echo', models: [] },
  } as never;
  const rooms = { within: 2, beyond: 10 };
  const it = new AgentCapacity({
    ...{ clock: time, timers: time, aimd: () => undefined, onNarrowed: () => undefined, killed: () => false },
    ...{ agents: () => [agent], agent: () => agent, limit: (account, calls) => void limits.set(account, calls) },
    providers: () => providers as never,
    room: (_, beyond) => (beyond ? rooms.beyond : rooms.within),
    width: () => 10,
  });
  const now = (): unknown => [limits.get(SUGGESTED), limits.get(DEPLOYMENT)];
  it.changed(agent);
  expect(now()).toEqual([2, 10]);
  const dispatched = (tier: 'gold' | 'silver'): { provider: string; upstream_model: string; tier: typeof tier } => ({
    ...{ provider: 'agents', upstream_model: 'echo', tier },
  });
  it.began('a', dispatched('gold'));
  Object.assign(rooms, { within: 1, beyond: 9 });
  it.changed(agent);
  expect(now()).toEqual([1, 10]);
  it.began('a', dispatched('silver'));
  Object.assign(rooms, { within: 0, beyond: 8 });
  it.changed(agent);
  expect(now()).toEqual([1, 10]);
  Object.assign(rooms, { within: 1, beyond: 9 });
  it.ended('a', dispatched('gold'));
  expect(now()).toEqual([2, 10]);
  // The operator takes it back: nothing is left of the account.
  providers = [SIM, agentsOf(SHARED)];
  it.refresh();
  expect(now()).toEqual([Infinity, 2]);
});
