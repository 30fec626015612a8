import { AtpClient } from '@atp-router/sdk';
import { describe, expect, test } from 'vitest';
import { errorOf, type Running, TENANT_KEY } from '../admin/harness.ts';
import { agentAt, agentsOf, ECHO, expectBalanced, SIM, tenantOf, withAgents } from './rig.ts';
import { after, ESTIMATE, final, piece, RawAgent } from './raw.ts';

const ask = (running: Running): ReturnType<Running['chat']> => running.chat({ model: 'agents/echo' });

describe('an estimate', () => {
  test('above what the call may cost refuses the agent, before it gets the work', async () => {
    const models = [
      {
        id: 'dear',
        provider: 'agents',
        upstream_model: 'echo',
        context: 9_999,
        price: { in_usd_per_mtok: 1, out_usd_per_mtok: 1 },
      },
    ];
    const running = await withAgents({}, { models });
    const asked: string[] = [];
    const agent = new RawAgent(running, ({ type }, { say }) => {
      asked.push(type);
      say({ ...ESTIMATE, content: { in_tokens: 10, out_tokens: 10, usd_micros: 5_000_000 } });
    });
    await agent.start();
    const client = new AtpClient({ url: running.url, key: TENANT_KEY });
    const task = client.task({ prompt: 'Hi', model: 'dear' }, { max_usd_micros: 10_000 });
    await expect(task.result()).rejects.toMatchObject({ code: 'EBUDGET', details: { error: 'budget_exhausted' } });
    await agent.until(() => agent.effects.some(({ type }) => type === 'stream_closed'));
    expect(asked).toEqual(['adapter.estimate_request']);
    await client.close();
    expectBalanced(running);
  });

  test('is held against the limit that was set, whatever the router itself would count, and its words name that one', async () => {
    const price = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };
    const models = [{ id: 'dear', provider: 'agents', upstream_model: 'echo', context: 9_999, price }];
    const running = await withAgents({}, { models });
    const said = { in_tokens: 10, out_tokens: 100, usd_micros: 210 };
    const agent = new RawAgent(running, ({ type }, { say }) => {
      if (type === 'adapter.estimate_request') say({ type: 'adapter.estimate', content: said });
      else say(final('Hi', { usage: { in_tokens: 10, out_tokens: 100 } }), true);
    });
    await agent.start();
    const client = new AtpClient({ url: running.url, key: TENANT_KEY });
    const ask = (max_usd_micros: number) =>
      client.task({ prompt: 'x', model: 'dear', max_output_tokens: 20 }, { max_usd_micros }).result();
    for (const most of [210, 215]) expect((await ask(most)).text).toBe('Hi');
    await expect(ask(209)).rejects.toMatchObject({
      code: 'EBUDGET',
      message: expect.stringMatching(/expects to need 210 micro-dollars, and .*`max_usd_micros`.* leaves 209\./),
    });
    await client.close();
    expectBalanced(running);
  });
});

describe('whom an agent serves', () => {
  const OTHER = 'key-of-the-others';
  const TWO = { tenants: [tenantOf('acme', TENANT_KEY), tenantOf('other', OTHER)] };

  test('is its own tenant, and nobody else', async () => {
    const running = await withAgents({}, TWO);
    await agentAt(running, { run: ECHO }).start();
    const reply = await running.chat({ model: 'agents/echo' }, OTHER);
    expect([reply.status, errorOf(reply).code]).toEqual([503, 'no_models_available']);
    expect((await ask(running)).status).toBe(200);
  });

  test('is everybody where the operator shares it, by keys that he names', async () => {
    const running = await withAgents({ shared: true, keys: ['acme/k1'] }, TWO);
    await agentAt(running, { run: ECHO }).start();
    expect((await running.chat({ model: 'agents/echo' }, OTHER)).status).toBe(200);
    await expect(agentAt(running, { run: ECHO, key: OTHER }).start()).rejects.toMatchObject({
      code: 'EPOLICY',
      message: expect.stringContaining('Key "k1" of tenant "other" may not register agents here'),
    });
  });

  test('is nobody while an operator has switched its key off', async () => {
    const running = await withAgents({ shared: true, keys: ['acme/k1'] }, TWO);
    await agentAt(running, { run: ECHO }).start();
    const kill = { scope: 'key', id: 'acme/k1', reason: 'a test' };
    await running.admin('POST', '/kill', { ...kill, on: true });
    expect((await running.chat({ model: 'agents/echo' }, OTHER)).status).toBe(503);
    await running.admin('POST', '/kill', { ...kill, on: false });
    expect((await running.chat({ model: 'agents/echo' }, OTHER)).status).toBe(200);
  });

  test('is nobody at a router without such a provider', async () => {
    const running = await withAgents(
      {},
      { providers: [SIM], models: [{ id: 'small', provider: 'sim', context: 9_999 }] },
    );
    await expect(agentAt(running, { run: ECHO }).start()).rejects.toMatchObject({ code: 'EPOLICY' });
  });
});

