import { expect, test } from 'vitest';
import { after, final, piece, RawAgent, type RawStream } from '../agents/raw.ts';
import { agentAt, agentsOf, gate, type Quick } from '../agents/rig.ts';
import { hashOf, type Running, TENANT_KEY } from '../admin/harness.ts';
import { balanced } from './books.ts';
import { consensusOf, idOf, type Panel, panel } from './scripted.ts';

const NUMBER = { strategy: 'majority', answer: 'number', weights: 'equal' };
const NAMES = ['one', 'two', 'three'] as const;

/** A policy that asks three agents that dial in, who say no price. */
function room(fanout: object = {}, agent: object = {}): Promise<Panel> {
  const agents = NAMES.map((id) => `agents/${id}`);
  return panel([{ id: 'panel', fanout: { agents, ...fanout }, consensus: NUMBER }], {
    tenants: [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] }],
    models: [],
    providers: () => [agentsOf({ shared: true, keys: ['acme/k1'], ...agent })],
  });
}

/** One of them, that is at work until it is told otherwise. */
function seat(running: Running, id: string, run: Quick['run']): Promise<readonly string[]> {
  return agentAt(running, { id, run, estimate: () => ({ in_tokens: 10, out_tokens: 5 }) }).start();
}

function states(json: unknown): unknown {
  return (consensusOf(json)['lanes'] as readonly { state: string }[]).map(({ state }) => state);
}

/** The third of them, over a connection that can be lost; `dispatched` is told each task. */
async function third(running: Running, dispatched: (stream: RawStream, agent: RawAgent) => void): Promise<void> {
  const agent: RawAgent = new RawAgent(
    running,
    after((stream) => dispatched(stream, agent)),
  );
  await agent.start({ adapter_id: 'three', capabilities: ['chat'] });
}

test('an agent whose connection is lost in the middle is a failed lane, and the others make the result', async () => {
  const running = await room({}, { reconnect_wait_ms: 20 });
  // They differ, so that the third is waited for.
  await Promise.all([seat(running, 'one', async () => '6'), seat(running, 'two', async () => '7')]);
  await third(running, (stream, agent) => {
    stream.say(piece('It is 7, or'));
    agent.drop();
  });
  const { status, json } = await running.chat({ model: 'policy:panel' });
  expect([status, json]).toMatchObject([200, { choices: [{ message: { content: '6' } }] }]);
  expect(states(json)).toEqual(['finalized', 'finalized', 'failed']);
  const attempts = await balanced(running, [idOf(json)]);
  expect(attempts.map(({ model, outcome }) => `${model} ${outcome}`)).toContain('agents/three error');
});

test('one that comes back in time goes on where it was, and its answer counts', async () => {
  const running = await room({}, { reconnect_wait_ms: 60_000 });
  await Promise.all([seat(running, 'one', async () => '6'), seat(running, 'two', async () => '7')]);
  await third(running, (stream, agent) => {
    stream.say(piece('It is '));
    agent.drop();
    stream.say(piece('7'));
    stream.say(final('It is 7'), true);
    agent.connect();
  });
  const { json } = await running.chat({ model: 'policy:panel' });
  expect(states(json)).toEqual(['finalized', 'finalized', 'finalized']);
  expect(json).toMatchObject({ choices: [{ message: { content: '7' } }] });
  expect(await balanced(running, [idOf(json)])).toHaveLength(3);
});

test('an agent whose answer can change nothing any more is told to stop', async () => {
  const running = await room({ mode: 'speculative' });
  const begun = gate();
  const cancelled = gate<unknown>();
  await seat(running, 'three', async function* slow(_task, { signal }) {
    yield 'It is';
    begun.open();
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    cancelled.open(signal.aborted);
  });
  const others: Quick['run'] = async () => {
    await begun.opened;
    return '7';
  };
  await Promise.all([seat(running, 'one', others), seat(running, 'two', others)]);
  const { json } = await running.chat({ model: 'policy:panel' });
  expect(states(json)).toEqual(['finalized', 'finalized', 'cancelled']);
  expect(await cancelled.opened).toBe(true);
  const attempts = await balanced(running, [idOf(json)]);
  expect(attempts.map(({ model, outcome }) => `${model} ${outcome}`)).toContain('agents/three cancelled');
});
