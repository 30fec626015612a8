import { AtpClient } from '@atp-router/sdk';
import { seededRng } from '@atp-router/kernel';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AgentCapacity } from '../../src/atp/agents/agent-capacity.ts';
import type { AgentInstance } from '../../src/atp/agents/roster.ts';
import { errorOf, type Running, TENANT_KEY } from '../admin/harness.ts';
import { VirtualTime } from '../engine/support/virtual-time.ts';
import { until } from '../shared/support/time.ts';
import { RawAgent } from './raw.ts';
import { agentAt, ECHO, expectBalanced, gate, withAgents } from './rig.ts';

const SHARED = { shared: true, keys: ['acme/k1'] };
const DEPLOYMENT = 'deployment:agents/echo';
const SILVER = { provider: 'agents', upstream_model: 'echo', tier: 'silver' } as const;

const ask = (running: Running, more: object = {}): ReturnType<Running['chat']> =>
  running.chat({ model: 'agents/echo', ...more });

const load = ({ router }: Running): { in_flight: number; waiting: number } => router.engine.gate.load(DEPLOYMENT);

describe('agents that serve everybody, all of them busy', () => {
  test('have calls wait their turn, and are given them as they come free', async () => {
    const running = await withAgents(SHARED);
    const hold = gate();
    const agents = ['one', 'two'].map((version) =>
      agentAt(running, {
        version,
        concurrency: 2,
        async *run(task, context) {
          await hold.opened;
          return yield* ECHO(task, context) as AsyncGenerator<string, { text?: string }>;
        },
      }),
    );
    for (const agent of agents) await agent.start();
    await until(() => running.router.engine.parts.accounts.windows(DEPLOYMENT)?.max_parallel === 4);
    const replies = Array.from({ length: 10 }, () => ask(running));
    await until(() => load(running).waiting === 6);
    expect(load(running).in_flight).toBe(4);
    hold.open();
    expect((await Promise.all(replies)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    expectBalanced(running);
    for (const agent of agents) await agent.stop();
    await until(() => running.router.engine.parts.accounts.windows(DEPLOYMENT)?.max_parallel === Infinity);
    // Nobody is waited for where nobody is there.
    expect(errorOf(await ask(running)).code).toBe('no_models_available');
  });

  test('have a task over ATP wait, too, and a call waits no longer than its provider says', async () => {
    const providers = [
      {
        id: 'agents',
        type: 'agent',
        allow_any_model: true,
        agent: SHARED,
        queue_timeout_ms: 50,
        retry: { max_attempts: 1 },
      },
    ];
    const running = await withAgents({}, { providers, models: [] });
    const hold = gate();
    await agentAt(running, {
      concurrency: 1,
      async *run(task, context) {
        await hold.opened;
        return yield* ECHO(task, context) as AsyncGenerator<string, { text?: string }>;
      },
    }).start();
    await until(() => running.router.engine.parts.accounts.windows(DEPLOYMENT)?.max_parallel === 1);
    const client = new AtpClient({ url: running.url, key: TENANT_KEY });
    onTestFinished(() => client.close());
    const first = client.task({ prompt: 'Hi', model: 'agents/echo' }).result();
    await until(() => load(running).in_flight === 1);
    const late = await ask(running);
    expect([late.status, errorOf(late).code]).toEqual([503, 'backpressure']);
    hold.open();
    expect((await first).text).toBe('You said: Hi');
  });
});

test('an agent whose frames say that its way is crowded is given half as much', async () => {
  const running = await withAgents({ ...SHARED, burst_per_s: 10_000 });
  const agent = new RawAgent(running, () => undefined);
  await agent.start();
  const most = (): number | undefined => running.router.engine.parts.accounts.windows(DEPLOYMENT)?.max_parallel;
  // As many as a session has streams.
  await until(() => most() === 1_000);
  agent.input({ type: 'window', window: { max_parallel: 16 } });
  await until(() => most() === 16);
  agent.input({ type: 'crowded', crowded: true });
  agent.input({ type: 'window', window: { max_parallel: 12 } });
  await until(() => most() === 8);
  // Another one is none the worse for it.
  const other = new RawAgent(running, () => undefined);
  await other.start();
  other.input({ type: 'window', window: { max_parallel: 10 } });
  await until(() => most() === 18);
});

test("a tenant's own agent narrows nothing: the account of the deployment is everybody's", async () => {
  const running = await withAgents({}, {});
  const agent = new RawAgent(running, ({ type }, { say }) => {
    if (type === 'adapter.estimate_request')
      say({ type: 'error', content: { code: 'ETIMEOUT', reason: 'Late.' } }, true);
  });
  await agent.start();
  agent.input({ type: 'crowded', crowded: true });
  agent.input({ type: 'window', window: { max_parallel: 12 } });
  expect(errorOf(await ask(running)).code).toBe('upstream_timeout');
  expect(running.router.engine.parts.accounts.windows(DEPLOYMENT)?.max_parallel).toBe(Infinity);
});

test("a tenant's own agents limit no account: what they cannot take fails at once", async () => {
  const running = await withAgents({}, {});
  const hold = gate();
  await agentAt(running, {
    concurrency: 1,
    async *run(task, context) {
      await hold.opened;
      return yield* ECHO(task, context) as AsyncGenerator<string, { text?: string }>;
    },
  }).start();
  const first = ask(running);
  await until(() => load(running).in_flight === 1);
  expect(errorOf(await ask(running)).code).toBe('backpressure');
  expect(running.router.engine.parts.accounts.windows(DEPLOYMENT)?.max_parallel).toBe(Infinity);
  hold.open();
  expect((await first).status).toBe(200);
});

describe('how many calls a deployment takes', () => {
  const instance = (id: string, more: Partial<AgentInstance> = {}): AgentInstance => ({
    ...{ id, tenant: 'acme', key_id: 'k1', since_ms: 0, is_connected: true, is_given_up: false, status: 'READY' },
    ...{ suggested_window: {}, health: undefined, compliance: { kind: 'compliant', strikes: [] }, latest: 0 },
    load: { dispatches: 0, tokens: 0, usd_micros: 0 },
    capability: {
      ...{ adapter_id: 'echo', adapter_type: 'agent', capabilities: [], models: ['second'], max_tokens: undefined },
      ...{ supported_languages: [], price: undefined, version: '' },
    },
    ...more,
  });

  function capacity(): {
    readonly it: AgentCapacity;
    readonly limits: Map<string, number>;
    readonly rooms: Map<string, number>;
    readonly agents: AgentInstance[];
    readonly time: VirtualTime;
  } {
    const [limits, rooms] = [new Map<string, number>(), new Map<string, number>()];
    const agents: AgentInstance[] = [];
    const time = new VirtualTime(seededRng(1), 0);
    const it = new AgentCapacity({
      ...{ clock: time, timers: time, aimd: () => undefined, onNarrowed: () => undefined },
      providers: () => [{ id: 'agents', type: 'agent', agent: SHARED }] as never,
      agents: () => agents,
      agent: (id) => agents.find((one) => one.id === id),
      room: (id) => rooms.get(id) ?? 0,
      width: (id) => rooms.get(id) ?? 0,
      killed: () => false,
      limit: (account, calls) => void limits.set(account, calls),
    });
    return { it, limits, rooms, agents, time };
  }

  test('is what runs and what is free, of each that is ready; what else they say of themselves adds what runs', () => {
    const { it, limits, rooms } = capacity();
    rooms.set('a', 3).set('b', 5);
    it.changed(instance('a'));
    it.changed(instance('b'));
    expect([limits.get(DEPLOYMENT), limits.get('deployment:agents/second')]).toEqual([8, 8]);
    // A dispatch takes a stream: together they are what they were.
    it.began('a', SILVER);
    rooms.set('a', 2);
    it.changed(instance('a'));
    expect([limits.get(DEPLOYMENT), limits.get('deployment:agents/second')]).toEqual([8, 7]);
    rooms.set('a', 0);
    it.changed(instance('a', { status: 'BUSY' }));
    expect(limits.get(DEPLOYMENT)).toBe(6);
    it.changed(instance('b', { status: 'DRAINING' }));
    expect(limits.get(DEPLOYMENT)).toBe(1);
    it.ended('a', SILVER);
    it.changed(instance('a', { status: 'BUSY' }));
    expect(limits.get(DEPLOYMENT)).toBe(0);
    it.changed(instance('a', { is_connected: false }));
    it.removed('b');
    expect(limits.get(DEPLOYMENT)).toBe(Infinity);
    it.removed('a');
    expect(new Set(limits.values())).toEqual(new Set([Infinity]));
  });

  test('falls once the grace of a pause is over', () => {
    const { it, limits, rooms, agents, time } = capacity();
    const paused = instance('a', { status: 'PAUSE' });
    agents.push(paused);
    rooms.set('a', 4);
    it.changed(paused);
    expect([limits.get(DEPLOYMENT), time.pending]).toEqual([4, 1]);
    rooms.set('a', 0);
    time.step();
    expect([time.mono_ms() > 2_000, limits.get(DEPLOYMENT), time.pending]).toEqual([true, 0, 0]);
  });
});
