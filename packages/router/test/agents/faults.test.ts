import { errorPayload, type Payload } from '@atp-router/wire';
import { describe, expect, test } from 'vitest';
import { errorOf, type Running } from '../admin/harness.ts';
import { Desk, ESTIMATE_TIMEOUT_MS } from './desk.ts';
import { agentAt, agentsOf, ECHO, expectBalanced, SIM, tenantOf, withAgents } from './rig.ts';
import { after, ESTIMATE, final, piece, RawAgent, type Script } from './raw.ts';
import { TENANT_KEY } from '../admin/harness.ts';

/** One try, so that the first fault is what the client is told. */
const ONCE = { providers: [SIM, agentsOf({}, { retry: { max_attempts: 1 } })] };

/** Whoever says nothing is not waited for. */
const HASTY = { providers: [SIM, agentsOf({ estimate_timeout_ms: 50 }, { retry: { max_attempts: 1 } })] };

const ask = (running: Running): ReturnType<Running['chat']> => running.chat({ model: 'agents/echo' });

const HARD: readonly (readonly [name: string, script: Script, code: string])[] = [
  ['answers the estimate with its result', (_message, { say }) => say(final('Hi'), true), 'upstream_error'],
  [
    'gives an estimate of nothing',
    (_message, { say }) => say({ type: 'adapter.estimate', content: { in_tokens: 0, out_tokens: 0, usd_micros: 0 } }),
    'upstream_error',
  ],
  ['estimates twice', after(({ say }) => say(ESTIMATE)), 'upstream_error'],
  [
    'sends pieces that are none',
    after(({ say }) => say({ type: 'agent.result.partial', content: 7 })),
    'upstream_error',
  ],
  ['ends without a result', after(({ say }) => say(undefined, true)), 'stream_truncated'],
  ['ends with a piece', after(({ say }) => say(piece('Hi'), true)), 'stream_truncated'],
  [
    'ends with a result that is none',
    after(({ say }) => say({ type: 'agent.result.final', content: { a: 1 } }, true)),
    'upstream_error',
  ],
  ['sends a piece again', after(({ say }) => [2, 2].map((seq) => say({ ...piece('x'), seq }))), 'upstream_error'],
  [
    'talks of its capability',
    after(({ say }) => say({ type: 'adapter.capability', content: { adapter_id: 'x' } })),
    'upstream_error',
  ],
];

