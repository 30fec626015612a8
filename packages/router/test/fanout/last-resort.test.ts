import { expect, test } from 'vitest';
import { errorOf, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { balanced } from './books.ts';
import { consensusOf, idOf, type Panel, panel } from './scripted.ts';

const NUMBER = { strategy: 'majority', answer: 'number', weights: 'equal' };
const TWO = { mode: 'diverse', agents: ['a', 'b'] };

function ask(running: Panel, headers: Readonly<Record<string, string>>): ReturnType<typeof call> {
  return call(`${running.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TENANT_KEY}`, ...headers },
    body: JSON.stringify({ model: 'policy:panel', messages: [{ role: 'user', content: 'hello' }] }),
  });
}

test.each([
  ['its client', { 'x-atp-deadline-ms': '700' }, {}],
  ['its policy', {}, { deadline_ms: 700 }],
])('who is asked last has what %s leaves of the time', async (_, headers, more) => {
  const running = await panel([{ id: 'panel', fanout: TWO, consensus: NUMBER, fallback: ['d'], ...more }]);
  const reply = ask(running, headers);
  for (const model of ['a', 'b']) (await running.up.next(model)).fail(400);
  const last = await running.up.next('d');
  last.begin('I will be saying so for an hour');
  const failed = await reply;
  expect([failed.status, errorOf(failed).code]).toEqual([504, 'deadline_exceeded']);
  await last.gone;
  expect(last.is_gone).toBe(true);
  await balanced(running, [String(failed.headers['x-atp-request-id'])]);
});

test('nobody is asked once the time is up', async () => {
  const fanout = { mode: 'diverse', agents: ['a', { model: 'b', challenger: true }] };
  const consensus = { strategy: 'champion', answer: 'number' };
  const running = await panel([{ id: 'panel', fanout, consensus, fallback: ['d'], deadline_ms: 400 }]);
  const reply = running.chat({ model: 'policy:panel' });
  await running.up.next('a');
  (await running.up.next('b')).answer('8');
  const failed = await reply;
  expect([failed.status, errorOf(failed).code]).toEqual([502, 'consensus_failed']);
  expect(running.up.asked.map(({ model }) => model).sort()).toEqual(['a', 'b']);
  await balanced(running, [String(failed.headers['x-atp-request-id'])]);
});

/** Models `a` and `b` are at a provider that an operator has switched off. */
async function halfOut(policy: Readonly<Record<string, unknown>>): Promise<Panel> {
  const running = await panel([{ id: 'panel', consensus: NUMBER, ...policy }], {
    providers: (base_url) =>
      ['out', 'up'].map((id) => ({ id, type: 'openai', base_url, api_key: 'k', retry: { max_attempts: 1 } })),
    models: ['a', 'b', 'c', 'd', 'e'].map((id) => ({
      ...{ id, provider: 'ab'.includes(id) ? 'out' : 'up', context: 128_000 },
      price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 },
    })),
  });
  const { status } = await running.admin('POST', '/kill', {
    scope: 'provider',
    id: 'out',
    on: true,
    reason: 'it is down',
  });
  expect(status).toBe(200);
  return running;
}

test('the chain is asked in place of members that cannot be asked at all', async () => {
  const running = await halfOut({ fanout: TWO, fallback: ['d'] });
  const reply = running.chat({ model: 'policy:panel' });
  // As the client asked: only lanes always get a stream.
  (await running.up.next('d')).whole('still here');
  const { status, json, headers } = await reply;
  expect(status).toBe(200);
  expect(json).toMatchObject({ choices: [{ message: { content: 'still here' } }] });
  await balanced(running, [String(headers['x-atp-request-id'])]);
});

test('without a chain the call is refused with what keeps its members', async () => {
  const running = await halfOut({ fanout: TWO });
  const failed = await running.chat({ model: 'policy:panel' });
  expect([failed.status, errorOf(failed).code]).toEqual([503, 'no_models_available']);
});

test('the best are chosen among those that can be asked', async () => {
  const agents = ['a', 'b', 'c'];
  const running = await halfOut({
    fanout: { mode: 'diverse', agents, select: { by: 'reputation', top: 1, explore: 0 } },
  });
  const reply = running.chat({ model: 'policy:panel' });
  await running.answerAll({ c: '7' });
  const { status, json } = await reply;
  expect(status).toBe(200);
  expect(consensusOf(json)['lanes']).toMatchObject([{ source: 'c', state: 'finalized' }]);
  await balanced(running, [idOf(json)]);
});