describe('money', () => {
  const LIMITED = { tenants: [tenantOf('acme', TENANT_KEY, { budget: { usd_per_day: 5 } })] };

  test('that is limited is not spent at an agent without a price', async () => {
    const running = await withAgents({}, LIMITED);
    await agentAt(running, { run: ECHO, usd_micros_per_mtok: 1_000_000 }).start();
    const reply = await ask(running);
    expect(reply.status).not.toBe(200);
    expect(errorOf(reply).message).toContain('price');
  });

  test('is charged at the price that the agent advertises, where the operator allows it', async () => {
    const running = await withAgents({ advertised_prices: true }, LIMITED);
    await agentAt(running, { run: ECHO, usd_micros_per_mtok: { in: 1_000_000, out: 2_000_000 } }).start();
    const client = new AtpClient({ url: running.url, key: TENANT_KEY });
    const result = await client.task({ prompt: 'hello', model: 'agents/echo' }).result();
    expect(result.cost_usd_micros).toBe(11);
    // As an operator who asks beforehand is told.
    const body = { model: 'agents/echo', messages: [{ role: 'user', content: 'hello' }] };
    const { json } = await running.admin('POST', '/estimate', { endpoint: 'chat.completions', body });
    expect(json).toMatchObject({ candidates: [{ priced: true }] });
    const { expected_cost_usd_micros } = json['plan'] as { expected_cost_usd_micros: [number, number] };
    for (const usd_micros of expected_cost_usd_micros) expect(usd_micros).toBeGreaterThan(0);
    await client.close();
  });
});

