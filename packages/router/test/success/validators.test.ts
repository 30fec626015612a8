import { expect, test, vi } from 'vitest';
import type { RouteFeedback } from '@atp-router/ledger';
import { type Crew, crew } from '../auto/crew.ts';
import type { Reply } from '../admin/http.ts';

/** Checks are to say something on a busy machine, too. */
const SLOW_MS = 1_000;
const CHECKS = [
  { limit_ms: SLOW_MS, kind: 'format', form: 'json' },
  { limit_ms: SLOW_MS, kind: 'quality' },
];
const idOf = ({ headers }: Reply): string => String(headers['x-atp-request-id']);

async function wordsOn(one: Crew, ids: readonly string[]): Promise<readonly RouteFeedback[]> {
  const found = (): readonly RouteFeedback[] =>
    one.events.flatMap((event) => (event.type === 'route.feedback' && ids.includes(event.call_id) ? [event] : []));
  await vi.waitFor(() => expect(new Set(found().map(({ call_id }) => call_id)).size).toBe(ids.length), {
    timeout: 20_000,
    interval: 5,
  });
  return found();
}

test('an answer of one model that nobody looks at is known to be wrong where it is empty or no JSON', async () => {
  const one = await crew((_, prompt) => prompt, { plans: 'single', validators: [{ checks: CHECKS }] });
  const ids: string[] = [];
  for (const prompt of ['{"a": 1}', ' ', 'no JSON', '```json\n[1]\n```']) ids.push(idOf(await one.ask(prompt)));
  const words = await wordsOn(one, ids);
  expect(words.map(({ right, by, weight }) => [right, by, weight])).toEqual([
    [1, 'validator:format+quality', 0.2],
    [0, 'validator:format+quality', 0.2],
    [0, 'validator:format', 0.2],
    [1, 'validator:format+quality', 0.2],
  ]);
  const { json } = await one.running.admin('GET', '/routing/whatif?policy=cheapest');
  expect(json).toMatchObject({ told: 0 });
  // Somebody's word is taken all the same.
  expect((await one.give({ request_id: ids[0], score: 0 })).json).toMatchObject({ repeated: false, score: 0 });
});

test('a stream is checked as well, by the entry that its task has, and others are not', async () => {
  const validators = [
    { task_type: 'extract', checks: [{ limit_ms: SLOW_MS, kind: 'format' }] },
    { policy: 'none', checks: CHECKS },
  ];
  const one = await crew(() => 'no JSON', { validators });
  const headers = { 'x-atp-task-type': 'extract' };
  const other = idOf(await one.ask('x'));
  const checked = idOf(await one.ask('x', { stream: true }, headers));
  expect(await wordsOn(one, [checked])).toMatchObject([{ right: 0, by: 'validator:format' }]);
  expect(one.events.some((event) => event.type === 'route.feedback' && event.call_id === other)).toBe(false);
});

test('an answer is held against the JSON Schema that its request asks for', async () => {
  const models = ['cheap', 'like'].map((id) => ({
    ...{ id, provider: 'up', context: 128_000, capabilities: ['chat', 'json_schema'] },
  }));
  const routing = { plans: 'single', validators: [{ checks: [{ limit_ms: SLOW_MS, kind: 'schema' }] }] };
  const one = await crew((_, prompt) => prompt, routing, { models });
  const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
  const response_format = { type: 'json_schema', json_schema: { name: 'n', schema } };
  const ids: string[] = [];
  for (const prompt of ['{"n": 1}', '{"n": "one"}']) ids.push(idOf(await one.ask(prompt, { response_format })));
  expect((await wordsOn(one, ids)).map(({ right }) => right)).toEqual([1, 0]);
});

test('what checks find teaches who does it right, without anybody and after a restart', async () => {
  const one = await crew((model) => (model === 'like' ? '[1]' : 'no'), {
    ...{ plans: 'single', validators: [{ checks: [{ limit_ms: SLOW_MS, kind: 'format', weight: 0.5 }] }] },
  });
  const liked = async (of: Crew, from: number, count: number): Promise<number> => {
    let found = 0;
    for (let n = from; n < from + count; n += 1) {
      const reply = await of.ask(`list the numbers of page ${n}`);
      await wordsOn(of, [idOf(reply)]);
      if (reply.headers['x-atp-model'] === 'like') found += 1;
    }
    return found;
  };
  await liked(one, 0, 80);
  expect(await liked(one, 100, 20)).toBeGreaterThanOrEqual(17);
  expect(await liked(await one.again(), 200, 20)).toBeGreaterThanOrEqual(17);
});

test('in a cascade an answer that is out of form is none, whatever others say', async () => {
  const routing = { plans: 'cascade', validators: [{ checks: [{ limit_ms: SLOW_MS, kind: 'format' }] }] };
  const one = await crew((model) => (model === 'dear' ? '[1]' : 'no'), routing);
  for (let n = 0; n < 4; n += 1) {
    one.asked.length = 0;
    const reply = await one.ask(`list ${n}`);
    expect(reply.headers['x-atp-model']).toBe('dear');
    const { lesson } = one.decided(idOf(reply));
    const unusable = lesson.answers.flatMap((answer) => (answer.unusable === true ? [answer.model] : []));
    expect(unusable.sort()).toEqual(one.asked.filter((model) => model !== 'dear').sort());
  }
});
