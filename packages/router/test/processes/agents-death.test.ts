import { expect, test } from 'vitest';
import { errorOf, type Running } from '../admin/harness.ts';
import { after, piece, RawAgent, type Script } from '../agents/raw.ts';
import { agentAt, agentsOf, ECHO, expectBalanced, gate, SIM } from '../agents/rig.ts';
import { type ChildWorker, childWorker } from './support/child.ts';
import { until } from '../shared/support/time.ts';
import { agentsAt, contentOf, elsewhere, trio, untilKnown, withoutFirst } from './support/agent-processes.ts';

const ask = (running: Running, more: object = {}): ReturnType<Running['chat']> =>
  running.chat({ model: 'agents/echo', ...more });

/** Says one word and then nothing, for as long as it is let. */
const thinks: Script = after(({ say }) => say(piece('Once')));

/** A worker in this process, and one in a process of its own with an agent that thinks. */
async function withChild(
  sections: Readonly<Record<string, unknown>>,
): Promise<{ readonly two: Running; readonly child: ChildWorker }> {
  const { config, two } = await withoutFirst(sections);
  const child = await childWorker(config, 1);
  await new RawAgent(child, thinks).start();
  await untilKnown(two, 'agents/echo');
  return { two, child };
}

test('a worker that is killed while it carries is as an agent that is gone, and its agents are known no more', async () => {
  const { two, child } = await withChild({ providers: [SIM, agentsOf({}, { retry: { max_attempts: 1 } })] });
  const stream = await two.chatStream({ model: 'agents/echo' });
  await stream.next(({ data }) => data.includes('Once'));
  await child.kill();
  const text = (await stream.rest()).map(({ data }) => data).join('\n');
  expect(text).toContain('is no longer connected');
  expect(text).not.toContain('[DONE]');
  await untilKnown(two, 'agents/echo', 0);
  expect(errorOf(await ask(two)).code).toBe('no_models_available');
  expect(await elsewhere(two, 'lost')).toBe(1);
  expectBalanced(two);
});

test('a call whose worker there is killed before its first word goes down its chain', async () => {
  const { two, child } = await withChild({
    models: [{ id: 'small', provider: 'sim', context: 128_000 }],
    policies: [{ id: 'safe', match: { model: 'agents/echo' }, fallback: ['small'] }],
  });
  const reply = ask(two);
  await until(() => two.router.engine.in_flight === 1);
  await child.kill();
  const { status, json } = await reply;
  expect([status, json['model']]).toEqual([200, 'sim-small']);
  expectBalanced(two);
});

test('without an owner what runs goes on, and agents are known as they were; a new one is told of all', async () => {
  const { processes, owner, one, two } = await trio();
  const [hold, begun] = [gate(), gate()];
  const agent = agentAt(one, {
    run: async () => {
      begun.open();
      await hold.opened;
      return 'Done.';
    },
  });
  await agent.start();
  await untilKnown(two, 'agents/echo');
  const first = ask(two);
  await begun.opened;
  await owner.stop();
  hold.open();
  expect(contentOf(await first)).toBe('Done.');
  // Nobody is told of it.
  await agentAt(one, { run: ECHO, id: 'late' }).start();
  expect(agentsAt(two)).toEqual({ 'agents/echo': 1 });
  const second = ask(two);
  await processes.startOwner();
  expect(contentOf(await second)).toBe('Done.');
  await untilKnown(two, 'agents/late');
  await agent.stop();
  await until(() => JSON.stringify(agentsAt(two)) === '{"agents/late":1}');
});

test('a worker that is stopped carries on with what it has, within the grace time', async () => {
  const { one, two } = await trio({ shutdown: { grace_ms: 60_000 } });
  const [hold, begun] = [gate(), gate()];
  await agentAt(one, {
    run: async () => {
      begun.open();
      await hold.opened;
      return 'Done.';
    },
  }).start();
  await untilKnown(two, 'agents/echo');
  const reply = ask(two);
  await begun.opened;
  const stopped = one.stop();
  hold.open();
  expect(contentOf(await reply)).toBe('Done.');
  await stopped;
});

test('and beyond it ends them', async () => {
  const providers = [SIM, agentsOf({}, { retry: { max_attempts: 1 } })];
  const { one, two } = await trio({ shutdown: { grace_ms: 0 }, providers });
  await new RawAgent(one, thinks).start();
  await untilKnown(two, 'agents/echo');
  const stream = await two.chatStream({ model: 'agents/echo' });
  await stream.next(({ data }) => data.includes('Once'));
  await one.stop();
  expect((await stream.rest()).map(({ data }) => data).join('\n')).toContain('is no longer connected');
});
