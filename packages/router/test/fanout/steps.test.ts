import { describe, expect, test } from 'vitest';
import { TENANT_KEY } from '../admin/harness.ts';
import { call, type OpenStream, stream } from '../admin/http.ts';
import { balanced } from './books.ts';
import { consensusOf, idOf, panel } from './scripted.ts';

const NUMBER = { strategy: 'majority', answer: 'number', weights: 'equal' };
const PRICE = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };
const THREE = { mode: 'diverse', agents: ['a', 'b', 'c'] };

describe('escalation', () => {
  test('lanes that disagree have somebody better asked, whose answer stands', async () => {
    const running = await panel([
      {
        id: 'panel',
        fanout: THREE,
        consensus: NUMBER,
        escalation: [{ when: 'disagree_high', threshold: 0.5, to: 'e' }],
      },
    ]);
    const reply = running.chat({ model: 'policy:panel' });
    await running.answerAll({ a: '1', b: '2', c: '3' });
    await running.answerAll({ e: 'It is 5' });
    const { json } = await reply;
    expect(json).toMatchObject({ choices: [{ message: { content: 'It is 5' } }] });
    expect(consensusOf(json)).toMatchObject({
      escalated: 'disagree_high',
      lanes: [{}, {}, {}, { lane: 3, source: 'e' }],
    });
    const attempts = await balanced(running, [idOf(json)]);
    expect(attempts).toHaveLength(4);
  });

  test('lanes that agree do not', async () => {
    const running = await panel([
      {
        id: 'panel',
        fanout: THREE,
        consensus: NUMBER,
        escalation: [{ when: 'disagree_high', threshold: 0.5, to: 'e' }],
      },
    ]);
    const reply = running.chat({ model: 'policy:panel' });
    await running.answerAll({ a: '1', b: '1', c: '3' });
    expect(consensusOf((await reply).json)).toMatchObject({ escalated: null });
    expect(running.up.asked.map(({ model }) => model).sort()).toEqual(['a', 'b', 'c']);
  });

  test('when every clone fails somebody else is asked', async () => {
    const running = await panel([
      {
        id: 'panel',
        fanout: { mode: 'clone', agents: ['a'], clones: 3 },
        consensus: { answer: 'number' },
        escalation: [{ when: 'low_conf', threshold: 0.1, to: 'e' }],
      },
    ]);
    const reply = running.chat({ model: 'policy:panel' });
    for (let i = 0; i < 3; i += 1) (await running.up.next('a')).fail(400);
    await running.answerAll({ e: '5' });
    const { json } = await reply;
    expect(consensusOf(json)).toMatchObject({ escalated: 'clones_failed' });
    expect(json).toMatchObject({ choices: [{ message: { content: '5' } }] });
    await balanced(running, [idOf(json)]);
  });
});

test('clones are asked with seeds and temperatures of their own', async () => {
  const running = await panel([
    {
      id: 'panel',
      fanout: { mode: 'clone', agents: ['a'], clones: 3, seeds: [7, 8, 9], temperature: { min: 0.2, max: 1 } },
      consensus: { strategy: 'majority', answer: 'number', weights: 'equal' },
    },
  ]);
  const reply = running.chat({ model: 'policy:panel' });
  const asked = [await running.up.next('a'), await running.up.next('a'), await running.up.next('a')];
  expect(asked.map(({ body }) => [body['seed'], body['temperature']]).sort()).toEqual([
    ...[
      [7, 0.2],
      [8, 0.6],
      [9, 1],
    ],
  ]);
  for (const one of asked) one.answer('4');
  expect(consensusOf((await reply).json)).toMatchObject({ mode: 'clone', agreement: 1 });
});

