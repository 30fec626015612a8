import { describe, expect, test } from 'vitest';
import { errorOf, type Running } from '../admin/harness.ts';
import { until } from '../shared/support/time.ts';
import { Desk, type DeskAgent } from './desk.ts';
import { after, ESTIMATE, final, RawAgent } from './raw.ts';
import { agentAt, ECHO, expectBalanced, withAgents } from './rig.ts';

const SHARED = { shared: true, keys: ['acme/k1'] };
const DEPLOYMENT = 'deployment:agents/echo';

const ask = (running: Running): ReturnType<Running['chat']> => running.chat({ model: 'agents/echo' });

const most = ({ router }: Running): number =>
  router.engine.parts.accounts.windows(DEPLOYMENT)?.max_parallel ?? Infinity;

async function windowOf(running: Running): Promise<unknown> {
  const { json } = await running.admin('GET', '/connected-agents');
  return (json['data'] as { window: unknown }[])[0]?.window;
}

describe('an agent that is sent more than may begin in a second', () => {
  test('is given the rest as it may be, and all calls are answered', async () => {
    const running = await withAgents({ ...SHARED, burst_per_s: 10 });
    await agentAt(running, { run: ECHO, concurrency: 500 }).start();
    await until(() => most(running) === 10);
    const replies = await Promise.all(Array.from({ length: 25 }, () => ask(running)));
    expect(replies.map(({ status }) => status)).toEqual(Array(25).fill(200));
    const { json } = await running.admin('GET', '/flow');
    const silver = (json['tiers'] as { qos: string; waited_total: number }[]).find(({ qos }) => qos === 'silver');
    expect(silver?.waited_total).toBeGreaterThan(0);
    expectBalanced(running);
  });

  test('is busy where it serves its own tenant alone, until it may be given more', () => {
    const desk = new Desk();
    const agent = desk.agent();
    const first = Array.from({ length: 100 }, () => desk.ask());
    expect(first.map(({ code }) => code)).toEqual(Array(100).fill(undefined));
    expect([desk.ask().code, agent.came.length]).toEqual(['backpressure', 100]);
    desk.time.advance(9);
    expect(desk.ask().code).toBe('backpressure');
    desk.time.advance(1);
    expect([desk.ask().code, desk.ask().code]).toEqual([undefined, 'backpressure']);
  });
});

describe('an attempt that has a place, at an agent that has begun as many as it may for now,', () => {
  /** A provider that shares its agents, of which one is there, and as many tasks as that may begin at once. */
  const full = (): { readonly desk: Desk; readonly agent: DeskAgent } => {
    const desk = new Desk();
    Object.assign(desk.provider, { queue_timeout_ms: 500 });
    Object.assign(desk.provider.agent ?? {}, { ...SHARED, burst_per_s: 1 });
    const agent = desk.agent();
    expect([desk.ask().code, agent.came.length]).toEqual([undefined, 1]);
    return { desk, agent };
  };

  test('waits for it, and no longer than for its place', () => {
    const { desk, agent } = full();
    desk.time.advance(400);
    const [late, next] = [desk.ask(), desk.ask()];
    expect([late.code, next.code, agent.came.length]).toEqual([undefined, undefined, 1]);
    desk.time.advance(499);
    expect([late.code, next.code]).toEqual([undefined, undefined]);
    desk.time.advance(1);
    expect([late.code, next.code, agent.came.length]).toEqual(['backpressure', 'backpressure', 1]);
    const [first, second] = [desk.ask(), desk.ask()];
    desk.time.advance(100);
    expect([first.code, agent.came.length]).toEqual([undefined, 2]);
    desk.time.advance(400);
    expect([second.code, agent.came.length]).toEqual(['backpressure', 2]);
  });

  test('is given to another one when that one is gone', () => {
    const { desk, agent } = full();
    const other = desk.agent();
    desk.time.advance(300);
    desk.ask();
    desk.time.advance(600);
    const waiting = desk.ask();
    agent.close();
    desk.time.advance(399);
    expect([other.came.length, waiting.failure]).toEqual([1, undefined]);
    desk.time.advance(1);
    expect([other.came.length, waiting.failure]).toEqual([2, undefined]);
  });

  test('is not given to it when nobody waits for it any more, nor waits for one that is gone', () => {
    const { desk, agent } = full();
    desk.time.advance(800);
    const [gone, other] = [desk.ask(), desk.ask()];
    gone.exchange.cancel();
    desk.time.advance(200);
    expect([agent.came.length, gone.failure, other.failure]).toEqual([2, undefined, undefined]);
    desk.time.advance(800);
    const lost = desk.ask();
    expect(lost.failure).toBeUndefined();
    agent.close();
    expect(lost.code).toBe('no_models_available');
  });
});

test('an agent that is silent is given half as much, which operators see, and more when it answers in time', async () => {
  const flow = { aimd: { hold_ms: 0 } };
  const running = await withAgents({ ...SHARED, estimate_timeout_ms: 500 }, { flow });
  let is_silent = true;
  const answered = after(({ say }) => say(final('Hi'), true));
  const agent = new RawAgent(running, (message, stream) => {
    if (!is_silent) answered(message, stream);
  });
  await agent.start();
  agent.input({ type: 'window', window: { max_parallel: 2 } });
  await until(() => most(running) === 2);
  expect(await windowOf(running)).toBeNull();
  const late = ask(running);
  await until(() => most(running) === 1);
  expect(await windowOf(running)).toBe(1);
  is_silent = false;
  // The call was given to it again.
  expect((await late).status).toBe(200);
  await until(() => most(running) === 2);
  expect(await windowOf(running)).toBeNull();
});

test('an agent that says that it has too much is given half as much', async () => {
  const running = await withAgents(SHARED, { flow: { aimd: { hold_ms: 0 } } });
  let declines = true;
  const agent = new RawAgent(running, ({ type }, { say }) => {
    if (type === 'adapter.estimate_request' && declines) {
      declines = false;
      say({ type: 'error', content: { code: 'EWINDOW', reason: 'Too much.' } }, true);
    } else if (type === 'adapter.estimate_request') say(ESTIMATE);
  });
  await agent.start();
  agent.input({ type: 'window', window: { max_parallel: 8 } });
  await until(() => most(running) === 8);
  const asked = ask(running);
  await until(() => most(running) === 4);
  expect(await windowOf(running)).toBe(4);
  agent.drop();
  agent.input({
    type: 'reset',
    stream_id: '0',
    error: { type: 'error', content: { code: 'EPOLICY', reason: 'Bye.' } },
  });
  await running.stop();
  expect(errorOf(await asked).code).toBeDefined();
});

test('without the factors for it nothing narrows what an agent is given', async () => {
  const providers = [
    {
      ...{ id: 'agents', type: 'agent', allow_any_model: true, retry: { max_attempts: 1 } },
      agent: { ...SHARED, estimate_timeout_ms: 20 },
    },
  ];
  const running = await withAgents({}, { providers, models: [], flow: { aimd: { enabled: false } } });
  const agent = new RawAgent(running, () => undefined);
  await agent.start();
  agent.input({ type: 'window', window: { max_parallel: 2 } });
  await until(() => most(running) === 2);
  expect(errorOf(await ask(running)).code).toBe('upstream_timeout');
  await until(() => most(running) === 2);
  expect(await windowOf(running)).toBeNull();
});
