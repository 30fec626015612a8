import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RouteDay, SavingsFilter, SavingsStore } from '@atp-router/ledger';
import { expect, test } from 'vitest';
import { gainShares } from '../../src/admin/gain-share.ts';
import { crew } from './crew.ts';

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../../../docs/operations/routing.md'), 'utf8');
const NANOS = 1_000_000_000;

/** A tenant's day with so much spent, against so much, and words whose gaps have this mean and standard deviation. */
function dayOf(day: string, tenant: string, words: number, mean: number, sd: number): RouteDay {
  const square = (words - 1) * sd * sd + words * mean * mean;
  return {
    ...{ day, tenant, cluster: '', model: '', calls: 0, failed: 0, tried_usd_nanos: 0, regret_usd_nanos: 0 },
    ...{ energy_millijoules: 0, co2e_micrograms: 0, calls_without_energy: 0, calls_without_co2e: 0 },
    ...{ spent_usd_nanos: 412.5 * NANOS, baseline_usd_nanos: 1_100 * NANOS, words, right_bp: 0 },
    ...{ gap_bp: Math.round(words * mean * 10_000), gap_squared_bp: Math.round(square * 10_000) },
    // Forty words on answers of the baseline itself, which was asked on one of so many calls as there are to one of them.
    ...{ weight_bp: words * 10_000, weight_squared_bp: Math.round((words * words) / 40) * 10_000 },
  };
}

const storeOf = (days: readonly RouteDay[]): SavingsStore => ({ sums: async () => days });
const SETTINGS = { share: 0.2, quality_margin: 0.02 };

test('the example of the document is what comes of its numbers', async () => {
  const many = dayOf('2026-11-03', 'acme', 900, 0.01, 0.36);
  const { data } = (await gainShares(storeOf([many]), {}, SETTINGS)) as { data: Record<string, unknown>[] };
  expect(data).toMatchObject([
    { tenant: 'acme', month: '2026-11', saved_usd_micros: 687_500_000, quality: 'proven', effective: 40 },
  ]);
  const [{ quality_gap: gap, gain_share_usd_micros: share } = {}] = data as Record<string, Record<string, number>>[];
  expect(gap?.['low']).toBeCloseTo(-0.0135, 4);
  expect(share).toBe(137_500_000);
  const few = await gainShares(storeOf([dayOf('2026-11-03', 'acme', 400, 0.01, 0.36)]), {}, SETTINGS);
  const [{ quality_gap: wide, ...rest } = {}] = (few as { data: Record<string, Record<string, number>>[] }).data;
  expect(rest).toMatchObject({ quality: 'unproven', gain_share_usd_micros: 0 });
  expect(wide?.['low']).toBeCloseTo(-0.0253, 4);
  for (const number of ['$412.50', '$1,100.00', '$687.50', '900', '0.36', '-0.0135', '$137.50', '400', '-0.0253']) {
    expect(DOCUMENT.slice(DOCUMENT.indexOf('### Gain share')), number).toContain(number);
  }
});

test('months of a tenant are one, those of tenants apart, and words of a month prove it for that month alone', async () => {
  const days = [
    dayOf('2026-10-31', 'acme', 0, 0, 0),
    dayOf('2026-11-01', 'acme', 450, 0.01, 0.36),
    dayOf('2026-11-02', 'acme', 450, 0.01, 0.36),
    dayOf('2026-11-02', 'beta', 900, -0.2, 0.36),
  ];
  const { data } = (await gainShares(storeOf(days), {}, SETTINGS)) as { data: Record<string, unknown>[] };
  expect(data.map((row) => [row['month'], row['tenant'], row['quality'], row['gain_share_usd_micros']])).toEqual([
    ['2026-10', 'acme', 'unproven', 0],
    ['2026-11', 'acme', 'proven', 275_000_000],
    ['2026-11', 'beta', 'below', 0],
  ]);
});

test('of a month of which the range has a part only no share is told, for it may have been picked', async () => {
  const days = [dayOf('2026-10-31', 'acme', 900, 0.01, 0.36), dayOf('2026-11-02', 'acme', 900, 0.01, 0.36)];
  const sharesOf = async (filter: SavingsFilter): Promise<unknown> => {
    const { data } = (await gainShares(storeOf(days), filter, SETTINGS)) as { data: Record<string, unknown>[] };
    return data.map((row) => row['gain_share_usd_micros']);
  };
  expect(await sharesOf({ from_day: '2026-10-01', until_day: '2026-11-30' })).toEqual([137_500_000, 137_500_000]);
  expect(await sharesOf({ from_day: '2026-10-02', until_day: '2026-11-29' })).toEqual([null, null]);
});

test('a running router reports it, and what its words prove', async () => {
  const power = { provider: 'up', context: 128_000 };
  // Prices are nothing beside what quality is worth, so that both are asked.
  const models = [
    { id: 'cheap', ...power, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 4 } },
    { id: 'dear', ...power, price: { in_usd_per_mtok: 10, out_usd_per_mtok: 40 } },
  ];
  const routing = {
    plans: 'single',
    baseline: 'dear',
    gain_share: { share: 0.5, quality_margin: 0.05 },
    quality_usd: 100,
  };
  const one = await crew(() => 'A.', routing, { models });
  for (let i = 0; i < 130; i += 1) {
    const reply = await one.ask(`what is ${i}`);
    await one.give({ request_id: reply.headers['x-atp-request-id'], score: 1 });
  }
  const { json } = await one.running.admin('GET', '/routing/savings');
  const { gain_share } = json as { gain_share: Record<string, unknown> };
  const [row] = gain_share['data'] as Record<string, number>[];
  const saved = row?.['saved_usd_micros'] ?? 0;
  expect(gain_share).toMatchObject({ share: 0.5, quality_margin: 0.05, truncated: false });
  expect(row, JSON.stringify(row)).toMatchObject({ tenant: 'acme', quality: 'proven', words: 130 });
  expect(saved).toBeGreaterThan(0);
  expect(Math.abs((row?.['gain_share_usd_micros'] ?? 0) - saved / 2)).toBeLessThanOrEqual(1);
  const other = await crew(() => 'A.', {}, { models });
  expect((await other.running.admin('GET', '/routing/savings')).json['gain_share']).toBeNull();
});
