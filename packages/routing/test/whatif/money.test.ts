import { seededRng } from '@atp-router/kernel';
import { describe, expect, it } from 'vitest';
import { comparedWith, gainShareOf, guessedOf, hindsight, parityOf, type PricedObservation } from '../../src/index.ts';
import { zOfBest } from '../../src/whatif/guessed.ts';

const RIGHT: Readonly<Record<string, number>> = { good: 0.9, poor: 0.5 };
const COST_USD: Readonly<Record<string, number>> = { good: 0.002, poor: 0.001 };

/** Two models, of which the record thinks alike; the worse is asked three times of four. */
function world(n: number, told: number = 1): PricedObservation[] {
  const rng = seededRng(5);
  const candidates = ['poor', 'good'].map((model) => ({ model, chance: 0.7, cost_usd: COST_USD[model] ?? 0 }));
  return Array.from({ length: n }, () => {
    const first = rng.next() < 0.75 ? 'poor' : 'good';
    const right = Number(rng.next() < (RIGHT[first] ?? 0));
    return {
      ...{ candidates, is_single: true, first, propensity: first === 'poor' ? 0.75 : 0.25, quality_usd: 0.1 },
      ...{ cost_usd: COST_USD[first] ?? 0, right: rng.next() < told ? right : undefined },
    };
  });
}

describe('regret against the best fixed model in hindsight', () => {
  it('finds the best, and by how much, whatever the record had thought of it', () => {
    const { model, regret_usd, told, compared, doubts } = hindsight(world(4_000));
    expect([model, told, compared, doubts]).toEqual(['good', 4_000, 2, []]);
    // Of three calls of four: 0.1 USD × 0.4 more right, less 0.001 USD.
    const truth = 0.75 * (0.1 * 0.4 - 0.001);
    expect(regret_usd.low).toBeLessThan(truth);
    expect(regret_usd.high).toBeGreaterThan(truth);
    expect(regret_usd.high - regret_usd.low).toBeLessThan(0.02);
  });

  it('says when too few have said anything, or too few were asked', () => {
    expect(hindsight(world(500, 0)).doubts).toEqual(['nobody has said of any of these calls how right it was']);
    const few = hindsight(world(20));
    expect([few.model, few.doubts.length]).toEqual([undefined, 1]);
    const cascades = hindsight(world(500).map((one) => ({ ...one, is_single: false })));
    expect(cascades.model).toBeUndefined();
  });

  it('widens bounds by the number of models that the best was picked from', () => {
    // Quantiles of the normal distribution at 1 - 0.025 / n.
    for (const [n, z] of [
      [1, 1.96],
      [2, 2.2414],
      [10, 2.807],
      [300, 3.765],
    ] as const) {
      expect(Math.abs(zOfBest(n) - z), String(n)).toBeLessThan(0.001);
    }
  });
});

describe('whether results were as right as those of another model', () => {
  const observations = world(4_000);
  const sumsAgainst = (model: string, of: readonly PricedObservation[]) => {
    const sums = { words: 0, gap: 0, gap_squared: 0, weight: 0, weight_squared: 0 };
    for (const one of of) {
      const { right = 0 } = one;
      const compared = comparedWith(model, one, right);
      if (compared === undefined) continue;
      const gap = right - compared.right;
      sums.words += 1;
      sums.gap += gap;
      sums.gap_squared += gap * gap;
      sums.weight += compared.weight;
      sums.weight_squared += compared.weight ** 2;
    }
    return sums;
  };

  it('is proven against the worse, and disproven against the better', () => {
    const against_poor = parityOf(sumsAgainst('poor', observations), 0.02);
    expect([against_poor.kind, against_poor.gap.mean > 0.05]).toEqual(['proven', true]);
    const against_good = parityOf(sumsAgainst('good', observations), 0.02);
    expect([against_good.kind, against_good.gap.mean < -0.2]).toEqual(['below', true]);
  });

  it('is not proven by few words, by none on the other itself, nor by what was never thought of', () => {
    expect(parityOf(sumsAgainst('poor', observations.slice(0, 20)), 0.02).kind).toBe('unproven');
    const never = observations.filter(({ first }) => first === 'poor');
    expect(parityOf(sumsAgainst('good', never), 0.02).kind).toBe('unproven');
    expect(comparedWith('nobody', observations[0] as PricedObservation, 1)).toBeUndefined();
    expect(guessedOf(0, 0, 0).mean).toBeNaN();
  });

  it('is not proven where the other was asked on a few calls only, which it had to be', () => {
    // On forty calls it alone could be asked; on nine hundred it never was, and is thought of worse than it may be.
    const candidates = [
      { model: 'dear', chance: 0.75, cost_usd: 1 },
      { model: 'cheap', chance: 0.6, cost_usd: 0.1 },
    ];
    const call = (first: string, right: number): PricedObservation => ({
      ...{ candidates, is_single: true, first, propensity: 1, quality_usd: 0.1, cost_usd: 0.1, right },
    });
    const mixed = [
      ...Array.from({ length: 40 }, (_, i) => call('dear', Number(i % 4 > 0))),
      ...Array.from({ length: 900 }, (_, i) => call('cheap', Number(i % 5 > 0))),
    ];
    const parity = parityOf(sumsAgainst('dear', mixed), 0.02);
    expect([parity.kind, parity.effective]).toEqual(['unproven', 40]);
  });

  it('nothing is shared without proof, and never less than nothing', () => {
    const proven = parityOf(sumsAgainst('poor', observations), 0.02);
    const below = parityOf(sumsAgainst('good', observations), 0.02);
    expect(gainShareOf(1_000_000_001, proven, 0.2)).toBe(200_000_000);
    expect(gainShareOf(1_000_000_001, below, 0.2)).toBe(0);
    expect(gainShareOf(-5, proven, 0.2)).toBe(0);
  });
});
