import { seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jainIndex } from '../src/fair/jain.ts';
import { BurnRate } from '../src/guards/burn.ts';
import { COOL_OFF_MS, type Penalty, penaltyOf, predictability, worseTier } from '../src/guards/predictability.ts';

const MIN_MS = 60_000;

describe('a burn rate', () => {
  test('is the mean of minutes, and says when a budget is spent', () => {
    const burn = new BurnRate();
    for (let minute = 0; minute < 30; minute += 1) burn.spend(100, minute * MIN_MS);
    expect(burn.per_minute).toBeCloseTo(100);
    expect(burn.exhaustion_min(1_000)).toBeCloseTo(10);
    expect(burn.exhaustion_min(0)).toBe(0);
    expect(new BurnRate().exhaustion_min(5)).toBe(Infinity);
  });

  test('follows a change by half in its half-life, also in minutes without spending', () => {
    const burn = new BurnRate();
    for (let minute = 0; minute < 60; minute += 1) burn.spend(100, minute * MIN_MS);
    burn.pass(70 * MIN_MS);
    expect(burn.per_minute).toBeCloseTo(50, 0);
    burn.pass(100_000 * MIN_MS);
    expect(burn.per_minute).toBeCloseTo(0);
  });

  test('tells a spike once, and none of noise', () => {
    const burn = new BurnRate();
    const rng = seededRng(1);
    let false_alarms = 0;
    for (let minute = 0; minute < 1_000; minute += 1) {
      if (burn.spend(80 + rng.next() * 40, minute * MIN_MS) !== undefined) false_alarms += 1;
    }
    expect(false_alarms).toBe(0);
    burn.spend(1_000, 1_000 * MIN_MS);
    const spike = burn.spend(100, 1_001 * MIN_MS);
    expect(spike).toMatchObject({ per_minute: 1_000 });
    expect(spike?.z).toBeGreaterThan(3);
    expect(burn.spend(100, 1_002 * MIN_MS)).toBeUndefined();
  });

  test('is not moved by a clock that goes back', () => {
    const burn = new BurnRate();
    for (let minute = 0; minute < 20; minute += 1) burn.spend(100, minute * MIN_MS);
    const before = burn.per_minute;
    burn.spend(100, 3 * MIN_MS);
    expect(burn.per_minute).toBe(before);
  });

  test('is that of a naive one, minute by minute, whatever the clock does', () => {
    const step = fc.record({
      amount: fc.nat(1_000),
      minutes: fc.oneof(fc.constantFrom(0, 0, 1, 1, 1), fc.integer({ min: -3, max: 40 })),
    });
    const half_lives = fc.constantFrom(1, 10, 60);
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        half_lives,
        fc.integer({ min: 1, max: 20 }),
        (steps, half_life_min, minutes_min) => {
          const burn = new BurnRate({ half_life_min, z_max: 3, minutes_min });
          const naive = { at: 1_000 + (steps[0]?.minutes ?? 0), spent: 0, mean: 0, variance: 0, minutes: 0 };
          let minute = 1_000;
          for (const { amount, minutes } of steps) {
            minute += minutes;
            let spiked = 0;
            for (; naive.at < minute; naive.at += 1) {
              const deviation = Math.max(Math.sqrt(naive.variance), naive.mean / 10, Number.MIN_VALUE);
              const z = (naive.spent - naive.mean) / deviation;
              if (naive.minutes >= minutes_min && z > 3) spiked = z;
              naive.minutes += 1;
              const alpha = Math.max(1 - 0.5 ** (1 / half_life_min), 1 / naive.minutes);
              const by = naive.spent - naive.mean;
              naive.mean += alpha * by;
              naive.variance = (1 - alpha) * (naive.variance + alpha * by * by);
              naive.spent = 0;
            }
            naive.spent += amount;
            const spike = burn.spend(amount, minute * MIN_MS + 5);
            if (Math.abs(spiked - 3) > 1e-6) expect(spike !== undefined).toBe(spiked > 0);
            expect(burn.per_minute).toBeCloseTo(naive.mean, 6);
            if (naive.mean > 1e-3) expect(burn.exhaustion_min(100)).toBeCloseTo(100 / naive.mean, 4);
          }
        },
      ),
    );
  });
});

