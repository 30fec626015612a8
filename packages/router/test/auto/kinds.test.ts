import { expect, test, vi } from 'vitest';
import { crew, type Crew } from './crew.ts';

const MATH = 'Calculate the sum of 12 + 30, and solve x = 4 / 2.';
const TALK = 'Translate into French: good morning.';

async function askAndSay(one: Crew, prompt: string, score: number, body: object = {}): Promise<string> {
  const request_id = String((await one.ask(prompt, { ...body })).headers['x-atp-request-id']);
  await one.give({ request_id, score });
  return request_id;
}

async function scoresOf(one: Crew): Promise<readonly Record<string, unknown>[]> {
  return (await one.running.admin('GET', '/routing/scores')).json['data'] as readonly Record<string, unknown>[];
}

test('each choice has on record what the prompt asked for, and scores are told by it, also after a restart', async () => {
  const models = ['small', 'large'].map((id) => ({
    ...{ id, provider: 'up', context: 128_000, capabilities: ['chat', 'tools'] },
    price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 },
  }));
  const one = await crew(() => 'The answer is A.', { plans: 'single' }, { models });
  const id = await askAndSay(one, MATH, 1);
  for (let n = 0; n < 5; n += 1) await askAndSay(one, `${MATH} ${n}`, 1);
  for (let n = 0; n < 6; n += 1) await askAndSay(one, `${TALK} ${n}`, 0);
  const tools = [{ type: 'function', function: { name: 'add', parameters: { type: 'object', properties: {} } } }];
  const with_tools = await askAndSay(one, MATH, 1, { tools });

  expect(one.decided(id).lesson.kind).toBe('math');
  expect(one.decided(with_tools).lesson.kind).toBe('tools');
  await vi.waitFor(
    async () => {
      const { json } = await one.running.admin('GET', `/routing/explain?request_id=${id}`);
      expect(json).toMatchObject({ call_id: id, kind: 'math' });
    },
    { timeout: 20_000, interval: 50 },
  );
  const check = async (of: Crew): Promise<void> => {
    const rows = await scoresOf(of);
    const of_kind = (kind: string): readonly unknown[] => rows.filter((row) => row['kind'] === kind);
    expect(of_kind('math').length).toBeGreaterThan(0);
    for (const row of of_kind('math')) expect(row).toMatchObject({ right: 1, cluster: null });
    for (const row of of_kind('translation')) expect(row).toMatchObject({ right: 0, cluster: null });
    const words = (some: readonly unknown[]): number =>
      some.reduce((sum: number, row) => sum + Number((row as Record<string, unknown>)['observations']), 0);
    expect(words(of_kind('translation'))).toBeCloseTo(6, 1);
    expect(words(rows.filter((row) => row['kind'] !== null))).toBeCloseTo(
      words(rows.filter((row) => row['kind'] === null && row['cluster'] === null)),
      1,
    );
  };
  await check(one);
  await check(await one.again());
});
