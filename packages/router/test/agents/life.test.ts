import { fork } from 'node:child_process';
import { once } from 'node:events';
import { AtpClient } from '@atp-router/sdk';
import { describe, expect, onTestFinished, test } from 'vitest';
import { errorOf, type Running, TENANT_KEY } from '../admin/harness.ts';
import { Desk } from './desk.ts';
import { agentAt, ECHO, expectBalanced, gate, withAgents } from './rig.ts';
import { after, ESTIMATE, final, piece, RawAgent } from './raw.ts';

const ask = (running: Running, more: object = {}): ReturnType<Running['chat']> =>
  running.chat({ model: 'agents/echo', ...more });

const FALLBACK = {
  models: [{ id: 'small', provider: 'sim', context: 128_000 }],
  policies: [{ id: 'safe', match: { model: 'agents/echo' }, fallback: ['small'] }],
};

describe('a client that leaves', () => {
  test('over HTTP has the work of the agent aborted', async () => {
    const running = await withAgents();
    const aborted = gate();
    const agent = agentAt(running, {
      async *run(_task, { signal }) {
        signal.addEventListener('abort', () => aborted.open());
        yield 'Once';
        await new Promise<void>((resolve) => signal.addEventListener('abort', resolve));
      },
    });
    await agent.start();
    const stream = await running.chatStream({ model: 'agents/echo' });
    await stream.next(({ data }) => data.includes('Once'));
    stream.close();
    await aborted.opened;
  });

  test('over ATP has it aborted, too', async () => {
    const running = await withAgents();
    const aborted = gate();
    await agentAt(running, {
      async *run(_task, { signal }) {
        signal.addEventListener('abort', () => aborted.open());
        yield 'Once';
        await new Promise<void>((resolve) => signal.addEventListener('abort', resolve));
      },
    }).start();
    const client = new AtpClient({ url: running.url, key: TENANT_KEY });
    for await (const event of client.task({ prompt: 'Hi', model: 'agents/echo' })) if (event.type === 'partial') break;
    await aborted.opened;
    await client.close();
  });
});

describe('an agent that has lost its connection', () => {
  test('is waited for once, and no other attempt waits for it until it is there again', () => {
    const desk = new Desk();
    const agent = desk.agent();
    const asked = desk.ask();
    agent.say(ESTIMATE);
    agent.connection(false);
    desk.time.advance(1_999);
    expect(asked.failure).toBeUndefined();
    desk.time.advance(1);
    expect(asked.code).toBe('upstream_error');
    expect(desk.ask().code).toBe('no_models_available');
    agent.connection(true);
    const again = desk.ask();
    expect([again.failure, agent.came.at(-1)]).toEqual([undefined, 'adapter.estimate_request']);
  });

  test('and has no other instance is what the client is told, and not that nobody is there', async () => {
    const running = await withAgents({ reconnect_wait_ms: 20 });
    const agent: RawAgent = new RawAgent(
      running,
      after(() => agent.drop()),
    );
    await agent.start();
    const reply = await ask(running);
    expect([reply.status, errorOf(reply)]).toMatchObject([
      502,
      { code: 'upstream_error', origin: 'remote', message: expect.stringContaining('is no longer connected') },
    ]);
    // The attempt that waited, and the one that found nobody to wait for.
    const { json } = await running.admin('GET', '/usage/records');
    expect(json['data']).toMatchObject([{ error: 'upstream_error', attempts: 2 }]);
    expectBalanced(running);
  });
});