test('a lane that is stopped for a better tier is one voice less', async () => {
  const agents = ['a', { model: 'b', clones: 2 }];
  const running = await panel([{ id: 'panel', fanout: { mode: 'diverse', agents }, consensus: NUMBER }], {
    flow: { shares: { gold: 0.5, silver: 0.3, bronze: 0.1 } },
    models: ['a', 'b'].map((id) => ({ id, provider: 'up', context: 128_000, price: PRICE, max_concurrency: 2 })),
  });
  const reply = running.chat({ model: 'policy:panel' });
  const both = [await running.up.next('b'), await running.up.next('b')];
  const gold = call(`${running.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TENANT_KEY}`, 'x-atp-qos': 'gold' },
    body: JSON.stringify({ model: 'b', messages: [{ role: 'user', content: 'now' }] }),
  });
  await Promise.race(both.map(({ gone }) => gone));
  const left = both.find(({ is_gone }) => !is_gone);
  const first = await running.up.next('b');
  first.whole('at once');
  expect((await gold).status).toBe(200);
  left?.answer('3');
  await running.answerAll({ a: '3' });
  const { json } = await reply;
  const lanes = consensusOf(json)['lanes'] as readonly { state: string; error?: string }[];
  expect(lanes.map(({ state, error }) => `${state} ${error ?? ''}`).sort()).toEqual([
    ...['failed preempted', 'finalized ', 'finalized '],
  ]);
  expect(json).toMatchObject({ choices: [{ message: { content: '3' } }] });
  await balanced(running, [idOf(json), String((await gold).headers['x-atp-request-id'])]);
});

describe('a provisional result', () => {
  const POLICY = {
    id: 'panel',
    fanout: { mode: 'diverse', agents: ['a', 'b', 'c', 'd', 'e'] },
    consensus: NUMBER,
    provisional: { quorum_min: 2, expiry_ms: 30_000 },
  };

  test('comes once enough have answered, is revised, and is followed by the final one', async () => {
    const running = await panel([POLICY]);
    const opening = running.chatStream({ model: 'policy:panel' });
    await running.answerAll({ a: '1', b: '1' });
    const open = await opening;
    expect(await provisional(open)).toMatchObject({ text: '1', revision: 0, expiry_ms: 30_000, agreement: 1 });
    await running.answerAll({ c: '2', d: '2' });
    await running.answerAll({ e: '2' });
    const text = (await open.rest()).map(({ data }) => data).join('\n');
    expect(text).toContain('"content":"2"');
    expect(text).toContain('[DONE]');
    expect(text).toMatch(/"revisions":\d/);
  });

  test('is final when its time is up', async () => {
    const running = await panel([{ ...POLICY, provisional: { quorum_min: 2, expiry_ms: 100 } }]);
    const opening = running.chatStream({ model: 'policy:panel' });
    await running.answerAll({ a: '1', b: '1' });
    const open = await opening;
    expect(await provisional(open)).toMatchObject({ text: '1' });
    const text = (await open.rest()).map(({ data }) => data).join('\n');
    expect(text).toContain('"content":"1"');
    expect(text).toContain('"reason":"expired"');
  });
});

async function provisional(open: OpenStream): Promise<unknown> {
  const { data } = await open.next(({ data: text }) => text.includes('provisional'));
  return (JSON.parse(data) as { atp: { provisional: unknown } }).atp.provisional;
}

describe('every shape', () => {
  const POLICY = { id: 'panel', fanout: { mode: 'diverse', agents: ['a', 'b', 'c'] }, consensus: NUMBER };
  const headers = { authorization: `Bearer ${TENANT_KEY}` };

  test.each([
    ['/v1/messages', { max_tokens: 100, messages: [{ role: 'user', content: 'n?' }] }, { content: [{ text: '7' }] }],
    ['/v1/responses', { input: 'n?' }, { output: [{ content: [{ text: '7' }] }] }],
    ['/v1/ask', { prompt: 'n?' }, { text: '7' }],
  ])('%s, whole and as a stream', async (path, body, expected) => {
    const running = await panel([POLICY]);
    const whole = call(`${running.url}${path}`, {
      ...{ method: 'POST', headers, body: JSON.stringify({ model: 'policy:panel', ...body, stream: false }) },
    });
    await running.answerAll({ a: '7', b: '7', c: '8' });
    const { status, json } = await whole;
    expect([status, json]).toMatchObject([200, expected]);
    expect(consensusOf(json)).toMatchObject({ strategy: 'majority' });
    const open = stream(`${running.url}${path}`, {
      ...{ method: 'POST', headers, body: JSON.stringify({ model: 'policy:panel', ...body, stream: true }) },
    });
    await running.answerAll({ a: '7', b: '7' });
    const text = (await (await open).rest()).map(({ data }) => data).join('\n');
    expect(text).toContain('"7"');
    expect(text).toContain('"consensus":{"policy":"panel"');
  });
});
