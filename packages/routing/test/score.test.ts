import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Observed, rankModels, Registry, SCORE_WEIGHTS, type ScoreTerms } from '../src/index.ts';
import { facts, NOTHING_OBSERVED, price, spec } from './fixtures.ts';

const models = (...specs: ReturnType<typeof spec>[]) =>
  new Registry({ providers: [{ id: 'up', any_model: false }], models: specs }).models;

test('the weights sum to one', () => {
  expect(Object.values(SCORE_WEIGHTS).reduce((sum: number, weight: number) => sum + weight, 0)).toBeCloseTo(1);
});

test('each term is placed between the candidates', () => {
  const [cheap, dear] = rankModels(
    models(
      spec('dear', { price: price(10, 10), context: 200_000, expected_latency_ms: 900 }),
      spec('cheap', { price: price(1, 1), context: 100_000, expected_latency_ms: 100 }),
    ),
    facts(),
    {
      successRate: (model) => (model.id === 'cheap' ? 0.9 : undefined),
      p95_ms: (model) => (model.id === 'cheap' ? 1_000 : undefined),
      mape: () => 0.25,
      underRate: (model) => (model.id === 'cheap' ? 0.9 : 0.1),
    },
    0,
  );
  expect(cheap?.terms).toEqual({
    capability: 1,
    performance: 0.9,
    cost: 1,
    latency: 0,
    context: 0,
    predictability: 0.8,
    underestimate: 0.5,
    quality: 0.5,
    carbon: 0.5,
  });
  expect(dear?.terms).toMatchObject({ performance: 0.5, cost: 0, latency: 1, context: 1, underestimate: 0.9 });
  expect(cheap?.score).toBeCloseTo(0.3 + 0.18 + 0.15 + 0 + 0 + 0.08 + 0.025);
  expect(dear?.score).toBeCloseTo(0.3 + 0.1 + 0 + 0.1 + 0.1 + 0.08 + 0.045);
});

test('what is not known is neutral, and ties go by id', () => {
  const unknown = { price: undefined, context: undefined, capabilities: undefined };
  const ranked = rankModels(models(spec('b', unknown), spec('a', unknown)), facts(), NOTHING_OBSERVED, 0);
  expect(ranked.map((one) => one.model.id)).toEqual(['a', 'b']);
  expect(Object.values(ranked[0]?.terms ?? {})).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.75, 0.5, 0.5]);
});

test('every term and score lies in [0, 1], and the order does not depend on the order of the candidates', () => {
  const candidate = fc.record({
    rate: fc.integer({ min: 0, max: 50 }),
    context: fc.integer({ min: 1_000, max: 9_000 }),
    expected_latency_ms: fc.option(fc.integer({ min: 1, max: 9_000 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(candidate, { minLength: 1, maxLength: 8 }), (list) => {
      const entries = models(
        ...list.map(({ rate, ...more }, i) => spec(`m${i}`, { ...more, price: price(rate, rate) })),
      );
      const ranked = rankModels(entries, facts(), NOTHING_OBSERVED, 0);
      for (const { score, terms } of ranked) {
        for (const value of [score, ...Object.values(terms)]) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
        }
      }
      const reversed = rankModels([...entries].reverse(), facts(), NOTHING_OBSERVED, 0);
      expect(reversed.map((one) => one.model.id)).toEqual(ranked.map((one) => one.model.id));
    }),
    { seed: 3, numRuns: 300 },
  );
});

describe('what the operator has it count', () => {
  const three = models(
    spec('worst', { price: price(5, 5), expected_latency_ms: 500, expected_quality: 0.5 }),
    spec('cheap', { price: price(1, 1), expected_latency_ms: 500, expected_quality: 0.6 }),
    spec('good', { price: price(9, 9), expected_latency_ms: 500, expected_quality: 0.9 }),
  );
  const NOTHING = Object.fromEntries(Object.keys(SCORE_WEIGHTS).map((term) => [term, 0])) as unknown as ScoreTerms;
  const order = (more: Partial<ScoreTerms>, frontier_first: boolean = false, observed: Observed = NOTHING_OBSERVED) =>
    rankModels(three, facts(), observed, 0, { weights: { ...NOTHING, ...more }, frontier_first }).map(
      ({ model }) => model.id,
    );

  test('is all that does, and a score lies from 0 to 1 whatever weights sum to', () => {
    expect(order({ cost: 7 })).toEqual(['cheap', 'worst', 'good']);
    expect(order({ quality: 0.2 })).toEqual(['good', 'cheap', 'worst']);
    const [first] = rankModels(three, facts(), NOTHING_OBSERVED, 0, {
      ...{ weights: { ...NOTHING, cost: 40 }, frontier_first: false },
    });
    expect(first?.score).toBe(1);
  });

  test('counts CO2e where it is known', () => {
    const co2e: Readonly<Record<string, number>> = { worst: 1, cheap: 2, good: 3 };
    const observed = { ...NOTHING_OBSERVED, co2e_mg: ({ id }: { readonly id: string }) => co2e[id] };
    expect(order({ carbon: 1 }, false, observed)).toEqual(['worst', 'cheap', 'good']);
    // It emits least, so that nobody is better in all.
    expect(order({ quality: 1 }, true, observed)).toEqual(['good', 'cheap', 'worst']);
    expect(order({ cost: 1 }, true, observed)).toEqual(['cheap', 'worst', 'good']);
  });

  test('comes behind who is on the frontier, where that goes first', () => {
    expect(order({ cost: 1 }, true)).toEqual(['cheap', 'good', 'worst']);
  });
});
