import { expect, test } from 'vitest';
import { TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { type AttemptRow, balanced } from './books.ts';
import { askedOf, type FarOptions, withFar } from './far.ts';
import { consensusOf, idOf, type Panel } from './scripted.ts';

const NUMBER = { strategy: 'majority', answer: 'number', weights: 'equal' };
const MESSAGES = [{ role: 'user', content: 'How many letters has Beatrix?' }];
/** Words in every place that a client has for them. */
const WORDY = {
  prediction: { type: 'content', content: 'Beatrix' },
  user: 'Beatrix',
  metadata: { who: 'Beatrix' },
  stop: ['Beatrix'],
  tools: [{ type: 'function', function: { name: 'f', description: 'of Beatrix', parameters: { type: 'object' } } }],
  response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object', title: 'Beatrix' } } },
  service_tier: 'Beatrix',
  logit_bias: { 1234: 5 },
  mcp_servers: [{ authorization_token: 'Beatrix' }],
};

function guarded(over: object = {}, options: FarOptions = {}): Promise<Panel> {
  const fanout = { mode: 'diverse', agents: ['a', 'd'], filter: 'mask' };
  return withFar([{ id: 'panel', fanout, consensus: NUMBER, ...over }], options);
}

test('beside the words of the filter only numbers reach a member beyond the machine', async () => {
  const running = await guarded();
  const reply = running.chat({ model: 'policy:panel', ...WORDY, temperature: 0.25, seed: 9, messages: MESSAGES });
  (await running.up.next('b')).answer('How many letters has NAME?');
  const far = await running.up.next('d');
  expect(JSON.stringify(far.body)).not.toContain('Beatrix');
  const { messages, temperature, seed, ...rest } = far.body;
  expect(messages).toEqual([{ role: 'user', content: 'How many letters has NAME?' }]);
  expect([temperature, seed]).toEqual([0.25, 9]);
  expect(Object.keys(rest).sort()).toEqual(['model', 'stream', 'stream_options']);
  const near = await running.up.next('a');
  expect(near.body).toMatchObject({ user: 'Beatrix', stop: ['Beatrix'] });
  far.answer('7');
  near.answer('7');
  expect((await reply).status).toBe(200);
});

test('what a client wants of its answer is not wanted of the filter', async () => {
  const running = await guarded();
  const reply = running.chat({ model: 'policy:panel', ...WORDY, max_tokens: 5, messages: MESSAGES });
  const { body } = await running.up.next('b').then((filter) => {
    filter.answer('How many letters has NAME?');
    return filter;
  });
  for (const key of ['max_tokens', 'max_completion_tokens', 'stop', 'response_format', 'tools', 'logit_bias'])
    expect([key, body[key]]).toEqual([key, undefined]);
  const far = await running.up.next('d');
  expect(far.body['max_tokens'] ?? far.body['max_completion_tokens']).toBe(5);
  far.answer('7');
  (await running.up.next('a')).answer('7');
  expect((await reply).status).toBe(200);
});

test('nor of a judge', async () => {
  const fanout = { mode: 'diverse', agents: ['a', 'd'] };
  const running = await withFar([{ id: 'panel', fanout, consensus: { strategy: 'judge', judge: 'c' } }]);
  const reply = running.chat({ model: 'policy:panel', max_tokens: 1, stop: ['2'], messages: MESSAGES });
  await running.answerAll({ a: 'six', d: 'seven' });
  const judge = await running.up.next('c');
  for (const key of ['max_tokens', 'max_completion_tokens', 'stop'])
    expect([key, judge.body[key]]).toEqual([key, undefined]);
  judge.answer('1');
  expect((await reply).status).toBe(200);
});

test('a filter that was cut short has filtered nothing', async () => {
  const running = await guarded();
  const reply = running.chat({ model: 'policy:panel', messages: MESSAGES });
  const filter = await running.up.next('b');
  filter.begin('How many');
  filter.end(undefined, 'length');
  (await running.up.next('a')).answer('7');
  const { json } = await reply;
  expect(consensusOf(json)['lanes']).toMatchObject([{}, { state: 'rejected', error: 'policy_denied' }]);
  expect(askedOf(running)).not.toContain('d');
  await balanced(running, [idOf(json)]);
});

/** What a filter may write at length: about so many tokens, of words that no client has written. */
const LONG = 'word '.repeat(8_000);

test('what a lane behind the filter may cost is counted from what the filter has written', async () => {
  // A lane takes a prompt of about 10,000 tokens at a dollar for a million: more than its part of this, which the filter keeps to.
  const price = (model: string): number => (model === 'b' ? 0.1 : 1);
  const running = await guarded({ budget: { usd: 0.02 } }, { price });
  const reply = running.chat({ model: 'policy:panel', messages: MESSAGES });
  (await running.up.next('b')).answer(LONG);
  (await running.up.next('a')).answer('7');
  const { json } = await reply;
  expect(consensusOf(json)['lanes']).toMatchObject([{}, { state: 'rejected', error: 'budget_exhausted' }]);
  const attempts: readonly AttemptRow[] = await balanced(running, [idOf(json)]);
  expect(attempts.map(({ model }) => model).sort()).toEqual(['a', 'b']);
});

test('and whether it fits, too', async () => {
  const running = await guarded({}, { context: (model) => (model === 'd' ? 4_000 : 128_000) });
  const reply = running.chat({ model: 'policy:panel', messages: MESSAGES });
  (await running.up.next('b')).answer(LONG);
  (await running.up.next('a')).answer('7');
  expect(consensusOf((await reply).json)['lanes']).toMatchObject([{}, { error: 'prompt_too_large' }]);
});

test('a prompt for several is counted here, and by none of them', async () => {
  const running = await guarded(
    { fanout: { mode: 'diverse', agents: ['d', 'a'], filter: 'mask' } },
    {
      providers: (base_url) => [
        { id: 'up', type: 'openai', base_url, api_key: 'k' },
        {
          id: 'far',
          type: 'anthropic',
          base_url: base_url.replace('127.0.0.1', '0.0.0.0').replace(/\/v1$/, ''),
          api_key: 'k',
        },
      ],
    },
  );
  const headers = { authorization: `Bearer ${TENANT_KEY}`, 'content-type': 'application/json' };
  for (const agents of ['policy:panel', 'd']) {
    const body = JSON.stringify({ model: agents, messages: MESSAGES });
    const counting = call(`${running.url}/v1/messages/count_tokens`, { method: 'POST', headers, body });
    // The one that is asked by its own name counts: the way there is open.
    if (agents === 'd') (await running.up.next('d')).fail(500);
    expect((await counting).json).toMatchObject({ atp: { method: 'o200k_base' } });
  }
  expect(askedOf(running)).toEqual(['d']);
});
