import { expect, test, describe } from 'vitest';
import { panel, type Panel } from './scripted.ts';

const DIVERSE = {
  id: 'panel',
  fanout: { mode: 'diverse', agents: ['a', 'b', 'c'] },
  consensus: { strategy: 'majority', answer: 'number' },
};
const ASK = { model: 'policy:panel', messages: [{ role: 'user', content: 'six times seven, said the zebra?' }] };
const ANSWERS = { a: 'It is 42, of course.', b: 'It is 41.', c: 'The answer: 42' };

async function idOf(reply: ReturnType<Panel['chat']>): Promise<string> {
  const { json } = await reply;
  return String((json as { id: string }).id);
}

describe('a session of a fan-out', () => {
  test('is on record with who said what, when and why, and can be looked into', async () => {
    const running = await panel([DIVERSE]);
    const reply = running.chat(ASK);
    await running.answerAll(ANSWERS);
    const id = await idOf(reply);
    const { json } = await running.admin('GET', `/consensus/${id}`);
    expect(json).toMatchObject({
      ...{ call_id: id, tenant: 'acme', policy: 'panel', strategy: 'majority', mode: 'diverse', outcome: 'ok' },
      ...{ chosen_lane: 0, arbiter: { used: false, refused_by_cap: false }, answers: 'kept', cost_usd_micros: 60 },
      lanes: [
        { lane: 0, role: 'member', source: 'a', model: 'a', state: 'finalized', tokens: 15, cost_usd_micros: 20 },
        { lane: 1, source: 'b', state: 'finalized', share: 0 },
        { lane: 2, source: 'c', state: 'finalized' },
      ],
      session: {
        lanes: [{ text: ANSWERS.a }, { text: ANSWERS.b }, { text: ANSWERS.c }],
        result: { text: ANSWERS.a, lane: 0, is_cut: false },
      },
      heatmap: { lanes: [{ lane: 0 }, { lane: 1 }, { lane: 2 }] },
    });
    const { json: page } = await running.admin('GET', '/consensus?tenant=acme&policy=panel&outcome=ok');
    expect(page).toMatchObject({ data: [{ call_id: id }], next_cursor: null });
    expect((await running.admin('GET', '/consensus?strategy=union')).json).toMatchObject({ data: [] });
    const { json: call } = await running.admin('GET', `/calls/${id}`);
    expect(call['attempts']).toMatchObject([
      { lane: 0, role: 'member', source: 'a' },
      { lane: 1, source: 'b' },
      { lane: 2, source: 'c' },
    ]);
  });

  test('says the same when it is replayed, and what another strategy would have said', async () => {
    const running = await panel([DIVERSE]);
    const reply = running.chat(ASK);
    (await running.up.next('b')).answer(ANSWERS.b);
    await running.answerAll({ a: ANSWERS.a, c: ANSWERS.c });
    const id = await idOf(reply);
    const { json } = await running.admin('GET', `/consensus/${id}/replay`);
    expect(json).toMatchObject({ strategy: 'majority', same: true, result: { text: ANSWERS.a, lane: 0 }, doubts: [] });
    const other = await running.admin('GET', `/consensus/${id}/replay?strategy=judge`);
    expect(other.json).toMatchObject({ strategy: 'judge', recorded_strategy: 'majority' });
    const wrong = await running.admin('GET', `/consensus/${id}/replay?strategy=oracle`);
    expect(wrong.status).toBe(400);
  });
});
