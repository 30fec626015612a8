import { type Usage, ZERO_USAGE } from '@atp-router/kernel';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { co2eMg, energyJoules, footprintOf, sumFootprints } from '../../src/carbon/footprint.ts';

const PROFILE = { in_joule_per_token: 0.5, out_joule_per_token: 5, pue: 1.25 };
const USED: Usage = { ...ZERO_USAGE, in_tokens: 100, cached_in_tokens: 40, out_tokens: 20, reasoning_tokens: 8 };

test('energy is what tokens take, times what the data centre takes on top', () => {
  // (100 × 0.5 J + 20 × 5 J) × 1.25
  expect(energyJoules(USED, PROFILE)).toBe(187.5);
  // (60 × 0.5 J + 40 × 0.05 J + 20 × 5 J) × 1.25
  expect(energyJoules(USED, { ...PROFILE, cached_in_joule_per_token: 0.05 })).toBe(165);
});

test('a kilowatt-hour is 3.6 million joules', () => {
  expect(co2eMg(3_600_000, 250)).toBe(250_000);
  // 187.5 J / 3.6e6 J/kWh × 240 g/kWh = 0.0125 g
  expect(co2eMg(187.5, 240)).toBe(12.5);
});

test('what is not known has no number, and neither has a sum of which a part is not known', () => {
  expect(footprintOf(USED, undefined, 240)).toEqual({});
  expect(footprintOf(USED, PROFILE, undefined)).toEqual({ energy_joules: 187.5 });
  const whole = footprintOf(USED, PROFILE, 240);
  expect(sumFootprints([])).toEqual({});
  expect(sumFootprints([whole, whole])).toEqual({ energy_joules: 375, co2e_mg: 25 });
  expect(sumFootprints([whole, { energy_joules: 1 }])).toEqual({ energy_joules: 188.5 });
  expect(sumFootprints([whole, {}])).toEqual({});
});

test('more tokens never take less, and a part that is cached never more than what is read', () => {
  const count = fc.nat({ max: 1_000_000_000 });
  const joules = fc.double({ min: 0, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(count, count, count, joules, joules, (in_tokens, cached_in_tokens, out_tokens, read, written) => {
      const profile = { in_joule_per_token: read, out_joule_per_token: written, pue: 1.2 };
      const used = { ...ZERO_USAGE, in_tokens, cached_in_tokens, out_tokens };
      const all = energyJoules(used, profile);
      expect(Number.isFinite(all) && all >= 0).toBe(true);
      expect(energyJoules({ ...used, out_tokens: out_tokens + 1 }, profile)).toBeGreaterThanOrEqual(all);
      expect(energyJoules(used, { ...profile, cached_in_joule_per_token: read / 2 })).toBeLessThanOrEqual(all);
    }),
  );
});
