import { describe, expect, test } from 'vitest';
import { hashOf, TENANT_KEY } from '../admin/harness.ts';
import { type Reply, stream } from '../admin/http.ts';
import { type Crew, crew, OTHER_KEY, type Says } from '../auto/crew.ts';

const STATIC = { explore: { usd_per_day: 0 }, plans: 'single' };
const CHEAP = { model: 'cheap' };

/** Tenant `acme` with a cache, `other` with another. */
function withCache(says: Says, cache: object = {}, of_tenant: object = {}): Promise<Crew> {
  const tenants = [
    { id: 'acme', qos_max: 'gold', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], cache, ...of_tenant },
    { id: 'other', keys: [{ id: 'k2', hash: hashOf(OTHER_KEY) }], cache },
  ];
  return crew(says, STATIC, { tenants });
}

function said({ json }: Reply): string | undefined {
  return (json as { choices: { message: { content: string } }[] }).choices[0]?.message.content;
}

const from = ({ headers }: Reply): unknown => headers['x-atp-cache'];

describe('answers that are given again', () => {
  test('the same text gets the same answer at no cost, and it says so; words between blanks are the same', async () => {
    const one = await withCache((model) => `It is ${model}.`);
    const first = await one.ask('What  is it?', CHEAP);
    const second = await one.ask('What is\nit? ', CHEAP);
    expect([first, second].map(said)).toEqual(['It is cheap.', 'It is cheap.']);
    expect([first, second].map(from)).toEqual([undefined, 'hit; similarity=1.00']);
    expect(one.asked).toEqual(['cheap']);
    expect(second.headers).toMatchObject({
      'x-atp-cost-usd-micros': '0',
      'x-atp-model': 'cheap',
      'x-atp-attempts': '0',
    });
    const { atp, usage } = second.json as { atp: object; usage: object };
    expect(atp).toMatchObject({ cost_usd_micros: 0, cache: { hit: 'exact', similarity: 1 } });
    expect(usage).toMatchObject({ total_tokens: 0 });
    const cached = one.events.filter(({ type }) => type === 'call.cached');
    expect(cached).toMatchObject([{ tenant: 'acme', key_id: 'k1', model: 'cheap', similarity: 1 }]);
    expect(one.events.filter(({ type }) => type === 'call.ended')).toHaveLength(1);
    expect(await one.running.router.metrics.render()).toContain(
      'atp_cache_requests_total{tenant="acme",outcome="exact"} 1',
    );
  });

  test('a stream is answered as a stream, also with what a whole answer said, and the other way round', async () => {
    const one = await withCache(() => 'Word by word.');
    await one.ask('Say it.', CHEAP);
    const opened = await stream(`${one.running.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TENANT_KEY}` },
      body: JSON.stringify({ model: 'cheap', stream: true, messages: [{ role: 'user', content: 'Say it.' }] }),
    });
    const blocks = await opened.rest();
    const text = blocks.map(({ data }) => data).join('\n');
    expect(opened.incoming.headers['x-atp-cache']).toBe('hit; similarity=1.00');
    expect(text).toContain('Word by word.');
    expect(text).toContain('"similarity":1');
    expect(text.endsWith('[DONE]')).toBe(true);
    expect(one.asked).toHaveLength(1);
  });

  test.each([
    ['another model', { model: 'like' }, {}],
    ['a temperature', { temperature: 0.7 }, {}],
    ['another limit', { max_tokens: 7 }, {}],
    [
      'earlier turns',
      {
        messages: [
          { role: 'system', content: 'Short.' },
          { role: 'user', content: 'Same?' },
        ],
      },
      {},
    ],
    ['an idempotency key', {}, { 'idempotency-key': 'once' }],
    ['no-cache', {}, { 'cache-control': 'no-cache' }],
    ['no-store', {}, { 'cache-control': 'max-age=0, no-store' }],
    ['another scope of data', {}, { 'x-atp-data-scope': 'public' }],
  ])('%s: it is asked', async (_what, body, headers) => {
    const one = await withCache(() => 'Yes.');
    await one.ask('Same?', CHEAP);
    const second = await one.ask('Same?', { ...CHEAP, ...body }, headers);
    expect([second.status, from(second), one.asked.length]).toEqual([200, undefined, 2]);
  });

  test('no-store keeps nothing; another tenant, and one without a cache, get nothing of it', async () => {
    const one = await withCache(() => 'Yes.');
    await one.ask('Kept?', CHEAP, { 'cache-control': 'no-store' });
    expect(from(await one.ask('Kept?', CHEAP))).toBeUndefined();
    expect(from(await one.ask('Kept?', CHEAP))).toBe('hit; similarity=1.00');
    expect(from(await one.ask('Kept?', CHEAP, { authorization: `Bearer ${OTHER_KEY}` }))).toBeUndefined();
    const without = await crew(() => 'Yes.', STATIC);
    await without.ask('Kept?', CHEAP);
    expect(from(await without.ask('Kept?', CHEAP))).toBeUndefined();
  });

  test('what failed is not kept, and neither is what is empty', async () => {
    let answers = [undefined, '', 'Now.'] as (string | undefined)[];
    const one = await withCache(() => {
      const [next, ...later] = answers;
      answers = later.length === 0 ? answers : later;
      return next;
    });
    const replies = [];
    for (let i = 0; i < 4; i += 1) replies.push(await one.ask('When?', CHEAP));
    expect(replies[0]?.status).not.toBe(200);
    expect(replies.map(from)).toEqual([undefined, undefined, undefined, 'hit; similarity=1.00']);
  });

  test('auto and its options are asked under their own name', async () => {
    const one = await withCache(() => 'Yes.');
    await one.ask('Who?');
    expect(from(await one.ask('Who?'))).toBe('hit; similarity=1.00');
    expect(from(await one.ask('Who?', {}, { 'x-atp-quality': 'high' }))).toBeUndefined();
  });

  test('a kill switch of a key, or of who gave the answer, stands before it; so does a spent budget', async () => {
    const one = await withCache(() => 'Yes.', {}, { budget: { calls_per_day: 2 } });
    await one.ask('May I?', CHEAP);
    expect(from(await one.ask('May I?', CHEAP))).toBe('hit; similarity=1.00');
    await one.running.admin('POST', '/kill', { scope: 'model', id: 'cheap', on: true, reason: 'test' });
    expect((await one.ask('May I?', CHEAP)).status).not.toBe(200);
    await one.running.admin('POST', '/kill', { scope: 'model', id: 'cheap', on: false, reason: 'test' });
    await one.ask('And now?', CHEAP);
    expect((await one.ask('May I?', CHEAP)).status).toBe(429);
    await one.running.admin('POST', '/kill', { scope: 'key', id: 'acme/k1', on: true, reason: 'test' });
    expect((await one.ask('May I?', CHEAP)).status).toBe(403);
  });

  test('an operator sees how much is kept, and forgets it', async () => {
    const one = await withCache(() => 'Yes.');
    await one.ask('One?', CHEAP);
    await one.ask('One?', CHEAP);
    const { json } = await one.running.admin('GET', '/cache?tenant=acme');
    expect(json).toMatchObject({ data: [{ tenant: 'acme', entries: 1, exact: 1, miss: 1, threshold: null }] });
    expect((await one.running.admin('DELETE', '/cache/acme')).json).toEqual({ tenant: 'acme', cleared: true });
    expect((await one.running.admin('DELETE', '/cache/acme')).json).toEqual({ tenant: 'acme', cleared: false });
    expect(from(await one.ask('One?', CHEAP))).toBeUndefined();
  });

  test('similar texts are asked until enough of their answers were the same, then one in so many', async () => {
    const settings = { semantic: true, threshold: 0.5, max_false_hits: 0.2, verify: 0.1 };
    const one = await withCache(() => 'The answer is 42.', settings);
    const text = (n: number): string => `What is the answer to the great question of life and everything, number ${n}?`;
    let asked = 0;
    for (let n = 0; n < 60; n += 1) {
      const reply = await one.ask(text(n), CHEAP);
      if (from(reply) === undefined) asked += 1;
      else expect(said(reply)).toBe('The answer is 42.');
    }
    expect(asked).toBeGreaterThan(20);
    expect(asked).toBeLessThan(60);
    const { json } = await one.running.admin('GET', '/cache');
    const [view] = (json as { data: { similar: number; compared_same: number; threshold: number }[] }).data;
    expect(view?.similar).toBe(60 - asked);
    expect(view?.compared_same).toBeGreaterThan(20);
    expect(view?.threshold).toBeGreaterThanOrEqual(0.5);
  });

  test('similar texts whose answers differ are always asked', async () => {
    const settings = { semantic: true, threshold: 0.5, max_false_hits: 0.2 };
    const one = await withCache((_model, prompt) => `The answer is ${/(\d+)\?$/.exec(prompt)?.[1]}.`, settings);
    for (let n = 0; n < 40; n += 1) {
      const reply = await one.ask(`What is the sum of all numbers in the list, item ${n}?`, CHEAP);
      expect([said(reply), from(reply)]).toEqual([`The answer is ${n}.`, undefined]);
    }
    const { json } = await one.running.admin('GET', '/cache');
    expect(json).toMatchObject({ data: [{ similar: 0, compared_same: 0, threshold: null }] });
  });
});
