import { expect, test } from 'vitest';
import { crew, MODELS } from './crew.ts';

/** Nobody is better than one of them in all, but `like` is dearer than `cheap` and no better. */
const QUALITY = { cheap: 0.6, like: 0.5, dear: 0.9 } as const;
const JOULES = { cheap: 5, like: 5, dear: 1 } as const;
const models = MODELS.map((model) => ({
  ...{ ...model, provider: 'up', context: 128_000, expected_latency_ms: 500, regions: ['here'] },
  expected_quality: QUALITY[model.id],
  power: { in_joule_per_token: JOULES[model.id], out_joule_per_token: JOULES[model.id] },
}));
const more = { models, carbon: { intensity: { here: 100 } } };
const WEIGHTS = ['capability', 'performance', 'cost', 'latency', 'context', 'predictability', 'underestimate'] as const;
const NONE = Object.fromEntries(WEIGHTS.map((name) => [name, 0]));

test.each([
  [{ cost: 1 }, 'cheap'],
  [{ quality: 1 }, 'dear'],
  [{ carbon: 1 }, 'dear'],
  [{ cost: 1, quality: 0.1 }, 'cheap'],
])('by the static score %j asks %s', async (weights, first) => {
  const one = await crew(() => 'A', { mode: 'static', static: { weights: { ...NONE, ...weights } } }, more);
  await one.ask('A or B?');
  expect(one.asked).toEqual([first]);
});

test('who is beaten in all comes behind those on the frontier', async () => {
  const asked = async (frontier_first: boolean): Promise<readonly string[]> => {
    const routing = { mode: 'static', static: { weights: { ...NONE, cost: 1 }, frontier_first } };
    const one = await crew((model) => (model === 'dear' ? 'A' : undefined), routing, more);
    await one.ask('A or B?');
    return one.asked;
  };
  expect(await asked(false)).toEqual(['cheap', 'like', 'dear']);
  expect(await asked(true)).toEqual(['cheap', 'dear']);
});

test('explain says whom nobody beats in chance, cost, latency and CO2e together', async () => {
  const told = async (dear: object): Promise<unknown> => {
    const of_three = models.map((model) => (model.id === 'dear' ? { ...model, ...dear } : model));
    const one = await crew(() => 'A', { plans: 'single', explore: { usd_per_day: 0 } }, { ...more, models: of_three });
    const { headers } = await one.ask('A or B?');
    const { json } = await one.running.admin('GET', `/routing/explain?request_id=${headers['x-atp-request-id']}`);
    const { candidates } = json as { readonly candidates: readonly { model: string; on_frontier: boolean }[] };
    return Object.fromEntries(candidates.map(({ model, on_frontier }) => [model, on_frontier]));
  };
  expect(await told({})).toEqual({ cheap: true, like: false, dear: true });
  // Dearest, least likely right, and slow: it is still the one that emits least.
  expect(await told({ expected_quality: 0.1, expected_latency_ms: 9_000 })).toMatchObject({ dear: true });
  const power = { in_joule_per_token: 9, out_joule_per_token: 9 };
  expect(await told({ expected_quality: 0.1, expected_latency_ms: 9_000, power })).toMatchObject({ dear: false });
});
