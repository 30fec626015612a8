import { request } from 'node:http';
import { expect, test } from 'vitest';
import { errorOf, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { balanced } from './books.ts';
import { consensusOf, idOf, panel } from './scripted.ts';

const FIVE = { mode: 'diverse', agents: ['a', 'b', 'c', 'd', 'e'] };
const NUMBER = { strategy: 'majority', answer: 'number', weights: 'equal' };

function states(json: unknown): unknown {
  return (consensusOf(json)['lanes'] as readonly { source: string; state: string }[]).map(
    ({ source, state }) => `${source} ${state}`,
  );
}

test('once no open lane can change the result the others are stopped, and their budget is free', async () => {
  const running = await panel([{ id: 'panel', fanout: FIVE, consensus: NUMBER }]);
  const reply = running.chat({ model: 'policy:panel' });
  const [d, e] = [await running.up.next('d'), await running.up.next('e')];
  e.begin('I think');
  await running.answerAll({ a: '42', b: '42', c: '42' });
  const { status, json } = await reply;
  expect([status, states(json)]).toEqual([
    200,
    ['a finalized', 'b finalized', 'c finalized', 'd cancelled', 'e cancelled'],
  ]);
  await Promise.all([d.gone, e.gone]);
  expect([d.is_gone, e.is_gone]).toEqual([true, true]);
  const attempts = await balanced(running, [idOf(json)]);
  expect(attempts.map(({ model, outcome }) => `${model} ${outcome}`).sort()).toEqual([
    ...['a ok', 'b ok', 'c ok', 'd cancelled', 'e cancelled'],
  ]);
});

test('the first of a speculative fan-out wins', async () => {
  const running = await panel([{ id: 'fast', fanout: { mode: 'speculative', agents: ['a', 'b', 'c'] } }]);
  const reply = running.chat({ model: 'policy:fast' });
  const slow = [await running.up.next('a'), await running.up.next('c')];
  (await running.up.next('b')).answer('the quick one');
  const { json } = await reply;
  expect(json).toMatchObject({ choices: [{ message: { content: 'the quick one' } }] });
  expect(states(json)).toEqual(['a cancelled', 'b finalized', 'c cancelled']);
  await Promise.all(slow.map(({ gone }) => gone));
  await balanced(running, [idOf(json)]);
});

test('a lane that fails is tried once more, and the others do without it', async () => {
  const running = await panel(
    [{ id: 'panel', fanout: { mode: 'diverse', agents: ['a', 'b', 'c'] }, consensus: NUMBER }],
    {
      ...{},
    },
  );
  const reply = running.chat({ model: 'policy:panel' });
  await running.answerAll({ a: '7', b: '8' });
  (await running.up.next('c')).fail(500);
  const again = await running.up.next('c');
  again.begin('7, on');
  again.more(' second thought: 7');
  again.end();
  const { json } = await reply;
  expect(json).toMatchObject({ choices: [{ message: { content: '7' } }] });
  expect(states(json)).toEqual(['a finalized', 'b finalized', 'c finalized']);
  const attempts = await balanced(running, [idOf(json)]);
  expect(attempts.map(({ model, kind, outcome }) => `${model} ${kind} ${outcome}`).sort()).toEqual([
    ...['a primary ok', 'b primary ok', 'c primary error', 'c retry ok'],
  ]);
});

test('at its deadline the result is made of what has come, half answers included', async () => {
  const running = await panel([
    { id: 'panel', fanout: { mode: 'diverse', agents: ['a', 'b'] }, consensus: NUMBER, deadline_ms: 400 },
  ]);
  const reply = running.chat({ model: 'policy:panel' });
  (await running.up.next('a')).begin('The answer is 12');
  await running.up.next('b');
  const { status, json } = await reply;
  expect(status).toBe(200);
  expect(json).toMatchObject({ choices: [{ message: { content: 'The answer is 12' } }] });
  expect(states(json)).toEqual(['a cancelled', 'b cancelled']);
  await balanced(running, [idOf(json)]);
});

test('with nothing said at its deadline a call ends with that error', async () => {
  const running = await panel([{ id: 'panel', fanout: FIVE, consensus: NUMBER, deadline_ms: 300 }]);
  const reply = await running.chat({ model: 'policy:panel' });
  expect([reply.status, errorOf(reply).code]).toEqual([504, 'deadline_exceeded']);
  await balanced(running, [String(reply.headers['x-atp-request-id'])]);
});

test('all lanes are stopped when their client leaves', async () => {
  const running = await panel([{ id: 'panel', fanout: FIVE, consensus: NUMBER }]);
  const body = JSON.stringify({ model: 'policy:panel', messages: [{ role: 'user', content: 'hello' }] });
  const headers = { authorization: `Bearer ${TENANT_KEY}`, 'content-type': 'application/json' };
  const client = request(`${running.url}/v1/chat/completions`, { method: 'POST', headers, agent: false });
  const left = new Promise((resolve) => {
    client.once('error', resolve);
  });
  client.end(body);
  const all = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((model) => running.up.next(model)));
  client.destroy();
  await left;
  await Promise.all(all.map(({ gone }) => gone));
  expect(all.map(({ is_gone }) => is_gone)).toEqual([true, true, true, true, true]);
  const { used } =
    ((await running.admin('GET', '/live')).json as { tenants: { used: { calls: number } }[] }).tenants[0] ?? {};
  expect(used?.calls).toBe(1);
});