describe('usage that is reported', () => {
  const DEAR = {
    ...{ id: 'dear', provider: 'agents', upstream_model: 'echo', context: 9_999 },
    price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 },
  };
  const greedy = (running: Running): RawAgent =>
    new RawAgent(
      running,
      after(({ say }) => say(final('Hi', { usage: { in_tokens: 10, out_tokens: 1e9 } }), true)),
    );

  test('above the budget of the work is not charged, and the agent is not asked again', async () => {
    const running = await withAgents({ shared: true, keys: ['acme/k1'] }, { models: [DEAR] });
    await greedy(running).start();
    const client = new AtpClient({ url: running.url, key: TENANT_KEY });
    const task = client.task({ prompt: 'Hi', model: 'dear' }, { max_usd_micros: 5_000 });
    const { cost_usd_micros } = await task.result();
    expect(cost_usd_micros).toBeGreaterThan(0);
    expect(cost_usd_micros).toBeLessThanOrEqual(5_000);
    await client.close();
    expect(errorOf(await running.chat({ model: 'dear' })).code).toBe('no_models_available');
    const { json } = await running.admin('GET', '/connected-agents');
    expect(json['data']).toMatchObject([
      {
        state: 'non_compliant',
        compliance: {
          reason: expect.stringContaining('more usage than the budget'),
          strikes: [{ fault: 'over_budget', sentence: 'A7' }],
        },
      },
    ]);
    expectBalanced(running);
  });

  const charged = async (running: Running): Promise<unknown[]> => {
    const { json } = await running.admin('GET', '/usage/records');
    return (json['data'] as { cost_usd_micros: number }[]).map((one) => one.cost_usd_micros);
  };

  test('by the million is not charged to a tenant without a budget either, also where it was announced', async () => {
    const running = await withAgents({}, { models: [DEAR] });
    const billion = { in_tokens: 10, out_tokens: 1e9, usd_micros: 0, p95_tokens: 2e9 };
    const agent = new RawAgent(running, ({ type }, { say }) => {
      if (type === 'adapter.estimate_request') say({ type: 'adapter.estimate', content: billion });
      else say(final('Hi', { usage: { in_tokens: 10, out_tokens: 1e9 } }), true);
    });
    await agent.start();
    for (const stream of [false, true]) {
      const reply = await running.chat({ model: 'dear', stream, max_tokens: 100 });
      expect(reply.status).toBe(200);
    }
    // At most twice of the prompt, of some ten tokens, and of the longest answer, at 1 and 2 micro-dollars.
    for (const usd_micros of await charged(running)) {
      expect(usd_micros).toBeGreaterThan(200);
      expect(usd_micros).toBeLessThan(2 * (20 + 2 * 100));
    }
    expect((await charged(running)).length).toBe(2);
    expectBalanced(running);
  });

  test('by the billion takes no more of a budget for the day than twice what the router expects', async () => {
    const tenants = [tenantOf('acme', TENANT_KEY, { budget: { usd_per_day: 50 } })];
    const running = await withAgents({}, { models: [DEAR], tenants });
    for (const _ of [1, 2, 3]) {
      const agent = new RawAgent(
        running,
        after(({ say }) => say(final('Hi', { usage: { in_tokens: 9e15, out_tokens: 0 } }), true)),
      );
      await agent.start();
      expect((await running.chat({ model: 'dear', stream: false, max_tokens: 100 })).status).toBe(200);
    }
    for (const usd_micros of await charged(running)) expect(usd_micros).toBeLessThan(2 * (20 + 2 * 100));
    expect((await charged(running)).length).toBe(3);
    const { json } = await running.admin('GET', '/connected-agents');
    for (const { compliance } of json['data'] as { compliance: object }[]) {
      expect(compliance).toMatchObject({ is_compliant: false, strikes: [{ fault: 'over_budget' }] });
    }
    expectBalanced(running);
  });

  test('by the million, and not announced, is a fault', async () => {
    const running = await withAgents({}, { models: [DEAR] });
    await greedy(running).start();
    expect((await running.chat({ model: 'dear', stream: false, max_tokens: 100 })).status).toBe(200);
    expect(errorOf(await running.chat({ model: 'dear' })).code).toBe('no_models_available');
  });

  test('by nobody is counted, and a stream that uses its budget up is ended by it', async () => {
    const running = await withAgents({}, { models: [DEAR] });
    const agent = new RawAgent(
      running,
      after(({ say }) => {
        for (let i = 0; i < 3; i += 1) say(piece('word '.repeat(20_000)));
        say(final('Hi'), true);
      }),
    );
    await agent.start();
    const client = new AtpClient({ url: running.url, key: TENANT_KEY });
    const ended = client.task({ prompt: 'Hi', model: 'dear' }, { max_usd_micros: 2_000 }).result();
    await expect(ended).rejects.toMatchObject({ code: 'EBUDGET' });
    await client.close();
    expectBalanced(running);
  });

  test('by nobody, of an answer that comes as a whole, is charged within the budget', async () => {
    const running = await withAgents({}, { models: [DEAR] });
    await new RawAgent(
      running,
      after(({ say }) => say(final('word '.repeat(20_000)), true)),
    ).start();
    const client = new AtpClient({ url: running.url, key: TENANT_KEY });
    const task = client.task({ prompt: 'Hi', model: 'dear', stream: false }, { max_usd_micros: 2_000 });
    const { cost_usd_micros } = await task.result();
    expect(cost_usd_micros).toBeGreaterThan(1_000);
    expect(cost_usd_micros).toBeLessThanOrEqual(2_000);
    await client.close();
  });

  test('by nobody is counted, and what is sent beyond twice of the longest answer is charged to nobody', async () => {
    const running = await withAgents({}, { models: [DEAR] });
    const words = 'word '.repeat(20_000);
    const agent = new RawAgent(
      running,
      after(({ say }) => {
        for (let i = 0; i < 3; i += 1) say(piece(words));
        say(final(words.repeat(3)), true);
      }),
    );
    await agent.start();
    for (const stream of [false, true]) await running.chat({ model: 'dear', stream, max_tokens: 100 });
    const costs = await charged(running);
    expect(costs.length).toBe(2);
    for (const usd_micros of costs) {
      expect(usd_micros).toBeGreaterThanOrEqual(400);
      expect(usd_micros).toBeLessThan(450);
    }
    expectBalanced(running);
  });
});

describe('too many agents', () => {
  test('of a tenant, or in all, are refused', async () => {
    const sessions = { max_agents: 3, max_agents_per_tenant: 2 };
    const tenants = [tenantOf('acme', TENANT_KEY), tenantOf('other', 'key-2')];
    const running = await withAgents({}, { sessions, tenants });
    const more = (key?: string): Promise<readonly string[]> =>
      agentAt(running, { run: ECHO, ...(key !== undefined && { key }) }).start();
    await Promise.all([more(), more()]);
    await expect(more()).rejects.toMatchObject({
      code: 'EWINDOW',
      message: expect.stringContaining('max_agents_per_tenant'),
    });
    await more('key-2');
    await expect(more('key-2')).rejects.toMatchObject({
      code: 'EWINDOW',
      message: expect.stringContaining('max_agents'),
    });
  });

  test('on one session are one', async () => {
    const running = await withAgents({}, { providers: [SIM, agentsOf()] });
    const agent = new RawAgent(running, () => undefined);
    expect((await agent.start()).type).toBe('adapter.accepted');
    expect((await agent.tell({ type: 'adapter.capability', content: { adapter_id: 'two' } })).content).toMatchObject({
      code: 'EPOLICY',
    });
    expect((await agent.tell({ type: 'adapter.capability', content: { adapter_id: 'a b' } })).content).toMatchObject({
      code: 'EPROTO',
    });
  });
});
