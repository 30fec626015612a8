import { describe, expect, test } from 'vitest';
import { errorOf, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { consensusOf, panel } from './scripted.ts';

const DIVERSE = {
  id: 'panel',
  fanout: { mode: 'diverse', agents: ['a', 'b', 'c'] },
  consensus: { strategy: 'majority', answer: 'number' },
};

const ASKED = [{ role: 'user', content: 'six times seven?' }];

describe('a policy that asks several models', () => {
  test('answers what most of them say, in one call with one record', async () => {
    const running = await panel([DIVERSE]);
    const reply = running.chat({ model: 'policy:panel', messages: [{ role: 'user', content: 'six times seven?' }] });
    await running.answerAll({ a: 'It is 42.', b: 'It is 41.', c: 'The answer: 42' });
    const { status, json } = await reply;
    expect(status).toBe(200);
    expect(json).toMatchObject({ model: 'policy:panel', choices: [{ message: { content: 'It is 42.' } }] });
    expect(consensusOf(json)).toMatchObject({
      ...{ policy: 'panel', strategy: 'majority', mode: 'diverse' },
      lanes: [
        { lane: 0, source: 'a', state: 'finalized', tokens: 15 },
        { lane: 1, source: 'b', state: 'finalized' },
        { lane: 2, source: 'c', state: 'finalized' },
      ],
    });
    const id = (json as { id: string }).id;
    const record = (await running.admin('GET', `/calls/${id}`)).json as unknown as {
      readonly call: unknown;
      readonly attempts: readonly unknown[];
    };
    expect(record.call).toMatchObject({ outcome: 'ok', policy: 'panel', cost_usd_micros: 60 });
    expect(record.attempts).toHaveLength(3);
  });

  test('fails with the common error when nobody answers', async () => {
    const running = await panel([DIVERSE]);
    const reply = running.chat({ model: 'policy:panel', messages: [{ role: 'user', content: 'six times seven?' }] });
    for (const model of ['a', 'b', 'c']) {
      (await running.up.next(model)).fail(400, 'bad words');
    }
    const { status, json } = await reply;
    expect([status, errorOf({ json } as never).code]).toEqual([400, 'upstream_rejected']);
    expect(errorOf({ json } as never).message).toMatch(
      /^All 3 lanes failed: lanes 0 \(a\), 1 \(b\), 2 \(c\): upstream_rejected, .*bad words/,
    );
  });

  test.each([
    ['/v1/chat/completions', { messages: ASKED }],
    ['/v1/messages', { max_tokens: 100, messages: ASKED }],
    ['/v1/ask', { prompt: 'six times seven?' }],
  ])('tells a client of %s why each lane failed', async (path, more) => {
    const running = await panel([DIVERSE]);
    const body = { model: 'policy:panel', ...more };
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${TENANT_KEY}` };
    const reply = call(`${running.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    (await running.up.next('a')).fail(400, 'bad words');
    // A lane is tried once more where that may help.
    for (const _ of [1, 2]) (await running.up.next('b')).fail(500, 'out of order');
    (await running.up.next('c')).fail(400, 'bad words');
    const { status, json } = await reply;
    expect(status).toBe(502);
    const { message } = (json as { readonly error: { readonly message: string } }).error;
    expect(message).toMatch(/^The lanes came to no result: no lane has given an answer\. /);
    expect(message).toMatch(/ lanes 0 \(a\), 2 \(c\): upstream_rejected, .*bad words/);
    expect(message).toMatch(/; lane 1 \(b\): upstream_error, Provider "up" failed\.$/);
  });
});
