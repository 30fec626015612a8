import type { Agent } from '@atp-router/sdk';
import { describe, expect, test } from 'vitest';
import { errorOf, type Running, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { agentAt, agentsOf, ECHO, expectBalanced, SIM, tenantOf, withAgents } from './rig.ts';

const OTHER = 'key-of-the-others';
const TWO = {
  tenants: [tenantOf('acme', TENANT_KEY), tenantOf('other', OTHER, { models: ['small', 'auto'] })],
  models: [
    {
      id: 'small',
      provider: 'sim',
      context: 9_999,
      capabilities: ['chat', 'tools'],
      price: { in_usd_per_mtok: 10, out_usd_per_mtok: 10 },
    },
  ],
};

interface Listed {
  readonly id: string;
  readonly atp: Readonly<Record<string, unknown>>;
}

async function models({ url }: Running, key: string = TENANT_KEY, of = ''): Promise<readonly Listed[]> {
  const { json } = await call(`${url}/v1/models${of}`, { headers: { authorization: `Bearer ${key}` } });
  return (json['data'] ?? [json]) as readonly Listed[];
}

async function names(running: Running, key?: string): Promise<readonly string[]> {
  return (await models(running, key)).map(({ id }) => id);
}

/** Stops it, and waits until the router has seen it go. */
async function gone(running: Running, agent: Agent): Promise<void> {
  const events = await running.events();
  await agent.stop();
  await events.next(({ data }) => data.includes('session.closed'));
}

describe('the list of models', () => {
  test('has the agents that are connected, for those who may use them, until they go', async () => {
    const running = await withAgents({ advertised_prices: true }, TWO);
    expect(await names(running)).toEqual(['small', 'auto']);
    const agent = agentAt(running, { run: ECHO, models: ['parrot'], usd_micros_per_mtok: { in: 3, out: 5 } });
    await agent.start();
    expect(await names(running)).toEqual(['small', 'agents/echo', 'agents/parrot', 'auto']);
    const [one] = await models(running, TENANT_KEY, '/agents%2Fparrot');
    expect(one).toMatchObject({
      owned_by: 'agents',
      atp: {
        ...{ kind: 'connected_agent', provider: 'agents', instances: 1, state: 'ready', auto: false },
        ...{ capabilities: ['chat'], price: { in_usd_micros_per_mtok: 3, out_usd_micros_per_mtok: 5 } },
      },
    });
    expect(await names(running, OTHER)).toEqual(['small', 'auto']);
    await gone(running, agent);
    expect(await names(running)).toEqual(['small', 'auto']);
  });

  test('has shared agents for the tenants that may name them, and none twice that a model is declared for', async () => {
    const shared = agentsOf({ shared: true, keys: ['acme/k1'] });
    const third = tenantOf('third', 'key-3', { models: ['agents/*'] });
    const [small] = TWO.models;
    const declared = { id: 'bird', provider: 'agents', upstream_model: 'parrot', context: 9_999 };
    const more = { providers: [SIM, shared], models: [small, declared], tenants: [...TWO.tenants, third] };
    const running = await withAgents({}, more);
    await agentAt(running, { run: ECHO, models: ['parrot'] }).start();
    expect(await names(running)).toEqual(['small', 'bird', 'agents/echo', 'auto']);
    expect(await names(running, 'key-3')).toEqual(['agents/echo']);
    expect(await names(running, OTHER)).toEqual(['small', 'auto']);
  });
});

describe('auto', () => {
  const CHEAP = { usd_micros_per_mtok: { in: 1, out: 1 } };
  const auto = (running: Running, key?: string): ReturnType<Running['chat']> => running.chat({ model: 'auto' }, key);

  test('never chooses an agent that the operator has not given it', async () => {
    const running = await withAgents({ advertised_prices: true }, TWO);
    await agentAt(running, { run: ECHO, ...CHEAP }).start();
    expect((await auto(running)).json['model']).toBe('sim-small');
    const alone = await withAgents({}, { providers: [agentsOf()], models: [] });
    await agentAt(alone, { run: ECHO }).start();
    expect(errorOf(await auto(alone)).code).toBe('no_models_available');
  });

  test('chooses one where the operator lets it, by its score, while it is there, and for its own tenant', async () => {
    const by_score = { ...TWO, routing: { mode: 'static' } };
    const running = await withAgents({ auto: true, advertised_prices: true }, by_score);
    const agent = agentAt(running, { run: ECHO, ...CHEAP });
    await agent.start();
    expect((await auto(running)).json).toMatchObject({ choices: [{ message: { content: 'You said: hello' } }] });
    expect((await auto(running, OTHER)).json['model']).toBe('sim-small');
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
    const declared = await running.chat({ model: 'auto', tools });
    expect(declared.json['model']).toBe('sim-small');
    await gone(running, agent);
    expect((await auto(running)).json['model']).toBe('sim-small');
    expectBalanced(running);
  });
});
