import { describe, expect, test } from 'vitest';
import { errorOf } from '../admin/harness.ts';
import { consensusOf, panel } from './scripted.ts';

const DIVERSE = {
  id: 'panel',
  fanout: { mode: 'diverse', agents: ['a', 'b', 'c'] },
  consensus: { strategy: 'majority', answer: 'number' },
};

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
  });
});
