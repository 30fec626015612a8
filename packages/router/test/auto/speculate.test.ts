import { describe, expect, test } from 'vitest';
import { call } from '../admin/http.ts';
import { consensusOf } from '../fanout/scripted.ts';
import { type Crew, crew } from './crew.ts';

const EARLY = { plans: 'cascade', quality_usd: 1, speculate: { after_ms: 0, chance_min: 0.05 } };

/** A crew of which whoever is asked first answers only once a second one has been asked: alone it would never end. */
async function held(says: (model: string) => string): Promise<Crew> {
  let second: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    second = resolve;
  });
  let first: string | undefined;
  return crew(async (model) => {
    first ??= model;
    if (model === first) await begun;
    else second();
    return says(model);
  }, EARLY);
}

describe('whoever is likely to be asked next', () => {
  test('begins while the first is at work, and is needed where the two differ', async () => {
    const one = await held((model) => `The answer is ${model === 'cheap' ? 'A' : 'B'}.`);
    const reply = await one.ask('A or B?');
    expect(reply.status).toBe(200);
    const { lanes } = consensusOf(reply.json) as { lanes: { source: string; state: string }[] };
    expect(lanes.length).toBeGreaterThan(1);
    const { speculated = [], lesson } = one.decided(String(reply.headers['x-atp-request-id']));
    const [early] = speculated;
    expect(early?.model).toBe(lanes[1]?.source);
    const is_needed = lesson.answers.some(({ model }) => model === early?.model);
    expect(early?.outcome).toBe(is_needed ? 'rejected' : 'accepted');
    expect((await call(`${one.running.url}/metrics`)).text).toContain(
      `atp_route_speculations_total{outcome="${early?.outcome}"}`,
    );
  });

  test('is asked by nobody where that is not wanted', async () => {
    const one = await crew(() => 'The answer is A.', { plans: 'cascade', quality_usd: 1 });
    const reply = await one.ask('A or B?');
    expect(one.decided(String(reply.headers['x-atp-request-id'])).speculated).toBeUndefined();
  });
});
