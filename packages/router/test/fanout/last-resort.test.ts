import { expect, test } from 'vitest';
import { errorOf, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { balanced } from './books.ts';
import { type Panel, panel } from './scripted.ts';

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
