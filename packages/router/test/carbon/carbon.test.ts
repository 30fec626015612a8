import type { CallEnded } from '@atp-router/ledger';
import type { Manifest } from '@atp-router/routing';
import { describe, expect, test } from 'vitest';
import { TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { type Crew, crew } from '../auto/crew.ts';
import { manifestOf, signed, signerOf } from '../lifecycle/signing.ts';
import { scrape } from '../observe/scrape.ts';
import { intensities } from '../../src/carbon/intensities.ts';

const MODEL = { provider: 'up', context: 128_000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 1 } };
const POWER = { in_joule_per_token: 0.5, out_joule_per_token: 5 };
const CARBON = { intensity: { north: 240 } };

/** Each model says so and has used 100 tokens read and 20 written; `down` fails. */
const says = (model: string): string | undefined => (model === 'down' ? undefined : 'Yes.');

/** What is told of one call: in the answer, in its head, and on record. */
async function told({ running, events }: Crew, model: string, more: object = {}) {
  const reply = await call(`${running.url}/v1/ask`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TENANT_KEY}` },
    body: JSON.stringify({ model, prompt: 'hello', ...more }),
  });
  const atp = (reply.json['atp'] ?? {}) as Record<string, unknown>;
  const ended = events.findLast((event): event is CallEnded => event.type === 'call.ended');
  if (ended === undefined) throw new Error('no call has ended');
  const head = [reply.headers['x-atp-energy-joules'], reply.headers['x-atp-co2e-mg']];
  return { atp, head, ended, text: reply.text };
}

const house = (models: readonly object[], more: object = {}): Promise<Crew> =>
  crew(says, {}, { carbon: CARBON, models: models.map((model) => ({ ...MODEL, ...model })), ...more });

describe('of a call whose model says what it takes, and whose region what it emits', () => {
  // (100 × 0.5 J + 20 × 5 J) × 1.2 = 180 J; 180 J / 3.6e6 J/kWh × 240 g/kWh = 0.012 g
  const footprint = { energy_joules: 180, co2e_mg: 12 };
  const known = { id: 'known', power: POWER, regions: ['north', 'south'] };

  test('energy and CO2e are in the answer, in its head, on record and in metrics', async () => {
    const here = await house([known]);
    const { atp, head, ended } = await told(here, 'known');
    expect(atp).toMatchObject(footprint);
    expect(head).toEqual(['180', '12']);
    expect(ended).toMatchObject({ ...footprint, attempts: [{ ...footprint, region: 'north' }] });
    const streamed = await told(here, 'known', { stream: true });
    expect(streamed.text).toContain('"energy_joules":180,"co2e_mg":12');
    expect(streamed.ended).toMatchObject(footprint);
    const metrics = await scrape(here.running);
    expect(metrics.sum('atp_energy_joules_total', { model: 'known' })).toBe(360);
    expect(metrics.sum('atp_co2e_grams_total', { model: 'known', region: 'north' })).toBe(0.024);
  });

  test('the admin API has them from the journal, and so has the next process', async () => {
    const first = await house([known]);
    const { ended } = await told(first, 'known');
    const here = await first.again();
    const { json } = await here.running.admin('GET', `/calls/${ended.call_id}`);
    expect(json['call']).toMatchObject(footprint);
    expect(json['attempts']).toMatchObject([{ ...footprint, region: 'north' }]);
  });

  test('what failed before it and used nothing takes nothing', async () => {
    const policies = [{ id: 'chain', fallback: ['down', 'known'] }];
    const here = await house([known, { id: 'down' }], { policies });
    const { ended } = await told(here, 'policy:chain');
    expect(ended.attempts.map(({ model, energy_joules }) => [model, energy_joules])).toEqual([
      ['down', undefined],
      ['known', 180],
    ]);
    expect(ended).toMatchObject(footprint);
  });

  test('the data centre counts as the provider says', async () => {
    const sim = { latency_ms: { p50: 1, p95: 2 }, chunk_ms: 0 };
    const here = await house([known], { providers: [{ id: 'up', type: 'sim', pue: 1.5, sim }] });
    const { ended } = await told(here, 'known');
    const { in_tokens, out_tokens } = ended.usage;
    expect(ended.energy_joules).toBe((in_tokens * 0.5 + out_tokens * 5) * 1.5);
  });
});

test('sums of usage have it by tenant, model and day, and count calls of which it is not known', async () => {
  const known = { id: 'known', power: POWER, regions: ['north'] };
  const here = await house([known, { id: 'nowhere', power: POWER }, { id: 'silent' }, { id: 'down' }]);
  for (const model of ['known', 'known', 'nowhere', 'silent', 'down']) await told(here, model);
  const { json } = await here.running.admin('GET', '/usage?group_by=model');
  const rows = (json['data'] as Record<string, unknown>[]).map((row) => [
    ...[row['model'], row['calls'], row['energy_joules'], row['co2e_mg']],
    ...[row['calls_without_energy'], row['calls_without_co2e']],
  ]);
  expect(rows).toEqual([
    // It used nothing: there is nothing that is not known.
    ['down', 1, 0, 0, 0, 0],
    ['known', 2, 360, 24, 0, 0],
    ['nowhere', 1, 180, 0, 0, 1],
    ['silent', 1, 0, 0, 1, 1],
  ]);
  const again = await here.again();
  const all = await again.running.admin('GET', '/usage?group_by=tenant');
  expect(all.json['data']).toMatchObject([
    { tenant: 'acme', calls: 5, energy_joules: 540, co2e_mg: 24, calls_without_energy: 1, calls_without_co2e: 2 },
  ]);
});

test('what is not known has no number: no profile, no region, no intensity', async () => {
  const here = await house([
    { id: 'silent', regions: ['north'] },
    { id: 'nowhere', power: POWER },
    { id: 'abroad', power: POWER, regions: ['constructor'] },
  ]);
  const silent = await told(here, 'silent');
  expect(silent.head).toEqual([undefined, undefined]);
  expect(Object.keys(silent.atp)).not.toContain('energy_joules');
  for (const model of ['nowhere', 'abroad']) {
    const { atp, head, ended } = await told(here, model);
    expect(atp['energy_joules'], model).toBe(180);
    expect(head, model).toEqual(['180', undefined]);
    expect([Object.keys(atp).includes('co2e_mg'), ended.co2e_mg], model).toEqual([false, undefined]);
  }
  const metrics = await scrape(here.running);
  expect(metrics.sum('atp_energy_joules_total', { model: 'silent' })).toBeUndefined();
  expect(metrics.sum('atp_co2e_grams_total')).toBeUndefined();
});

test('a signed manifest says what a model takes, unless the configuration does; an unsigned one says nothing', async () => {
  const signer = signerOf('builder');
  const registry = { signers: [{ id: signer.id, public_key: signer.public_key }] };
  const regions = ['north'];
  const here = await house(
    [
      { id: 'unsigned', regions },
      { id: 'papers', regions },
      { id: 'both', regions, power: POWER },
    ],
    { registry },
  );
  const power = { in_joule_per_token: 1, out_joule_per_token: 10, idle_w: 0 };
  const put = async (model: string, sign: boolean, says: Manifest['power'] = power): Promise<void> => {
    const manifest = manifestOf(model, { capabilities: ['chat'], power: says });
    const file = sign ? signed(manifest, signer) : { manifest };
    const reply = await here.running.admin('PUT', `/lifecycle/${model}/manifest`, file);
    expect(reply.status, reply.text).toBeLessThan(300);
  };
  await put('unsigned', false);
  expect((await told(here, 'unsigned')).ended.energy_joules).toBeUndefined();
  await put('papers', true);
  // (100 × 1 J + 20 × 10 J) × 1.2 = 360 J
  expect((await told(here, 'papers')).atp).toMatchObject({ energy_joules: 360, co2e_mg: 24 });
  // As manifests said it before, and as it is signed.
  await put('papers', true, { in_j_per_token: 2, out_j_per_token: 20, idle_w: 0 });
  expect((await told(here, 'papers')).atp).toMatchObject({ energy_joules: 720 });
  await put('both', true);
  expect((await told(here, 'both')).atp).toMatchObject({ energy_joules: 180, co2e_mg: 12 });
});

test('a configuration that comes into force counts from the next call', () => {
  let carbon = { intensity: { north: 240 } };
  const of = intensities(undefined, () => carbon);
  expect([of('north'), of('toString')]).toEqual([240, undefined]);
  carbon = { intensity: { north: 0 } };
  expect(of('north')).toBe(0);
});
