import { expect, test } from 'vitest';
import { call, type Reply } from '../admin/http.ts';
import { TENANT_KEY } from '../admin/harness.ts';
import { balanced } from './books.ts';
import { askedOf, DENIED, withFar } from './far.ts';
import type { Panel } from './scripted.ts';

const NUMBER = { strategy: 'majority', answer: 'number', weights: 'equal' };
const SECRET = [{ role: 'user', content: 'How many letters has Beatrix?' }];

const GUARDED = { id: 'panel', fanout: { mode: 'diverse', agents: ['d', 'a'], filter: 'mask' }, consensus: NUMBER };

function post({ url }: Panel, path: string, body: object): Promise<Reply> {
  const headers = { authorization: `Bearer ${TENANT_KEY}`, 'content-type': 'application/json' };
  return call(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

test('several choices go round no filter: only who is on this machine is asked', async () => {
  const running = await withFar([GUARDED]);
  const reply = running.chat({ model: 'policy:panel', n: 2, messages: SECRET });
  (await running.up.next('a')).whole('7');
  const { status, headers } = await reply;
  expect([status, askedOf(running)]).toEqual([200, ['a']]);
  await balanced(running, [String(headers['x-atp-request-id'])]);
});

test('nor does the failure of who is here', async () => {
  const running = await withFar([{ ...GUARDED, match: { tenant: 'acme' }, fallback: ['c', 'a'] }]);
  const reply = running.chat({ model: 'e', n: 2, messages: SECRET });
  (await running.up.next('c')).fail(503);
  (await running.up.next('a')).fail(503);
  expect((await reply).status).toBeGreaterThanOrEqual(500);
  expect(askedOf(running)).toEqual(['c', 'a']);
});

test('the chain that is tried after a guarded fan-out is of this machine, whatever the request has named', async () => {
  const running = await withFar([{ ...GUARDED, match: { tenant: 'acme' }, fallback: ['c'] }]);
  const reply = running.chat({ model: 'e', messages: SECRET });
  (await running.up.next('b')).fail(400);
  (await running.up.next('a')).fail(400);
  (await running.up.next('c')).answer('7');
  expect((await reply).status).toBe(200);
  expect(askedOf(running)).not.toContain('e');
});

test('where nobody is left to ask, the call is refused with the reason', async () => {
  const all_far = { ...GUARDED, fanout: { mode: 'diverse', agents: ['d', 'e'], filter: 'mask' } };
  const running = await withFar([all_far]);
  const refused = await running.chat({ model: 'policy:panel', n: 2, messages: SECRET });
  expect(refused).toMatchObject(DENIED);
  expect(JSON.stringify(refused.json)).toContain('filter of policy');
  expect(askedOf(running)).toEqual([]);
});

test('a filter is nobody that answers', async () => {
  const far = { id: 'far', role: 'reader', model: 'd', compliance: ['filter_pii'] };
  const mask = { id: 'mask', role: 'filter', model: 'b', filter: true };
  const fanout = { mode: 'diverse', agents: [{ persona: 'far' }], filter: 'mask' };
  const running = await withFar([{ ...GUARDED, fanout }], { personas: [mask, far] });
  expect(await running.chat({ model: 'policy:panel', n: 2, messages: SECRET })).toMatchObject(DENIED);
  expect(askedOf(running)).toEqual([]);
});

test('a guarded policy that only matches holds what names a model, and embeddings, to the same', async () => {
  const running = await withFar([{ ...GUARDED, match: { tenant: 'acme' } }]);
  const reply = running.chat({ model: 'd', n: 2, messages: SECRET });
  (await running.up.next('a')).whole('7');
  expect((await reply).status).toBe(200);
  const refused = await post(running, '/v1/embeddings', { model: 'd', input: 'Beatrix' });
  expect(refused).toMatchObject(DENIED);
  expect(askedOf(running)).toEqual(['a']);
});

test('what stands in at the limit of a tenant is of this machine too', async () => {
  const tenant = { at_limit: 'degrade', budget: { usd_per_day: 0.01 } };
  const running = await withFar([GUARDED], { price: (id) => (id < 'd' ? 900 : 1), tenant });
  const refused = await running.chat({ model: 'policy:panel', n: 2, max_tokens: 100, messages: SECRET });
  expect([refused.status, askedOf(running)]).toEqual([429, []]);
});
