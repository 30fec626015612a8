import type { RouteDecided, RouteFeedback } from '@atp-router/ledger';
import { expect, test } from 'vitest';
import { errorOf } from '../admin/harness.ts';
import { type Crew, crew } from './crew.ts';

type Row = Record<string, unknown>;

const POWER = { in_joule_per_token: 0.5, out_joule_per_token: 5 };
const MODELS = [
  {
    ...{ id: 'cheap', provider: 'up', context: 128_000, regions: ['north'], power: POWER },
    price: { in_usd_per_mtok: 1, out_usd_per_mtok: 4 },
  },
  { id: 'dear', provider: 'up', context: 128_000, price: { in_usd_per_mtok: 10, out_usd_per_mtok: 40 } },
];
const SETTINGS = { plans: 'single', baseline: 'dear' };
const MORE = { models: MODELS, carbon: { intensity: { north: 240 } } };

function decidedOf({ events }: Crew): readonly RouteDecided[] {
  return events.filter((event): event is RouteDecided => event.type === 'route.decided');
}

/** Asks and says how right the answers were: whoever says A is. */
async function asked(one: Crew, n: number, says: (n: number) => string = (i) => `what is ${i}`): Promise<void> {
  for (let i = 0; i < n; i += 1) {
    const reply = await one.ask(says(i));
    if (reply.status !== 200) continue;
    const { choices } = reply.json as { choices: { message: { content: string } }[] };
    const score = choices[0]?.message.content === 'A.' ? 1 : 0;
    await one.give({ request_id: reply.headers['x-atp-request-id'], score });
  }
}

async function savings(one: Crew, query: string = ''): Promise<Row & { readonly data: Row[]; readonly total: Row }> {
  const reply = await one.running.admin('GET', `/routing/savings${query}`);
  expect(reply.status, reply.text).toBe(200);
  return reply.json as Row & { readonly data: Row[]; readonly total: Row };
}

const sum = (events: readonly RouteDecided[], of: (event: RouteDecided) => number): number =>
  events.reduce((all, event) => all + of(event), 0);

/** Sums are rounded once, and each is more than half a micro-dollar off only by mistake. */
const micros = (nanos: number): number => Math.round(nanos / 1_000);

test('savings are the sums of what was chosen, by any of day, tenant, cluster and model, and outlive the process', async () => {
  const one = await crew((model, prompt) => (prompt.includes('fail') ? undefined : `${model}.`), SETTINGS, MORE);
  await asked(one, 30);
  await asked(one, 2, () => 'fail');
  const events = decidedOf(one);
  expect(events.length).toBe(32);
  const ok = events.filter(({ outcome }) => outcome === 'ok');
  expect(ok.length).toBe(30);
  const spent = micros(sum(events, (event) => event.cost_usd_nanos));
  const baseline = micros(sum(ok, (event) => event.baseline.expected_usd_nanos));
  const known = events.filter(({ energy_joules }) => energy_joules !== undefined);
  const expected = {
    ...{ calls: 32, failed: 2, spent_usd_micros: spent, baseline_usd_micros: baseline },
    saved_usd_micros: expect.closeTo(baseline - spent, -0.5),
    tried_usd_micros: micros(sum(events, (event) => event.tried_usd_nanos)),
    regret_usd_micros: micros(sum(events, (event) => event.regret_usd_nanos)),
    energy_joules: sum(known, (event) => event.energy_joules ?? 0),
    calls_without_energy: events.length - known.length,
  };
  expect(baseline).toBeGreaterThan(spent);
  const { total, data, by } = await savings(one);
  expect(total).toMatchObject(expected);
  expect([by, data.map(({ tenant }) => tenant)]).toEqual([['tenant'], ['acme']]);
  const ratio = Number(total['saved_ratio']);
  expect(Math.abs(ratio - (1 - spent / baseline))).toBeLessThan(0.001);
  const models = await savings(one, '?by=model,day');
  expect(models.by).toEqual(['day', 'model']);
  const firsts = [...new Set(events.map(({ first }) => first))].sort();
  expect(models.data.map(({ model, calls }) => [model, calls])).toEqual(
    firsts.map((first) => [first, events.filter((event) => event.first === first).length]),
  );
  expect((await savings(one, '?by=cluster')).data).toMatchObject([{ cluster: 'none', calls: 32 }]);
  expect((await savings(one, '?tenant=other')).total).toBeNull();
  expect((await savings(one, '?to=2020-01-01')).data).toEqual([]);
  const again = await one.again();
  expect((await savings(again)).total).toMatchObject(expected);
});

test('nothing that failed before it used anything lacks a number, and nothing unknown is zero', async () => {
  const one = await crew(() => undefined, SETTINGS, MORE);
  await one.ask('x');
  expect((await savings(one)).total).toMatchObject({ calls: 1, failed: 1, energy_joules: 0, calls_without_energy: 0 });
  const silent = MODELS.map(({ power: _, ...model }: Row) => model);
  const other = await crew(() => 'A.', SETTINGS, { models: silent });
  await other.ask('x');
  expect((await savings(other)).total).toMatchObject({ calls: 1, calls_without_energy: 1, calls_without_co2e: 1 });
});

test('words on results say how right the baseline would have been, and who was best in hindsight', async () => {
  // What is tried is tried often: little is worth anything, so that chances decide by guesses.
  const one = await crew((model) => (model === 'cheap' ? 'A.' : 'B.'), { ...SETTINGS, quality_usd: 100 }, MORE);
  expect((await savings(one))['hindsight']).toMatchObject({
    ...{ model: null, told: 0, regret_usd: null, from_ms: null },
    doubts: ['nobody has said of any of these calls how right it was'],
  });
  await asked(one, 80);
  const given = one.events.filter((event): event is RouteFeedback => event.type === 'route.feedback');
  expect(given.length).toBe(80);
  for (const { call_id, compared, right } of given) {
    const { first, propensity, candidates } = one.decided(call_id);
    const chance = candidates.find(({ model }) => model === 'dear')?.chance ?? Number.NaN;
    const weight = first === 'dear' ? 1 / propensity : 0;
    expect(compared?.first).toBe(first);
    expect(compared?.weight).toBeCloseTo(weight, 3);
    expect(compared?.right).toBeCloseTo(chance + weight * (right - chance), 3);
  }
  const { hindsight } = (await savings(one)) as unknown as { hindsight: Row };
  expect(hindsight).toMatchObject({ model: 'cheap', told: 80 });
  const { low, mean, high } = hindsight['regret_usd'] as Record<string, number>;
  expect((low ?? 0) <= (mean ?? 0) && (mean ?? 0) <= (high ?? 0)).toBe(true);
  expect(await savings(one, '?tenant=other')).toMatchObject({ hindsight: { model: null, told: 0 } });
});

test('what is no day, and no word that it knows, is refused', async () => {
  const one = await crew(() => 'A.', SETTINGS, MORE);
  for (const query of ['from=yesterday', 'from=2026-02-02&to=2026-02-01', 'by=key', 'model=cheap']) {
    const refused = await one.running.admin('GET', `/routing/savings?${query}`);
    expect([query, refused.status, errorOf(refused).code]).toEqual([query, 400, 'invalid_request']);
  }
});
