import type { ModelEntry, Observed, RequestFacts } from '@atp-router/routing';
import { describe, expect, test } from 'vitest';
import { candidatesOf } from '../../src/auto/candidates.ts';
import { crew } from '../auto/crew.ts';

const POWER = { in_joule_per_token: 0.5, out_joule_per_token: 5 };
const MODEL = { provider: 'up', context: 128_000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 1 }, power: POWER };
/** Alike but for where they run. */
const MODELS = [
  { ...MODEL, id: 'coal', regions: ['coal'] },
  { ...MODEL, id: 'hydro', regions: ['hydro'] },
];
const CARBON = { intensity: { coal: 900, hydro: 9 } };

describe('a price on carbon', () => {
  const asks = async (carbon_usd_per_kg: number) => {
    const routing = { plans: 'single', explore: { usd_per_day: 0 }, carbon_usd_per_kg };
    const one = await crew(() => 'Yes.', routing, { models: MODELS, carbon: CARBON });
    const reply = await one.ask('what is it');
    for (let n = 0; n < 3; n += 1) await one.ask(`what is ${n}`);
    const id = String(reply.headers['x-atp-request-id']);
    const { json } = await one.running.admin('GET', `/routing/explain?request_id=${id}`);
    return { json: json as Record<string, unknown>, decided: one.decided(id), asked: one.asked };
  };

  test('has the cleaner of two asked that are alike, and stands beside money, not in it', async () => {
    const { asked, decided, json } = await asks(100);
    expect([...new Set(asked)]).toEqual(['hydro']);
    const [hydro, coal] = ['hydro', 'coal'].map((id) => decided.candidates.find(({ model }) => model === id));
    expect(hydro?.expected_usd_nanos).toBe(coal?.expected_usd_nanos);
    expect(decided.baseline.expected_usd_nanos).toBe(coal?.expected_usd_nanos);
    expect(hydro?.expected_energy_joules).toBeGreaterThan(0);
    // A hundred times as much for a kilowatt-hour.
    const ratio = (coal?.expected_co2e_mg ?? 0) / (hydro?.expected_co2e_mg ?? 1);
    expect(Math.abs(ratio - 100)).toBeLessThan(1);
    // Milligrams at 100 USD for a kilogram are 100,000 nano-dollars each; they are told to a thousandth.
    const beside = (coal?.weighed_usd_nanos ?? 0) - (coal?.expected_usd_nanos ?? 0);
    expect(Math.abs(beside - (coal?.expected_co2e_mg ?? 0) * 100_000)).toBeLessThan(200);
    expect(json['candidates']).toMatchObject([
      { model: 'hydro', expected_co2e_mg: hydro?.expected_co2e_mg },
      { model: 'coal', expected_energy_joules: coal?.expected_energy_joules },
    ]);
  });

  test('is nothing by default: what is weighed is what is paid, and what is expected is told all the same', async () => {
    const { decided, json } = await asks(0);
    for (const one of decided.candidates) {
      expect(one.weighed_usd_nanos).toBeUndefined();
      expect(one.expected_co2e_mg).toBeGreaterThan(0);
    }
    const [first] = json['candidates'] as Record<string, unknown>[];
    expect(first?.['weighed_usd_micros']).toBe(first?.['expected_usd_micros']);
  });
});

test('of whom it is not known what it emits is taken to emit as the others do', () => {
  const energy = { ...POWER, pue: 1 };
  const model = (id: string, more: object): { id: string; model: ModelEntry } => ({
    id,
    model: { id, price: undefined, is_local: true, ...more } as unknown as ModelEntry,
  });
  const whos = [
    model('coal', { energy, region: 'coal' }),
    model('hydro', { energy, region: 'hydro' }),
    model('nowhere', { energy }),
    model('silent', {}),
  ];
  const weigh = (carbon_usd_per_kg: number) =>
    candidatesOf(whos, { in_tokens: 100 } as RequestFacts, { p95_ms: () => undefined } as unknown as Observed, 0, {
      second_usd: 0,
      carbon_usd_per_kg,
      intensity: (region) => ({ coal: 900, hydro: 90 })[region],
    });
  const [coal, hydro, nowhere, silent] = weigh(1);
  // 50 J × 900 g / 3.6e6 J = 12.5 mg, at a millionth of a dollar each; a token is a tenth of that.
  expect(coal?.in_usd).toBeCloseTo(12.5e-6, 10);
  expect(coal?.out_usd_per_token).toBeCloseTo(1.25e-6, 12);
  expect(hydro?.in_usd).toBeCloseTo(1.25e-6, 10);
  for (const one of [nowhere, silent]) {
    expect(one?.in_usd).toBeCloseTo((12.5e-6 + 1.25e-6) / 2, 10);
    expect(one?.footprint(1).co2e_mg).toBeUndefined();
  }
  expect(nowhere?.footprint(10).energy_joules).toBe(100);
  for (const one of weigh(0)) expect([one.in_usd, one.out_usd_per_token]).toEqual([0, 0]);
});
