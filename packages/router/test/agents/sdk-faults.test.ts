import { Agent, AtpClosedError, type Runtime, type SocketLike, systemRuntime } from '@atp-router/sdk';
import { describe, expect, onTestFinished, test } from 'vitest';
import { errorOf, type Running, TENANT_KEY } from '../admin/harness.ts';
import { agentAt, agentsOf, ECHO, gate, type Quick, SIM, withAgents } from './rig.ts';

const ONCE = { providers: [SIM, agentsOf({}, { retry: { max_attempts: 1 } })] };
const ask = (running: Running, more: object = {}): ReturnType<Running['chat']> =>
  running.chat({ model: 'agents/echo', ...more });

/** The runtime's own sockets and timers, and which of them there are. */
function watchedRuntime(): {
  readonly runtime: Runtime;
  readonly sockets: readonly SocketLike[];
  readonly timers: ReadonlySet<unknown>;
} {
  const system = systemRuntime();
  const sockets: SocketLike[] = [];
  const timers = new Set<unknown>();
  const runtime: Runtime = {
    ...system,
    WebSocket: class extends system.WebSocket {
      constructor(url: string, protocols: readonly string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    },
    setTimeout: (run, delay_ms) => {
      const timer = system.setTimeout(() => {
        timers.delete(timer);
        run();
      }, delay_ms);
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer) => {
      timers.delete(timer);
      system.clearTimeout(timer);
    },
  };
  return { runtime, sockets, timers };
}

describe('start()', () => {
  test('rejects with ESEC when the key is not good', async () => {
    const agent = agentAt(await withAgents(), { run: ECHO, key: 'wrong' });
    await expect(agent.start()).rejects.toMatchObject({ code: 'ESEC' });
  });

  test('rejects when the agent is stopped before it is there', async () => {
    const asked = gate();
    const key = (): Promise<string> => {
      asked.open();
      return new Promise<string>(() => undefined);
    };
    const agent = agentAt(await withAgents(), { run: ECHO, key });
    const refused = expect(agent.start()).rejects.toThrow(AtpClosedError);
    await asked.opened;
    await Promise.all([agent.stop(), agent.stop()]);
    await refused;
    const never = agentAt({ url: 'http://127.0.0.1:9' }, { run: ECHO });
    await never.stop();
    await expect(never.start()).rejects.toThrow('The agent was stopped.');
  });

  test('rejects when the router is not reached, after some attempts', async () => {
    const reconnect = { base_ms: 1, cap_ms: 2, attempts_max: 3 };
    const agent = agentAt({ url: 'http://127.0.0.1:9' }, { run: ECHO, reconnect });
    await expect(agent.start()).rejects.toMatchObject({
      ...{ code: 'ETIMEOUT', message: expect.stringContaining('in 3 attempts') },
    });
  });

  test('rejects what no frame carries, and so does status()', async () => {
    const running = await withAgents();
    const bad = agentAt(running, { run: ECHO, max_tokens: Number.NaN });
    await expect(bad.start()).rejects.toMatchObject({
      ...{ code: 'EPROTO', message: expect.stringContaining('payload.content.max_tokens') },
    });
    const agent = agentAt(running, { run: ECHO });
    await agent.start();
    expect(() => agent.status('READY', { max_parallel: Number.NaN })).toThrow('The status cannot be sent');
    expect((await ask(running)).status).toBe(200);
  });
});

test('listeners that throw stop nothing', async () => {
  const running = await withAgents({}, ONCE);
  const bad = (): never => {
    throw new Error('The log is full.');
  };
  let is_failing = true;
  await agentAt(running, {
    ...{ onLink: bad, onError: bad },
    run: () => (is_failing ? Promise.reject(new Error('x')) : Promise.resolve('Done.')),
  }).start();
  expect((await ask(running)).status).toBe(502);
  is_failing = false;
  expect((await ask(running)).status).toBe(200);
});

test('an agent that finds its place taken when it comes back takes it again when there is room', async () => {
  const running = await withAgents({}, { sessions: { max_agents_per_tenant: 1 } });
  const back = gate();
  const refused = gate<unknown>();
  let keys = 0;
  const agent = agentAt(running, {
    run: ECHO,
    key: async () => {
      keys += 1;
      if (keys > 1) await back.opened;
      return TENANT_KEY;
    },
    connect_timeout_ms: 60_000,
    onError: (error) => {
      if ((error as { readonly code?: string }).code === 'EWINDOW') refused.open(error);
    },
  });
  await agent.start();
  const { json } = await running.admin('GET', '/sessions');
  const [session] = json['data'] as { readonly session_id: string }[];
  await running.admin('DELETE', `/sessions/acme/${session?.session_id ?? ''}`);
  const other = agentAt(running, { run: ECHO, id: 'other' });
  await other.start();
  back.open();
  expect(await refused.opened).toMatchObject({ message: expect.stringContaining('max_agents_per_tenant') });
  expect((await ask(running)).status).toBe(503);
  await other.stop();
  while ((await ask(running)).status !== 200);
});

describe('a piece that no frame carries', () => {
  const withPieces = (cleanUp: () => void): Quick['run'] =>
    async function* pieces() {
      try {
        yield 'One';
        yield { kind: 'text', delta: 'two', weight: Number.NaN };
        yield 'three';
      } finally {
        cleanUp();
      }
    };

  test('ends the task, the generator too, and harms no other', async () => {
    const running = await withAgents({}, ONCE);
    const cleaned = gate();
    const errors: unknown[] = [];
    const agent = agentAt(running, { run: withPieces(() => cleaned.open()), onError: (error) => errors.push(error) });
    await agent.start();
    expect(errorOf(await ask(running)).message).toContain('The agent failed at this task.');
    await cleaned.opened;
    expect(errors).toEqual([expect.objectContaining({ fault: 'number' })]);
    expect(agent.running).toBe(0);
  });

  test('is told although the generator throws when it is left', async () => {
    const running = await withAgents({}, ONCE);
    const errors: unknown[] = [];
    const unclean = new Error('It cannot be cleaned up.');
    const run = withPieces(() => {
      throw unclean;
    });
    await agentAt(running, { run, onError: (error) => errors.push(error) }).start();
    expect(errorOf(await ask(running)).message).toContain('The agent failed at this task.');
    expect(errors).toEqual([unclean, expect.objectContaining({ fault: 'number' })]);
  });
});

test('an agent whose session is resumed while it stops leaves no timer behind', async () => {
  const running = await withAgents();
  const { runtime, sockets, timers } = watchedRuntime();
  const reconnect = { base_ms: 1, cap_ms: 5 };
  const agent = new Agent({ url: running.url, key: TENANT_KEY, id: 'echo', run: ECHO, reconnect }, runtime);
  onTestFinished(() => agent.stop());
  await agent.start();
  const stopped = agent.stop();
  sockets[0]?.close();
  await stopped;
  expect([...timers]).toEqual([]);
});