describe('an agent whose process is killed in the middle of its answer', () => {
  /** Starts an agent in a process of its own, asks it, and kills it while it answers. */
  async function killed(running: Running, meanwhile: () => Promise<unknown>): ReturnType<typeof ask> {
    const child = fork(new URL('./stuck-agent.ts', import.meta.url), [running.url, TENANT_KEY], {
      execArgv: ['--conditions=atp-source', '--no-warnings'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    expect((await once(child, 'message'))[0]).toBe('started');
    const working = once(child, 'message');
    const reply = ask(running);
    expect((await working)[0]).toBe('working');
    // It was alone when the call came.
    await meanwhile();
    child.kill('SIGKILL');
    return await reply;
  }

  test('is replaced by another one, and the call answered once', async () => {
    const running = await withAgents({ reconnect_wait_ms: 0 });
    const second = agentAt(running, { run: ECHO });
    const reply = await killed(running, () => second.start());
    expect(reply.json).toMatchObject({ choices: [{ message: { content: 'You said: hello' } }] });
    expectBalanced(running);
  });

  test('is replaced by a fallback model', async () => {
    const running = await withAgents({ reconnect_wait_ms: 0 }, FALLBACK);
    const reply = await killed(running, () => Promise.resolve());
    expect([reply.status, reply.json['model']]).toEqual([200, 'sim-small']);
    expectBalanced(running);
  });
});

describe('a connection that is lost in the middle of an answer', () => {
  test('is resumed, and the answer goes on without a gap or a repetition', async () => {
    const running = await withAgents({ reconnect_wait_ms: 60_000 });
    let stream: Parameters<Parameters<typeof after>[0]>[0] | undefined;
    const agent: RawAgent = new RawAgent(
      running,
      after((one) => {
        stream = one;
        one.say(piece('one '));
      }),
    );
    await agent.start();
    const reading = await running.chatStream({ model: 'agents/echo' });
    await reading.next(({ data }) => data.includes('one '));
    agent.drop();
    stream?.say(piece('two '));
    agent.connect();
    await agent.until(() => agent.effects.some((one) => one.type === 'established' && one.resumed));
    stream?.say(piece('three'));
    stream?.say(final('one two three'), true);
    const text = (await reading.rest()).flatMap(({ data }) => (data.startsWith('{') ? [JSON.parse(data)] : []));
    expect(text.map(({ choices }) => choices[0]?.delta?.content ?? '').join('')).toBe('two three');
    expectBalanced(running);
  });

  test('and does not come back soon has its work done elsewhere', async () => {
    const running = await withAgents({ reconnect_wait_ms: 20 }, FALLBACK);
    const agent: RawAgent = new RawAgent(
      running,
      after(() => agent.drop()),
    );
    await agent.start();
    const reply = await ask(running);
    expect([reply.status, reply.json['model']]).toEqual([200, 'sim-small']);
    // What it says later has no reader.
    agent.connect();
    await agent.until(() => agent.effects.some(({ type }) => type === 'stream_closed'));
    expectBalanced(running);
  });
});

describe('what an agent says of itself', () => {
  test.each(['BUSY', 'DRAINING'] as const)('%s: it is given nothing, until it is ready', async (status) => {
    const running = await withAgents();
    const agent = agentAt(running, { run: ECHO });
    await agent.start();
    agent.status(status);
    // Later on the same lane: when this is answered, the status has been read.
    await untilStatus(running, status);
    expect(errorOf(await ask(running))).toMatchObject({ code: 'backpressure' });
    agent.status('READY');
    await untilStatus(running, 'READY');
    expect((await ask(running)).status).toBe(200);
  });

  test('PAUSE is honoured after its grace', async () => {
    const running = await withAgents();
    const agent = agentAt(running, { run: ECHO });
    await agent.start();
    agent.status('PAUSE');
    await untilStatus(running, 'PAUSE');
    expect((await ask(running)).status).toBe(200);
  });

  test('its window bounds what it is given at a time', async () => {
    const running = await withAgents();
    const working = gate();
    const done = gate();
    const agent = agentAt(running, {
      concurrency: 1,
      run: async () => {
        working.open();
        await done.opened;
        return 'Done.';
      },
    });
    await agent.start();
    await untilStatus(running, 'READY', 1);
    const first = ask(running);
    await working.opened;
    const second = await ask(running);
    done.open();
    expect(errorOf(second).code).toBe('backpressure');
    expect((await first).status).toBe(200);
  });

  test('its health keeps work from it while it is down', async () => {
    const running = await withAgents();
    const agent = new RawAgent(
      running,
      after(({ say }) => say(final('Hi'), true)),
    );
    await agent.start();
    agent.say({ type: 'adapter.health', content: { adapter_id: 'echo', status: 'down', p95_ms: 9_000 } });
    await agent.tell({ type: 'adapter.capability', content: { adapter_id: 'echo' } });
    expect(errorOf(await ask(running)).message).toContain('degraded or down');
    agent.say({ type: 'adapter.health', content: { adapter_id: 'echo', status: 'ok' } });
    await agent.tell({ type: 'adapter.capability', content: { adapter_id: 'echo' } });
    expect((await ask(running)).status).toBe(200);
  });

  test('stop() lets what runs finish, and ends the session', async () => {
    const running = await withAgents();
    const working = gate();
    const done = gate();
    const agent = agentAt(running, {
      run: async () => {
        working.open();
        await done.opened;
        return { text: 'Done.', usage: { in_tokens: 1, out_tokens: 1 } };
      },
    });
    await agent.start();
    const reply = ask(running);
    await working.opened;
    const stopped = agent.stop();
    done.open();
    expect((await reply).json).toMatchObject({ choices: [{ message: { content: 'Done.' } }] });
    await stopped;
    expect((await ask(running)).status).toBe(503);
  });
});

/** The agent shows the status as the router has it. */
async function untilStatus(running: Running, status: string, max_parallel?: number): Promise<void> {
  for (;;) {
    const { json } = await running.admin('GET', '/connected-agents');
    const [agent] = json['data'] as { status: string; suggested_window: { max_parallel?: number } }[];
    if (agent?.status !== status) continue;
    if (max_parallel === undefined || agent.suggested_window.max_parallel === max_parallel) return;
  }
}
