import { expect, test } from 'vitest';
import { askedOf, withFar } from './far.ts';

const SECRET = [{ role: 'user', content: 'How many letters has Beatrix?' }];
const NUMBER = { strategy: 'majority', answer: 'number', weights: 'equal' };

test.each(['persona:home', 'persona:shut'])('what %s is asked stays here, whatever policy matches', async (model) => {
  const running = await withFar([{ id: 'all', match: { tenant: 'acme' }, fallback: ['d', 'b'] }]);
  const reply = running.chat({ model, messages: SECRET });
  (await running.up.next('a')).fail(503);
  (await running.up.next('b')).whole('7');
  expect((await reply).status).toBe(200);
  expect(askedOf(running)).toEqual(['a', 'b']);
});

test.each(['persona:home', 'persona:shut'])('nor does a cheaper model beyond stand in for %s', async (model) => {
  const tenant = { at_limit: 'degrade', budget: { usd_per_day: 0.01 } };
  const running = await withFar([{ id: 'plain', fallback: [model] }], { price: (id) => (id < 'd' ? 900 : 1), tenant });
  for (const name of [model, 'policy:plain']) {
    const refused = await running.chat({ model: name, max_tokens: 100, messages: SECRET });
    expect([refused.status, askedOf(running)]).toEqual([429, []]);
  }
});

test('a fan-out that matches asks nobody beyond for such a persona', async () => {
  const fanout = { mode: 'diverse', agents: ['d', 'b'] };
  const running = await withFar([{ id: 'all', match: { tenant: 'acme' }, fanout, consensus: NUMBER }]);
  const reply = running.chat({ model: 'persona:home', messages: SECRET });
  (await running.up.next('b')).answer('7');
  expect((await reply).status).toBe(200);
  expect(askedOf(running)).toEqual(['b']);
});

test('nor does an embedder beyond see what its lanes say', async () => {
  const fanout = { mode: 'diverse', agents: ['b', 'c'] };
  const texts = { strategy: 'weighted_merge', answer: 'text', weights: 'equal' };
  const running = await withFar([{ id: 'all', match: { tenant: 'acme' }, fanout, consensus: texts }], {
    embeddings: { type: 'model', model: 'd' },
  });
  const reply = running.chat({ model: 'persona:home', messages: SECRET });
  for (const lane of ['b', 'c']) (await running.up.next(lane)).answer('seven letters');
  expect((await reply).status).toBe(200);
  expect(askedOf(running).toSorted()).toEqual(['b', 'c']);
});

test('a policy with no_external asks nobody beyond, also for a request that names one', async () => {
  const running = await withFar([{ id: 'all', match: { tenant: 'acme' }, fallback: ['persona:shut'] }]);
  const reply = running.chat({ model: 'd', messages: SECRET });
  (await running.up.next('a')).whole('7');
  expect((await reply).status).toBe(200);
  expect(askedOf(running)).toEqual(['a']);
});

test('other personas and policies go where they say', async () => {
  const personas = [{ id: 'free', role: 'reader', model: 'a' }];
  const running = await withFar([{ id: 'all', match: { tenant: 'acme' }, fallback: ['d'] }], { personas });
  const reply = running.chat({ model: 'persona:free', messages: SECRET });
  (await running.up.next('a')).fail(503);
  (await running.up.next('d')).whole('7');
  expect((await reply).status).toBe(200);
});
