import { Agent } from '@atp-router/sdk';
import { expect, onTestFinished, test } from 'vitest';
import { errorOf, hashOf, type Running, TENANT_KEY } from '../admin/harness.ts';
import { until } from '../shared/support/time.ts';
import { balanced } from './books.ts';
import { consensusOf, idOf, type Panel, panel } from './scripted.ts';

const NUMBER = { strategy: 'majority', answer: 'number', weights: 'equal' };

/** An agent that dials in, which is never taken for one of this machine; keeps what it was told. */
async function outside({ url }: Running, told: unknown[]): Promise<void> {
  const agent = new Agent({
    url,
    key: TENANT_KEY,
    id: 'out',
    estimate: () => ({ in_tokens: 10, out_tokens: 5 }),
    run: async function* (task) {
      told.push(task);
      yield '7';
      return { finish: 'stop' };
    },
  });
  onTestFinished(() => agent.stop());
  await agent.start();
}

function guarded(): Promise<Panel> {
  const fanout = { mode: 'diverse', agents: ['a', 'agents/out'], filter: 'mask' };
  return panel([{ id: 'panel', fanout, consensus: NUMBER }], {
    // The agent says no price, and could not be asked under a budget in money.
    tenants: [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] }],
    personas: [{ id: 'mask', role: 'filter', model: 'b', filter: true, system_prompt: 'Take out names.' }],
    providers: (base_url) => [
      { id: 'up', type: 'openai', base_url, api_key: 'k', retry: { max_attempts: 1 } },
      { id: 'agents', type: 'agent', allow_any_model: true, agent: { shared: true, keys: ['acme/k1'] } },
    ],
  });
}

const SECRET = { role: 'user', content: 'How many letters has Beatrix?' };

test('members beyond the machine are asked in the words of the filter, and local ones in those of the client', async () => {
  const running = await guarded();
  const told: unknown[] = [];
  await outside(running, told);
  const reply = running.chat({ model: 'policy:panel', messages: [SECRET] });
  const filter = await running.up.next('b');
  expect(JSON.stringify(filter.messages)).toContain('Take out names.');
  const local = await running.up.next('a');
  expect(JSON.stringify(local.messages)).toContain('Beatrix');
  expect(told).toEqual([]);
  filter.answer('How many letters has NAME?');
  await until(() => Promise.resolve(told.length === 1));
  local.answer('7');
  const { json } = await reply;
  expect(json).toMatchObject({ choices: [{ message: { content: '7' } }] });
  expect(consensusOf(json)['lanes']).toMatchObject([{ state: 'finalized' }, {}]);
  expect(JSON.stringify(told)).toContain('How many letters has NAME?');
  expect(JSON.stringify(told)).not.toContain('Beatrix');
  await balanced(running, [idOf(json)]);
});

test('nothing leaves the machine when the filter fails', async () => {
  const running = await guarded();
  const told: unknown[] = [];
  await outside(running, told);
  const reply = running.chat({ model: 'policy:panel', messages: [SECRET] });
  (await running.up.next('b')).fail(400);
  await until(() => Promise.resolve(running.up.asked.length === 2));
  (await running.up.next('a')).answer('7');
  const { json } = await reply;
  expect(consensusOf(json)['lanes']).toMatchObject([{}, { state: 'rejected', error: 'policy_denied' }]);
  expect(told).toEqual([]);
  await balanced(running, [idOf(json)]);
});

test('the chain of a policy is tried when nothing comes of its fan-out', async () => {
  const running = await panel([
    { id: 'panel', fanout: { mode: 'diverse', agents: ['a', 'b'] }, consensus: NUMBER, fallback: ['d', 'e'] },
  ]);
  const reply = running.chat({ model: 'policy:panel' });
  for (const model of ['a', 'b']) (await running.up.next(model)).fail(400);
  (await running.up.next('d')).fail(404);
  await running.answerAll({ e: 'at last' });
  const { status, json } = await reply;
  expect(status).toBe(200);
  expect(json).toMatchObject({ choices: [{ message: { content: 'at last' } }] });
  expect(consensusOf(json)).toMatchObject({ uncertainties: ['nothing came of the fan-out'], agreement: 0 });
  await balanced(running, [idOf(json)]);
});

test('without one the call fails with what the lanes failed of', async () => {
  const running = await panel([{ id: 'panel', fanout: { mode: 'diverse', agents: ['a', 'b'] }, consensus: NUMBER }]);
  const reply = running.chat({ model: 'policy:panel' });
  (await running.up.next('a')).fail(400);
  (await running.up.next('b')).fail(404);
  const failed = await reply;
  expect([failed.status, errorOf(failed).code]).toEqual([502, 'consensus_failed']);
  expect(errorOf(failed).message).not.toContain('undefined');
  await balanced(running, [String(failed.headers['x-atp-request-id'])]);
});