describe('predictability', () => {
  const summary = { samples: 100, mape: 0.25, under_rate: 0.4, p95_overage: 1.8 };

  test('scores how close estimates are and how rarely too low', () => {
    expect(predictability(summary)).toEqual({ close: 0.8, fair: 0.6 });
    expect(predictability({ ...summary, under_rate: 0.9 }).fair).toBe(0.5);
  });

  test('halves who is too low again and again, adds what was missing, and takes a tier from whom it is a habit', () => {
    const penalty = penaltyOf(summary, undefined, 1_000);
    expect(penalty).toMatchObject({ parallel_factor: 0.5, loses_tier: false, until_ms: 1_000 + COOL_OFF_MS });
    expect(penalty?.surcharge).toBeCloseTo(0.8);
    expect(penaltyOf({ ...summary, under_rate: 0.6, p95_overage: 9 }, undefined, 0)).toMatchObject({
      ...{ loses_tier: true, surcharge: 1 },
    });
    expect([worseTier('gold'), worseTier('silver'), worseTier('bronze')]).toEqual(['silver', 'bronze', 'bronze']);
  });

  test('concludes nothing from few, and cools off', () => {
    expect(penaltyOf({ ...summary, samples: 19 }, undefined, 0)).toBeUndefined();
    const held = penaltyOf(summary, undefined, 0);
    const good = { ...summary, under_rate: 0.1 };
    expect(penaltyOf(good, held, COOL_OFF_MS - 1)).toBe(held);
    expect(penaltyOf(good, held, COOL_OFF_MS)).toBeUndefined();
  });

  test('a penalty is in its bounds, has a reason, and ends after the last one', () => {
    const seen = fc.record({
      samples: fc.nat(100),
      mape: fc.double({ min: 0, max: 10, noNaN: true }),
      under_rate: fc.double({ min: 0, max: 1, noNaN: true }),
      p95_overage: fc.double({ min: 0, max: 50, noNaN: true }),
      after_ms: fc.nat(COOL_OFF_MS),
    });
    fc.assert(
      fc.property(fc.array(seen, { maxLength: 30 }), (list) => {
        let held: Penalty | undefined;
        let last_ms = Number.NEGATIVE_INFINITY;
        let now_ms = 0;
        for (const { after_ms, ...summary } of list) {
          now_ms += after_ms;
          const before = held;
          held = penaltyOf(summary, held, now_ms);
          const has_reason = summary.samples >= 20 && summary.under_rate > 0.3;
          if (has_reason) last_ms = now_ms;
          expect(held !== undefined).toBe(now_ms - last_ms < COOL_OFF_MS);
          if (held === undefined) continue;
          expect(held.until_ms).toBe(last_ms + COOL_OFF_MS);
          if (!has_reason) expect(held).toBe(before);
          else expect(held.loses_tier).toBe(summary.under_rate > 0.5);
          expect(held.parallel_factor).toBe(0.5);
          expect(held.surcharge).toBeGreaterThanOrEqual(0);
          expect(held.surcharge).toBeLessThanOrEqual(1);
          for (const score of Object.values(predictability(summary))) {
            expect(score).toBeGreaterThan(0);
            expect(score).toBeLessThanOrEqual(1);
          }
        }
      }),
    );
  });
});

test('the fairness index is 1 for equals and 1/n for one who gets everything', () => {
  expect(jainIndex([3, 3, 3])).toBeCloseTo(1);
  expect(jainIndex([9, 0, 0])).toBeCloseTo(1 / 3);
  expect(jainIndex([])).toBe(1);
  expect(jainIndex([0, 0])).toBe(1);
});
