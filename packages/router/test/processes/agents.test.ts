import { AtpClient } from '@atp-router/sdk';
import { describe, expect, onTestFinished, test } from 'vitest';
import { errorOf, type Running, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { after, ESTIMATE, final, piece, RawAgent } from '../agents/raw.ts';
import { agentAt, agentsOf, ECHO, expectBalanced, gate, SIM, tenantOf } from '../agents/rig.ts';
import { until } from '../shared/support/time.ts';
import { agentsAt, contentOf, elsewhere, trio, trioWith, untilKnown } from './support/agent-processes.ts';

const ask = (running: Running, more: object = {}): ReturnType<Running['chat']> =>
  running.chat({ model: 'agents/echo', ...more });

/** Says who it is, and waits for nothing. */
const named = (name: string): { version: string; run: () => Promise<string> } => ({
  version: name,
  run: () => Promise.resolve(name),
});

describe('an agent of another worker', () => {
  test('answers calls, whole and as a stream; they are of the worker that admitted them', async () => {
    const { one, two } = await trio();
    await agentAt(one, { run: ECHO }).start();
    await untilKnown(two, 'agents/echo');
    const whole = await ask(two);
    expect([contentOf(whole), whole.json['usage']]).toMatchObject([
      'You said: hello',
      { prompt_tokens: 3, completion_tokens: 4 },
    ]);
    const stream = await two.chatStream({ model: 'agents/echo' });
    const text = (await stream.rest()).map(({ data }) => data).join('\n');
    expect(text).toContain('You said: ');
    expect(text).toContain('[DONE]');
    expect([await elsewhere(two, 'ok'), await elsewhere(one, 'ok')]).toEqual([2, 0]);
    expect(await one.router.metrics.render()).toContain('atp_agent_dispatches_total{outcome="ok"} 2');
    for (const running of [one, two]) expectBalanced(running);
    expect(two.router.engine.parts.accounts.usedOn('tenant:acme', Math.floor(Date.now() / 86_400_000))?.calls).toBe(2);
  });

  test('answers tasks over ATP, with what the task says of itself, and the way through its own worker', async () => {
    const { one, two } = await trio();
    const got = gate<unknown>();
    await agentAt(one, {
      run: async (_task, { budget, qos, task_type, data_scope, via, check }) => {
        got.open({ budget, qos, task_type, data_scope, via, check });
        return 'Done.';
      },
    }).start();
    await untilKnown(two, 'agents/echo');
    const client = new AtpClient({ url: two.url, key: TENANT_KEY });
    onTestFinished(() => client.close());
    const options = { qos: 'silver', max_tokens: 5_000, task_type: 'review', data_scope: ['public'] } as const;
    const result = await client.task({ prompt: 'Hi', model: 'agents/echo' }, options).result();
    expect(result.text).toBe('Done.');
    expect(await got.opened).toEqual({
      ...{ qos: 'silver', task_type: 'review', data_scope: ['public'], budget: { tokens: 5_000 }, check: false },
      via: [two.router.node_id, one.router.node_id],
    });
  });

  test('is among the models of its tenant there, and of nobody else, until it goes', async () => {
    const { one, two } = await trio({
      providers: [SIM, agentsOf()],
      tenants: [tenantOf('acme', TENANT_KEY), tenantOf('other', 'other-key')],
    });
    const agent = agentAt(one, { run: ECHO });
    await agent.start();
    await untilKnown(two, 'agents/echo');
    const models = (key: string): ReturnType<typeof call> =>
      call(`${two.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
    const ids = ({ json }: Awaited<ReturnType<typeof call>>): unknown[] =>
      (json['data'] as { id: string }[]).map(({ id }) => id);
    expect(ids(await models(TENANT_KEY))).toContain('agents/echo');
    expect(ids(await models('other-key'))).not.toContain('agents/echo');
    expect(errorOf(await two.chat({ model: 'agents/echo' }, 'other-key')).code).toBe('no_models_available');
    await agent.stop();
    await untilKnown(two, 'agents/echo', 0);
    expect(errorOf(await ask(two)).code).toBe('no_models_available');
  });

  test('has the price that it says, the dearest of all workers', async () => {
    const { one, two } = await trioWith({ advertised_prices: true });
    for (const [at, price] of [
      [one, 1_000_000],
      [two, 2_000_000],
    ] as const) {
      await agentAt(at, { run: ECHO, version: String(price), usd_micros_per_mtok: price } as never).start();
    }
    for (const at of [one, two]) await untilKnown(at, 'agents/echo', 2);
    for (const at of [one, two]) {
      const [model] = at.router.engine.parts.connected('acme');
      expect(model?.price).toMatchObject({ in_usd_micros_per_mtok: 2_000_000 });
    }
  });

  test('that refuses, or is too dear, is told in the same words and codes', async () => {
    const { one, two } = await trioWith({}, { retry: { max_attempts: 1 } });
    let said: object = { code: 'EPOLICY', reason: 'Not this.' };
    const agent = new RawAgent(one, ({ type }, { say }) => {
      if (type === 'adapter.estimate_request') say({ type: 'error', content: said as never }, true);
    });
    await agent.start();
    await untilKnown(two, 'agents/echo');
    const reply = await ask(two);
    expect([reply.status, errorOf(reply)]).toMatchObject([
      400,
      { code: 'upstream_rejected', origin: 'remote', message: 'Agent "echo" at provider "agents" says: Not this.' },
    ]);
    said = { code: 'EWINDOW_AGENT', reason: 'Later.', retry_after_ms: 7_000 };
    const later = await ask(two);
    expect([later.status, errorOf(later).code, later.headers['retry-after']]).toEqual([429, 'rate_limited', '7']);
    expect([await elsewhere(two, 'failed'), await elsewhere(two, 'ok')]).toEqual([2, 0]);
  });

  test('that estimates more than the call may use does not get the work', async () => {
    const { one, two } = await trio();
    let dispatched = 0;
    const agent = new RawAgent(one, ({ type }, { say }) => {
      if (type === 'adapter.estimate_request')
        say({ type: 'adapter.estimate', content: { in_tokens: 10, out_tokens: 90_000, usd_micros: 0 } });
      if (type === 'agent.dispatch') dispatched += 1;
    });
    await agent.start();
    await untilKnown(two, 'agents/echo');
    const client = new AtpClient({ url: two.url, key: TENANT_KEY });
    onTestFinished(() => client.close());
    const task = client.task({ prompt: 'Hi', model: 'agents/echo' }, { max_tokens: 5_000 });
    await expect(task.result()).rejects.toMatchObject({ code: 'EBUDGET' });
    expect(dispatched).toBe(0);
  });

  test('that breaks a rule is judged at its own worker, and given nothing by any', async () => {
    const { one, two } = await trioWith({}, { retry: { max_attempts: 1 } });
    await new RawAgent(
      one,
      after(({ say }) => say({ type: 'agent.result.final', content: 7 as never }, true)),
    ).start();
    await untilKnown(two, 'agents/echo');
    expect(errorOf(await ask(two)).code).toBe('upstream_error');
    await until(() => agentsAt(two)['agents/echo'] === undefined);
    const reply = errorOf(await ask(two));
    expect([reply.code, reply.message]).toEqual([
      'no_models_available',
      expect.stringContaining('keeps to the protocol'),
    ]);
  });
});

describe('a client that leaves', () => {
  test('has the work aborted at the agent of another worker, before and behind its first word', async () => {
    const { one, two } = await trio();
    const [asked, begun] = [gate(), gate()];
    const aborted: string[] = [];
    const agent = new RawAgent(one, ({ type }, { say, stream_id }) => {
      if (type === 'adapter.estimate_request' && stream_id === '2') asked.open();
      else if (type === 'adapter.estimate_request') say(ESTIMATE);
      if (type === 'agent.dispatch') {
        say(piece('Once'));
        begun.open();
      }
    });
    await agent.start();
    await untilKnown(two, 'agents/echo');
    const client = new AtpClient({ url: two.url, key: TENANT_KEY });
    onTestFinished(() => client.close());
    const task = client.task({ prompt: 'Hi', model: 'agents/echo' });
    void task.result().catch(() => aborted.push('task'));
    await asked.opened;
    task.cancel();
    const closed = (): number => agent.effects.filter(({ type }) => type === 'stream_closed').length;
    await agent.until(() => closed() === 1);
    const stream = await two.chatStream({ model: 'agents/echo' });
    await begun.opened;
    await stream.next(({ data }) => data.includes('Once'));
    stream.close();
    await agent.until(() => closed() === 2);
    await until(() => two.router.engine.in_flight === 0);
    expect(await elsewhere(two, 'cancelled')).toBe(2);
  });
});

describe('of agents here and elsewhere', () => {
  test('the one that is here is taken first, and then the one that has less to do', async () => {
    const { one, two } = await trio();
    const hold = gate();
    let begun = 0;
    for (const [at, name] of [
      [one, 'one'],
      [two, 'two'],
    ] as const) {
      await agentAt(at, {
        version: name,
        run: async () => {
          begun += 1;
          await hold.opened;
          return name;
        },
      }).start();
    }
    for (const at of [one, two]) await untilKnown(at, 'agents/echo', 2);
    const replies = [ask(two)];
    for (let i = 2; i <= 6; i += 1) {
      // Each is with its agent before the next comes.
      await until(() => begun === i - 1);
      replies.push(ask(two));
    }
    await until(() => begun === 6);
    hold.open();
    const names = (await Promise.all(replies)).map(contentOf);
    expect(names[0]).toBe('two');
    expect(names.filter((name) => name === 'one').length).toBe(3);
  });

  test('one that is busy is none, and nobody else is told so but that all are', async () => {
    const { one, two } = await trioWith({}, { retry: { max_attempts: 1 } });
    const [hold, begun] = [gate(), gate()];
    await agentAt(one, {
      concurrency: 1,
      run: async () => {
        begun.open();
        await hold.opened;
        return 'one';
      },
    }).start();
    await untilKnown(two, 'agents/echo');
    const first = ask(two);
    await begun.opened;
    const second = await ask(two);
    expect([second.status, errorOf(second).code]).toEqual([503, 'backpressure']);
    await agentAt(two, named('two')).start();
    expect(contentOf(await ask(two))).toBe('two');
    await untilKnown(one, 'agents/echo', 2);
    expect(contentOf(await ask(one))).toBe('two');
    hold.open();
    expect(contentOf(await first)).toBe('one');
  });

  test('all count for how many there may be', async () => {
    const { one, two } = await trio({ sessions: { max_agents_per_tenant: 1 } });
    await agentAt(one, { run: ECHO }).start();
    await untilKnown(two, 'agents/echo');
    await expect(agentAt(two, { run: ECHO, id: 'second' }).start()).rejects.toThrow('as many agents as it may have');
  });
});

describe('an agent that is gone in the middle', () => {
  test('has the call fail as at its own worker, or go to another instance', async () => {
    const { one, two } = await trioWith({ reconnect_wait_ms: 20 });
    const agent: RawAgent = new RawAgent(
      one,
      after(({ say }) => {
        say(piece('lost'));
        agent.drop();
      }),
    );
    await agent.start();
    await untilKnown(two, 'agents/echo');
    const reply = await ask(two);
    expect([reply.status, errorOf(reply)]).toMatchObject([
      502,
      { code: 'upstream_error', origin: 'remote', message: expect.stringContaining('is no longer connected') },
    ]);
    const again: RawAgent = new RawAgent(
      one,
      after(({ say }) => {
        say(piece('lost'));
        again.drop();
      }),
    );
    await again.start();
    const other = new RawAgent(
      one,
      after(({ say }) => say(final('well'), true)),
    );
    await until(() => agentsAt(two)['agents/echo'] === 2);
    await other.start();
    await until(() => agentsAt(two)['agents/echo'] === 3);
    expect(contentOf(await ask(two))).toBe('well');
    for (const running of [one, two]) expectBalanced(running);
  });
});