describe('an agent that', () => {
  test.each(HARD)('%s is told on, and not routed to', async (_name, script, code) => {
    const running = await withAgents({}, ONCE);
    await new RawAgent(running, script).start();
    const first = await ask(running);
    expect(errorOf(first).code).toBe(code);
    expect(first.headers['x-atp-error-origin'] ?? 'remote').toBe('remote');
    const second = await ask(running);
    expect([second.status, errorOf(second).code]).toEqual([503, 'no_models_available']);
    expect(errorOf(second).message).toContain('keeps to the protocol');
    expectBalanced(running);
  });

  test('sends something behind its result has answered, and is not asked again', async () => {
    const running = await withAgents({}, ONCE);
    const agent = new RawAgent(
      running,
      after(({ say }) => {
        say(final('Hi'));
        say(piece('more'), true);
      }),
    );
    await agent.start();
    expect((await ask(running)).status).toBe(200);
    await agent.until(() => agent.effects.some(({ type }) => type === 'stream_closed'));
    expect(errorOf(await ask(running)).code).toBe('no_models_available');
  });

  test.each([
    ['sessions are kept', {}],
    ['they are not', { sessions: { keep: false } }],
  ])('sends something behind its last message has answered, and is not asked again: %s', async (_name, sessions) => {
    const running = await withAgents({}, { ...ONCE, ...sessions });
    const agent: RawAgent = new RawAgent(
      running,
      after(({ say, stream_id }) => {
        say(final('Hi'), true);
        agent.inject({ stream_id, msg_seq: 2, payload: piece('more') });
      }),
    );
    await agent.start();
    const reply = await ask(running);
    expect([reply.status, reply.json]).toMatchObject([200, { choices: [{ message: { content: 'Hi' } }] }]);
    await agent.until(() => agent.effects.some(({ type }) => type === 'stream_closed'));
    const { json } = await running.admin('GET', '/connected-agents');
    expect(json['data']).toMatchObject([{ compliance: { strikes: [{ fault: 'after_final', sentence: 'A10' }] } }]);
    expectBalanced(running);
  });

  test('promises usage and leaves it out has answered, and is not asked again', async () => {
    const running = await withAgents({}, ONCE);
    const agent = new RawAgent(
      running,
      after(({ say }) => say(final('Hi'), true)),
    );
    await agent.start({ adapter_id: 'echo', capabilities: ['usage'] });
    expect((await ask(running)).status).toBe(200);
    expect(errorOf(await ask(running)).code).toBe('no_models_available');
  });

  test('is late with three estimates is not asked a fourth time, until it comes in another version', () => {
    const desk = new Desk();
    const agent = desk.agent();
    const late = (): string | undefined => {
      const asked = desk.ask();
      desk.time.advance(ESTIMATE_TIMEOUT_MS);
      return asked.code;
    };
    for (const _ of [1, 2, 3]) expect(late()).toBe('upstream_timeout');
    expect(late()).toBe('no_models_available');
    expect(agent.came).toEqual(['adapter.estimate_request', 'adapter.estimate_request', 'adapter.estimate_request']);
    agent.advertise({ version: '2' });
    expect(late()).toBe('upstream_timeout');
    expect(agent.came).toHaveLength(4);
  });

  test('is late with three estimates is told on to the client, and forgiven with another version', async () => {
    const running = await withAgents({}, HASTY);
    const agent = new RawAgent(running, () => undefined);
    await agent.start();
    for (const _ of [1, 2, 3]) expect((await ask(running)).status).toBe(504);
    expect(errorOf(await ask(running)).code).toBe('no_models_available');
    await agent.tell({ type: 'adapter.capability', content: { adapter_id: 'echo', version: '2' } });
    expect((await ask(running)).status).toBe(504);
    expectBalanced(running);
  });

  test('is asked for an estimate and says nothing costs nothing, for it never got the work', async () => {
    const hasty = agentsOf({ estimate_timeout_ms: 50 }, { retry: { max_attempts: 3, base_ms: 1, cap_ms: 2 } });
    const dear = { id: 'dear', provider: 'agents', upstream_model: 'echo', context: 9_999 };
    const models = [{ ...dear, price: { in_usd_per_mtok: 900, out_usd_per_mtok: 900 } }];
    const running = await withAgents({}, { providers: [SIM, hasty], models });
    const agent = new RawAgent(running, () => undefined);
    await agent.start();
    expect((await running.chat({ model: 'dear' })).status).toBe(504);
    const { json } = await running.admin('GET', '/usage/records');
    expect(json['data']).toMatchObject([{ error: 'upstream_timeout', attempts: 3, cost_usd_micros: 0 }]);
    expectBalanced(running);
  });

  const TOLD: readonly (readonly [Payload, number, string])[] = [
    [errorPayload('EBUDGET', { reason: 'Too dear for me.' }), 429, 'budget_exhausted'],
    [errorPayload('EWINDOW_AGENT'), 429, 'rate_limited'],
    [errorPayload('EPOLICY', { reason: 'I do not do that.' }), 400, 'upstream_rejected'],
    [errorPayload('ETIMEOUT'), 504, 'upstream_timeout'],
    [{ type: 'error', content: { code: 'ELATER', reason: 'Of a later edition.' } }, 502, 'upstream_error'],
  ];

  test.each(TOLD)('says no has its words passed on: %j', async (payload, status, code) => {
    const running = await withAgents({}, ONCE);
    await new RawAgent(running, (_message, { say }) => say(payload, true)).start();
    const reply = await ask(running);
    expect([reply.status, errorOf(reply).code]).toEqual([status, code]);
    expect(errorOf(reply).message).toContain((payload.content as { reason: string }).reason);
    // It kept to the rules.
    expect((await ask(running)).status).toBe(status);
  });

  test('aborts its stream has failed like one that says so', async () => {
    const running = await withAgents({}, ONCE);
    await new RawAgent(
      running,
      after(({ reset }) => reset(errorPayload('EAGENTDOWN', { reason: 'Out of memory.' }))),
    ).start();
    expect(errorOf(await ask(running))).toMatchObject({
      code: 'upstream_error',
      message: expect.stringContaining('Out of memory.'),
    });
  });

  test('falls silent in the middle of a stream ends it, and what it streamed is not sent again', async () => {
    const provider = agentsOf({}, { idle_timeout_ms: 50, retry: { max_attempts: 1 } });
    const running = await withAgents({}, { providers: [SIM, provider] });
    await new RawAgent(
      running,
      after(({ say }) => say(piece('Once'))),
    ).start();
    const stream = await running.chatStream({ model: 'agents/echo' });
    const text = (await stream.rest()).map(({ data }) => data).join('\n');
    expect(text.match(/Once/g)).toHaveLength(1);
    expect(text).toContain('fell silent');
    expectBalanced(running);
  });
});

describe('what an agent breaks', () => {
  test('another instance of it answers', async () => {
    const running = await withAgents();
    await new RawAgent(
      running,
      after(({ say }) => say(undefined, true)),
    ).start();
    await agentAt(running, { run: ECHO }).start();
    for (const _ of [1, 2, 3])
      expect((await ask(running)).json).toMatchObject({ choices: [{ message: { content: 'You said: hello' } }] });
    expectBalanced(running);
  });

  test('a fallback model answers', async () => {
    const running = await withAgents(
      {},
      {
        models: [{ id: 'small', provider: 'sim', context: 128_000 }],
        policies: [{ id: 'safe', match: { model: 'agents/echo' }, fallback: ['small'] }],
        tenants: [tenantOf('acme', TENANT_KEY)],
      },
    );
    await new RawAgent(
      running,
      after(({ say }) => say(undefined, true)),
    ).start();
    const reply = await ask(running);
    expect([reply.status, reply.json['model']]).toEqual([200, 'sim-small']);
  });
});
