import { expect, test } from 'vitest';
import { type Crew, crew, MODELS } from './crew.ts';

const ROUTING = { plans: 'single', quality_usd: 1 };
const AS_KNOWN = { ...ROUTING, explore: { usd_per_day: 0 } };

/** Two that cost the same, of which the operator thinks differently; a third of whom nothing is said. */
async function thoughtOf(like: number, cheap: number, routing: object): Promise<Crew> {
  const thought: Readonly<Record<string, object>> = {
    like: { expected_quality: like },
    cheap: { expected_quality: cheap },
  };
  const models = MODELS.map((model) => ({ ...model, ...thought[model.id], provider: 'up', context: 128_000 }));
  return crew((model) => `The answer is ${model === 'cheap' ? 'A' : 'B'}.`, routing, { models });
}

test.each([
  [0.9, 0.3, 'like'],
  [0.3, 0.9, 'cheap'],
])('what the operator thinks of models is where it begins: %d and %d', async (like, cheap, first) => {
  const one = await thoughtOf(like, cheap, AS_KNOWN);
  const { headers } = await one.ask('A or B?');
  expect(one.asked).toEqual([first]);
  const { candidates } = one.decided(String(headers['x-atp-request-id']));
  const chances = new Map(candidates.map(({ model, chance }) => [model, chance]));
  expect([chances.get('like'), chances.get('cheap')]).toEqual([like, cheap]);
});

test('what is learned outweighs it, where something may be tried', async () => {
  const one = await thoughtOf(0.9, 0.6, ROUTING);
  for (let n = 0; n < 80; n += 1) {
    const { headers, json } = await one.ask(`A or B? ${n}`);
    const is_right = JSON.stringify(json).includes('A.');
    await one.give({ request_id: headers['x-atp-request-id'], score: is_right ? 1 : 0 });
  }
  expect(one.asked[0]).toBe('like');
  expect(one.asked.slice(-20).filter((model) => model === 'cheap').length).toBeGreaterThanOrEqual(18);
});