test('a budget of the call is split over its lanes and never exceeded', async () => {
  const running = await panel([
    { id: 'panel', fanout: { mode: 'diverse', agents: ['a', 'b', 'c'] }, consensus: NUMBER },
  ]);
  const headers = { authorization: `Bearer ${TENANT_KEY}`, 'x-atp-max-usd': '0.0006' };
  const body = JSON.stringify({ model: 'policy:panel', messages: [{ role: 'user', content: 'hello' }] });
  const reply = call(`${running.url}/v1/chat/completions`, { method: 'POST', headers, body });
  const asked = await Promise.all(['a', 'b', 'c'].map((model) => running.up.next(model)));
  // A third of 600 micro-dollars each, of which the prompt takes a little; two for each token of the answer.
  for (const { body: sent } of asked) {
    const most = Number(sent['max_completion_tokens'] ?? sent['max_tokens']);
    expect(most).toBeGreaterThan(80);
    expect(most).toBeLessThanOrEqual(100);
  }
  for (const one of asked) one.answer('9');
  const { json } = await reply;
  await balanced(running, [idOf(json)]);
});

test('where a budget is too small for all lanes the last ones are left out, and said to be', async () => {
  const running = await panel([
    { id: 'panel', fanout: { mode: 'diverse', agents: ['a', 'b', 'c'] }, consensus: NUMBER },
  ]);
  const headers = { authorization: `Bearer ${TENANT_KEY}`, 'x-atp-max-usd': '0.00013' };
  const body = JSON.stringify({ model: 'policy:panel', messages: [{ role: 'user', content: 'hello' }] });
  const reply = call(`${running.url}/v1/chat/completions`, { method: 'POST', headers, body });
  await running.answerAll({ a: '9', b: '9' });
  const { json } = await reply;
  expect((consensusOf(json)['lanes'] as object[])[2]).toMatchObject({ state: 'rejected', error: 'budget_exhausted' });
  await balanced(running, [idOf(json)]);
});

test('a lane may say no more than a whole answer', async () => {
  const running = await panel([{ id: 'panel', fanout: { mode: 'diverse', agents: ['a', 'b'] }, consensus: NUMBER }], {
    limits: { answer_bytes: 4_096 },
  });
  const reply = running.chat({ model: 'policy:panel' });
  await running.answerAll({ b: '7' });
  const lane = await running.up.next('a');
  lane.begin('8 '.repeat(4_096));
  await lane.gone;
  const { json } = await reply;
  expect(states(json)).toEqual(['a failed', 'b finalized']);
  await balanced(running, [idOf(json)]);
});
