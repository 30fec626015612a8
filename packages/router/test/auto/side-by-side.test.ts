import { expect, test } from 'vitest';
import { call } from '../admin/http.ts';
import { type Crew, crew, MODELS } from './crew.ts';

/** Both cheap ones take long, and a right answer is worth much. */
const models = MODELS.map((model) => ({
  ...{ ...model, provider: 'up', context: 128_000, expected_latency_ms: 20_000 },
}));
const NOTHING_TRIED = { explore: { usd_per_day: 0 } };

/** A crew of which whoever is asked first answers only once a second one has been asked. */
async function held(routing: object): Promise<Crew> {
  let second: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    second = resolve;
  });
  let first: string | undefined;
  return crew(
    async (model) => {
      first ??= model;
      if (model === first) await begun;
      else second();
      return `The answer is ${model === 'cheap' ? 'A' : 'B'}.`;
    },
    { ...NOTHING_TRIED, ...routing },
    { models },
  );
}

test('where time is worth more than a second answer, two begin side by side', async () => {
  const one = await held({ second_usd: 0.000_02, quality_usd: 0.05 });
  const reply = await one.ask('A or B?');
  expect(reply.status).toBe(200);
  const id = String(reply.headers['x-atp-request-id']);
  const decided = one.decided(id);
  expect(decided.plan).toBe('fanout');
  expect(one.asked.length).toBeGreaterThan(1);
  expect(decided.speculated?.[0]?.model).toBe(one.asked[1]);
  const { json } = await one.running.admin('GET', `/routing/explain?request_id=${id}`);
  expect(json).toMatchObject({ plan: 'fanout' });
  const { text } = await call(`${one.running.url}/metrics`);
  expect(text).toContain('atp_route_decisions_total{plan="fanout",outcome="ok"} 1');
});

test.each([
  ['time is worth nothing', {}],
  ['only cascades are wanted', { plans: 'cascade', second_usd: 0.000_02 }],
])('one after another, where %s', async (_what, routing) => {
  const one = await crew(() => 'The answer is A.', { ...NOTHING_TRIED, quality_usd: 0.05, ...routing }, { models });
  const reply = await one.ask('A or B?');
  expect(one.decided(String(reply.headers['x-atp-request-id'])).plan).not.toBe('fanout');
});
