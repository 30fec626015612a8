import { Draw } from '@atp-router/kernel/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Observation, whatIf, type WhatIfPolicy, whatIfPolicy } from '../../src/index.ts';

/** Three models; what is thought of them is `off` the truth. The first is chosen at random, `sure` more likely the cheap one. */
const TRUTH = { a: 0.5, b: 0.7, c: 0.9 } as const;
const COST = { a: 0.001, b: 0.004, c: 0.02 } as const;
type Model = keyof typeof TRUTH;
const MODELS = Object.keys(TRUTH) as Model[];

function log(calls: number, seed: number, off: number, told = 1): readonly Observation[] {
  const draw = new Draw(seed);
  const chance = { a: 0.6, b: 0.3, c: 0.1 } as const;
  return Array.from({ length: calls }, (): Observation => {
    const at = draw.next();
    const first: Model = at < chance.a ? 'a' : at < chance.a + chance.b ? 'b' : 'c';
    const right = draw.chance(TRUTH[first]) ? 1 : 0;
    return {
      candidates: MODELS.map((model) => ({ model, chance: TRUTH[model] + off, cost_usd: COST[model] })),
      ...{ is_single: true, first, propensity: chance[first], cost_usd: COST[first] },
      right: draw.chance(told) ? right : undefined,
    };
  });
}

const always = (model: Model): WhatIfPolicy => ({ kind: 'always', model });

describe('what if', () => {
  test.each(MODELS)('all had been asked of %s: both estimates cover the truth as often as they say', (model) => {
    let [ips, robust] = [0, 0];
    const runs = 200;
    for (let seed = 1; seed <= runs; seed += 1) {
      const found = whatIf(log(1_000, seed, 0.1), always(model));
      const covers = ({ low, high }: { low: number; high: number }): number =>
        low <= TRUTH[model] && TRUTH[model] <= high ? 1 : 0;
      ips += covers(found.ips.right);
      robust += covers(found.doubly_robust.right);
    }
    // Nineteen in twenty, less four standard deviations of that.
    expect(ips / runs).toBeGreaterThan(0.88);
    expect(robust / runs).toBeGreaterThan(0.88);
  });

  test('what is thought of models may be wrong, and nothing follows from that', () => {
    for (const off of [-0.4, 0, 0.1]) {
      const { doubly_robust, ips } = whatIf(log(40_000, 5, off), always('c'));
      expect(Math.abs(doubly_robust.right.mean - 0.9)).toBeLessThan(0.03);
      expect(Math.abs(ips.right.mean - 0.9)).toBeLessThan(0.03);
    }
  });

  test('the cost of whom it would have asked', () => {
    const { doubly_robust, ips, was } = whatIf(log(5_000, 3, 0), always('b'));
    expect(ips.cost_usd.mean).toBeCloseTo(COST.b, 12);
    expect(doubly_robust.cost_usd.mean).toBeCloseTo(COST.b, 12);
    expect(was.cost_usd.mean).toBeCloseTo(0.6 * COST.a + 0.3 * COST.b + 0.1 * COST.c, 3);
  });

  test('is surer of what was done often, and says so where it knows little', () => {
    const observations = log(200, 9, 0);
    expect(whatIf(observations, always('a')).effective).toBeGreaterThan(whatIf(observations, always('c')).effective);
    expect(whatIf(observations, always('a')).doubts).toEqual([]);
    expect(whatIf(observations.slice(0, 20), always('c')).doubts).toEqual([expect.stringContaining('rely on neither')]);
    expect(whatIf(log(50, 9, 0, 0), always('a')).doubts).toEqual([expect.stringContaining('nobody has said')]);
    expect(whatIf(observations, { kind: 'always', model: 'nobody' })).toMatchObject({ calls: 0, told: 0, alike: 0 });
    expect(whatIf([], always('a')).calls).toBe(0);
  });

  test('calls of a cascade tell of nobody who is asked alone', () => {
    const cascades = log(100, 2, 0).map((one) => ({ ...one, is_single: false }));
    expect(whatIf(cascades, always('a'))).toMatchObject({ alike: 0, effective: 0 });
    expect(whatIf(cascades, always('a')).ips.right.mean).toBeNaN();
  });

  test('another price of quality asks whoever is worth most then', () => {
    const observations = log(2_000, 4, 0);
    const mean = (usd: number): number => whatIf(observations, { kind: 'quality', usd }).ips.cost_usd.mean;
    expect([mean(0.001), mean(0.03), mean(10)].map((cost) => Number(cost.toFixed(6)))).toEqual([
      COST.a,
      COST.b,
      COST.c,
    ]);
    expect(whatIf(observations, { kind: 'cheapest' }).ips).toEqual(whatIf(observations, always('a')).ips);
    expect(whatIf(observations, { kind: 'best' }).ips).toEqual(whatIf(observations, always('c')).ips);
  });

  test('bounds are around the mean, whatever is on record', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 60 }), fc.constantFrom(...MODELS), (seed, calls, model) => {
        const { ips, doubly_robust, effective, told } = whatIf(log(calls, seed, 0.2, 0.7), always(model));
        expect(effective).toBeLessThanOrEqual(told + 1e-9);
        for (const { mean, low, high } of [ips.right, ips.cost_usd, doubly_robust.right, doubly_robust.cost_usd]) {
          if (Number.isNaN(mean)) continue;
          expect(low).toBeLessThanOrEqual(mean);
          expect(high).toBeGreaterThanOrEqual(mean);
        }
      }),
      { numRuns: 200 },
    );
  });
});

test.each([
  ['always:gpt', { kind: 'always', model: 'gpt' }],
  ['cheapest', { kind: 'cheapest' }],
  ['best', { kind: 'best' }],
  ['quality:0.05', { kind: 'quality', usd: 0.05 }],
  ['quality:0', undefined],
  ['quality:-1', undefined],
  ['quality:1e3', undefined],
  ['always:', undefined],
  ['random', undefined],
])('a policy is written %s', (text, policy) => expect(whatIfPolicy(text)).toEqual(policy));
