import { AtpClient, AtpTaskError } from '@atp-router/sdk';
import { describe, expect, test } from 'vitest';
import { errorOf, type Running, TENANT_KEY } from '../admin/harness.ts';
import { agentAt, agentsOf, ECHO, gate, SIM, withAgents } from './rig.ts';

const ONCE = { providers: [SIM, agentsOf({}, { retry: { max_attempts: 1 } })] };
const ask = (running: Running, more: object = {}): ReturnType<Running['chat']> =>
  running.chat({ model: 'agents/echo', ...more });

describe('an agent of the SDK', () => {
  test('gets the task in the shape of ask, and what it may use', async () => {
    const running = await withAgents();
    const got = gate<unknown>();
    await agentAt(running, {
      run: async (task, { budget, qos, task_type, data_scope, traceparent, via, check }) => {
        got.open({ task, qos, task_type, data_scope, traceparent, via, check, budget });
        return 'Done.';
      },
    }).start();
    const client = new AtpClient({ url: running.url, key: TENANT_KEY });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const wishes = { task_type: 'review', data_scope: ['public'], traceparent } as const;
    const options = { qos: 'silver', max_tokens: 5_000, ...wishes } as const;
    await client.task({ prompt: 'Hi', model: 'agents/echo', max_output_tokens: 77 }, options).result();
    expect(await got.opened).toMatchObject({
      task: { model: 'echo', messages: [{ role: 'user', content: 'Hi' }], max_output_tokens: 77, stream: true },
      ...{ qos: 'silver', ...wishes, via: [running.router.node_id], check: false, budget: { tokens: 5_000 } },
    });
    await client.close();
  });

  test('may answer with tools, thoughts and notes', async () => {
    const running = await withAgents();
    await agentAt(running, {
      async *run(_task, { log }) {
        log({ step: 1 });
        yield { kind: 'thinking', delta: 'Let me see.' };
        yield { kind: 'tool_call', index: 0, id: 'c1', name: 'clock' };
        yield { kind: 'tool_args', index: 0, delta: '{}' };
        return { finish: 'tool_calls', parts: [{ type: 'tool_call', id: 'c1', name: 'clock', args_json: '{}' }] };
      },
    }).start();
    const tools = [{ type: 'function', function: { name: 'clock', parameters: { type: 'object' } } }];
    const whole = await ask(running, { tools });
    expect(whole.json).toMatchObject({
      choices: [{ finish_reason: 'tool_calls', message: { tool_calls: [{ id: 'c1', function: { name: 'clock' } }] } }],
    });
    const stream = await running.chatStream({ model: 'agents/echo', tools });
    const text = (await stream.rest()).map(({ data }) => data).join('\n');
    expect(text).toContain('"name":"clock"');
    expect(text).toContain('"finish_reason":"tool_calls"');
  });

  test('that throws has failed, without its words, unless they are meant for the router', async () => {
    const running = await withAgents({}, ONCE);
    const errors: unknown[] = [];
    const secret = new Error('The prompt was: hello.');
    let thrown: Error = secret;
    await agentAt(running, {
      run: () => Promise.reject(thrown),
      onError: (error) => errors.push(error),
    }).start();
    const first = errorOf(await ask(running));
    expect(first.code).toBe('upstream_error');
    expect(first.message).toContain('The agent failed at this task.');
    expect(first.message).not.toContain('prompt was');
    expect(errors).toEqual([secret]);
    thrown = new AtpTaskError({ code: 'EBUDGET', reason: 'That is too much for me.' });
    expect(errorOf(await ask(running))).toMatchObject({
      ...{ code: 'budget_exhausted', message: expect.stringContaining('That is too much for me.') },
    });
  });

  test('that throws at the estimate never gets the work', async () => {
    const running = await withAgents({}, ONCE);
    let runs = 0;
    await agentAt(running, {
      estimate: () =>
        Promise.reject(new AtpTaskError({ code: 'EWINDOW_AGENT', reason: 'Not now.', retry_after_ms: 9 })),
      run: async () => {
        runs += 1;
        return 'Hi';
      },
    }).start();
    const reply = await ask(running);
    expect([reply.status, errorOf(reply).code, runs]).toEqual([429, 'rate_limited', 0]);
  });

  test('is refused with the words of the router, and starts once', async () => {
    const running = await withAgents();
    const wrong = agentAt(running, { run: ECHO, id: 'no name' });
    await expect(wrong.start()).rejects.toMatchObject({ code: 'EPROTO' });
    await expect(wrong.start()).rejects.toThrow('The agent was started before.');
  });

  test('tells how its latest tasks went', async () => {
    const running = await withAgents({}, ONCE);
    let is_failing = false;
    await agentAt(running, {
      health_interval_ms: 5,
      run: () => (is_failing ? Promise.reject(new Error('x')) : Promise.resolve('Done.')),
      onError: () => undefined,
    }).start();
    await ask(running);
    is_failing = true;
    await ask(running);
    for (;;) {
      const { json } = await running.admin('GET', '/connected-agents');
      const [agent] = json['data'] as { health: { error_rate: number | null; p50_ms: number | null } }[];
      if (agent?.health.error_rate !== 0.5) continue;
      expect(agent.health.p50_ms).toBeGreaterThanOrEqual(0);
      break;
    }
  });
});
