import { AtpClient, type TaskEvent } from '@atp-router/sdk';
import { expect, onTestFinished, test } from 'vitest';
import { TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { balanced } from './books.ts';
import { consensusOf, idOf, panel } from './scripted.ts';

const NUMBER = { strategy: 'majority', answer: 'number', weights: 'equal' };
const THREE = { mode: 'diverse', agents: ['a', 'b', 'c'] };

test('over ATP: the plan, a provisional result, its revision and the final one', async () => {
  const running = await panel([
    { id: 'panel', fanout: THREE, consensus: NUMBER, provisional: { quorum_min: 1, expiry_ms: 30_000 } },
  ]);
  const client = new AtpClient({ url: running.url, key: TENANT_KEY });
  onTestFinished(() => client.close());
  const task = client.task({ prompt: 'n?', model: 'policy:panel' });
  const events: TaskEvent[] = [];
  const reading = (async () => {
    for await (const event of task) {
      events.push(event);
      if (event.type === 'provisional' && events.length === 2) {
        await running.answerAll({ b: '2' });
        await running.answerAll({ c: '2' });
      }
    }
  })();
  await running.answerAll({ a: '1' });
  await reading;
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['log', 'provisional', 'final']));
  expect(events[1]).toMatchObject({ content: { text: '1', revision: 0, expiry_ms: 30_000 } });
  const final = events[events.length - 1];
  expect(final).toMatchObject({ type: 'final', result: { text: '2', atp: { consensus: { strategy: 'majority' } } } });
});

test('a call that is repeated under its key gets the same result, and nobody is asked again', async () => {
  const running = await panel([{ id: 'panel', fanout: THREE, consensus: NUMBER }]);
  const sent = {
    method: 'POST',
    headers: { authorization: `Bearer ${TENANT_KEY}`, 'idempotency-key': 'once' },
    body: JSON.stringify({ model: 'policy:panel', messages: [{ role: 'user', content: 'n?' }] }),
  };
  const first = call(`${running.url}/v1/chat/completions`, sent);
  await running.answerAll({ a: '1', b: '1', c: '2' });
  const { text, json } = await first;
  const again = await call(`${running.url}/v1/chat/completions`, sent);
  expect([again.status, again.text]).toEqual([200, text]);
  expect(again.headers['x-atp-idempotent-replay']).toBeDefined();
  expect(running.up.asked).toHaveLength(3);
  await balanced(running, [idOf(json)]);
});

test('a kill switch for a model ends the lanes that ask it, and bars it from the next call', async () => {
  const running = await panel([{ id: 'panel', fanout: THREE, consensus: NUMBER }]);
  const first = running.chat({ model: 'policy:panel' });
  const c = await running.up.next('c');
  const killed = await running.admin('POST', '/kill', { scope: 'model', id: 'c', on: true, reason: 'a test' });
  expect(killed.status).toBe(200);
  await c.gone;
  await running.answerAll({ a: '4' });
  // What one voice of two says stands: the other could only tie with it.
  expect(lanesOf((await first).json)).toEqual(['finalized', 'cancelled', 'failed policy_denied']);
  const second = running.chat({ model: 'policy:panel' });
  await running.answerAll({ a: '4' });
  expect(lanesOf((await second).json)).toEqual(['finalized', 'cancelled', 'rejected no_models_available']);
});

function lanesOf(json: unknown): readonly string[] {
  const lanes = consensusOf(json)['lanes'] as readonly { state: string; error?: string }[];
  return lanes.map(({ state, error }) => (error === undefined ? state : `${state} ${error}`));
}
