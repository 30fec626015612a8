import { seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Contribution,
  creditsOf,
  EMPTY,
  estimate,
  isReputationRecord,
  lowerBound,
  type Member,
  type Observation,
  Origins,
  ORIGINS_MAX,
  REPUTATION_CLUSTERS_MAX,
  REPUTATION_SOURCES_MAX,
  ReputationTable,
  selectMembers,
} from '../../src/index.ts';

const contributions = fc.array(
  fc.record({ origin: fc.constantFrom('a', 'b', 'c', 'd'), tick: fc.nat(5), value: fc.nat(3) }),
  { maxLength: 8 },
);

function merged(max: number, ...all: readonly (readonly Contribution<number>[])[]): readonly Contribution<number>[] {
  const origins = new Origins<number>(max);
  for (const some of all) origins.merge(some);
  return origins.all();
}

describe('records of several origins', () => {
  test.each([ORIGINS_MAX, 2])('are merged in any order, any number of times, where %i fit', (max) => {
    fc.assert(
      fc.property(contributions, contributions, contributions, (a, b, c) => {
        expect(merged(max, a, b)).toEqual(merged(max, b, a));
        expect(merged(max, merged(max, a, b), c)).toEqual(merged(max, a, merged(max, b, c)));
        expect(merged(max, a, a)).toEqual(merged(max, a));
        expect(merged(max, a, b, a)).toEqual(merged(max, a, b));
      }),
    );
  });

  test('count once each, by the newest', () => {
    const origins = new Origins<number>();
    expect(origins.merge([{ origin: 'a', tick: 2, value: 7 }])).toBe(true);
    expect(origins.merge([{ origin: 'a', tick: 1, value: 3 }])).toBe(false);
    expect(origins.merge([{ origin: 'a', tick: 2, value: 7 }])).toBe(false);
    expect(origins.all()).toEqual([{ origin: 'a', tick: 2, value: 7 }]);
  });
});

const observation: fc.Arbitrary<Observation> = fc.record(
  {
    in_time: fc.boolean(),
    agreed: fc.boolean(),
    share: fc.double({ min: -1, max: 2 }),
    right: fc.double({ min: 0, max: 1 }),
  },
  { requiredKeys: [] },
);
const observed = fc.record({
  source: fc.constantFrom('a', 'b', 'c'),
  cluster: fc.constantFrom(undefined, 'x', 'y'),
  observation,
  tick: fc.nat(5_000),
});

describe('a table of observations', () => {
  test('does not depend on their order', () => {
    fc.assert(
      fc.property(fc.array(observed, { maxLength: 20 }), fc.nat(), (all, seed) => {
        const rng = seededRng(seed);
        const shuffled = all.map((one) => ({ one, at: rng.next() })).sort((a, b) => a.at - b.at);
        const [first, second] = [all, shuffled.map(({ one }) => one)].map((some) => {
          const table = new ReputationTable();
          for (const { source, cluster, observation: said, tick } of some) table.learn(source, cluster, said, tick);
          return table;
        });
        for (const source of ['a', 'b', 'c']) {
          for (const cluster of [undefined, 'x', 'y']) {
            const [mine, other] = [first, second].map((table) => table?.of(source, cluster, 5_000) ?? EMPTY);
            for (const [field, value] of Object.entries(mine ?? {})) {
              expect(other?.[field as keyof typeof other]).toBeCloseTo(value, 9);
            }
          }
        }
      }),
    );
  });

  test('halves what it knows with each half-life', () => {
    const table = new ReputationTable(100);
    table.learn('a', 'x', { in_time: true, right: 1 }, 1_000);
    expect(table.of('a', 'x', 1_000)).toMatchObject({ asked: 1, in_time: 1, right: 1 });
    expect(table.of('a', 'x', 1_100)).toMatchObject({ asked: 0.5, in_time: 0.5, right: 0.5 });
    expect(table.of('a', undefined, 1_200).labelled).toBeCloseTo(0.25);
    // Seen late, it counts as it would have by now.
    table.learn('a', 'x', { right: 0 }, 900);
    expect(table.of('a', 'x', 1_000).labelled).toBeCloseTo(1.5);
  });

  test('comes back from its own record, and refuses others', () => {
    fc.assert(
      fc.property(fc.array(observed, { maxLength: 30 }), (all) => {
        const table = new ReputationTable();
        for (const { source, cluster, observation: said, tick } of all) table.learn(source, cluster, said, tick);
        const record = JSON.parse(JSON.stringify(table.record())) as unknown;
        expect(isReputationRecord(record)).toBe(true);
        const again = new ReputationTable();
        if (isReputationRecord(record)) again.add(record);
        expect(again.record()).toEqual(table.record());
      }),
    );
    const damaged = { version: 1, sources: [{ source: 'a', tick: 1, tally: { ...EMPTY, in_time: 2 }, clusters: [] }] };
    for (const value of [damaged, { version: 2, sources: [] }, null, { version: 1, sources: {} }]) {
      expect(isReputationRecord(value)).toBe(false);
    }
  });

  test('keeps what it knows most of when there is no more room', () => {
    const table = new ReputationTable();
    for (let i = 0; i < 3; i += 1) table.learn('known', 'often', { in_time: true }, 10);
    for (let i = 0; i < 2 * REPUTATION_SOURCES_MAX; i += 1) table.learn(`s${i}`, undefined, { in_time: true }, 10);
    for (let i = 0; i < 2 * REPUTATION_CLUSTERS_MAX; i += 1) table.learn('known', `c${i}`, { in_time: true }, 10);
    expect(table.sources).toHaveLength(REPUTATION_SOURCES_MAX);
    expect(table.clustersOf('known')).toHaveLength(REPUTATION_CLUSTERS_MAX);
    expect(table.of('known', 'often', 10).asked).toBe(3);
    expect(table.of('known', undefined, 10).asked).toBe(3 + 2 * REPUTATION_CLUSTERS_MAX);
  });
});

const OPTIONS = { min_samples: 20 };
const of = (n: number, right: number): typeof EMPTY => ({ ...EMPTY, asked: n, in_time: n, labelled: n, right });

describe('an estimate', () => {
  test('says of a source that is hardly known what it says of anybody', () => {
    const { samples: _, ...nobody } = estimate(EMPTY, undefined, OPTIONS);
    expect(estimate(of(19, 0), undefined, OPTIONS)).toEqual({ ...nobody, samples: 19 });
    expect(nobody).toMatchObject({ is_known: false, accuracy: 0.5 });
    expect(estimate(of(20, 0), undefined, OPTIONS).accuracy).toBeLessThan(0.1);
  });

  test('is drawn to what is known over all tasks while a cluster has little of its own', () => {
    const all = of(200, 180);
    const [none, some, many] = [of(0, 0), of(5, 0), of(100, 0)].map((own) => estimate(all, own, OPTIONS).accuracy);
    expect(none).toBeCloseTo(182 / 204);
    expect(some).toBeLessThan(none ?? 0);
    expect(many).toBeLessThan(0.1);
  });

  test('has a careful bound below it that comes closer with more sessions', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 1_000 }), (rate, n) => {
        const low = lowerBound({ rate, n });
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(rate + 1e-12);
        expect(lowerBound({ rate, n: 2 * n })).toBeGreaterThanOrEqual(low - 1e-12);
      }),
    );
    // Ten of ten: Wilson's bound at 90 %, by hand 10 / (10 + 1.6424).
    expect(lowerBound({ rate: 1, n: 10 })).toBeCloseTo(10 / (10 + 1.2815515655446004 ** 2), 9);
  });

  test('takes what the result says for a tenth of a label', () => {
    const liked = { ...EMPTY, asked: 100, in_time: 100, compared: 100, agreed: 100 };
    const told = { ...liked, labelled: 10, right: 0 };
    expect(estimate(liked, undefined, OPTIONS).accuracy).toBeCloseTo(12 / 14);
    expect(estimate(told, undefined, OPTIONS).accuracy).toBeCloseTo(12 / 24);
  });
});

const member = (source: string, clone = 0, is_challenger = false): Member => ({
  ...{ source, model: source, persona: undefined, seed: undefined, temperature: undefined, clone, is_challenger },
});
const LISTED = [member('a'), member('b'), member('b', 1), member('c'), member('d'), member('x', 0, true)];
const WORTH: Readonly<Record<string, number>> = { a: 0.2, b: 0.9, c: 0.5, d: 0.5 };
const worth = (source: string): number => WORTH[source] ?? 0;

describe('who is asked', () => {
  test('are the best, with their clones and challengers, in the order of the list', () => {
    const { members, why } = selectMembers(LISTED, { top: 2, explore: 0 }, worth, seededRng(1));
    expect(members.map(({ source, clone }) => `${source}${clone}`)).toEqual(['b0', 'b1', 'c0', 'x0']);
    expect(why).toEqual(['the best 2 of 4 by reputation are asked; left out: a (0.2), d (0.5)']);
    expect(selectMembers(LISTED, { top: 4, explore: 1 }, worth, seededRng(1))).toEqual({ members: LISTED, why: [] });
  });

  test('are others now and then, as often as is wanted', () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 1_000; seed += 1) {
      const { members, why } = selectMembers(LISTED, { top: 2, explore: 0.1 }, worth, seededRng(seed));
      const asked = new Set(members.filter(({ is_challenger }) => !is_challenger).map(({ source }) => source));
      expect(asked.size).toBe(2);
      for (const source of asked) counts.set(source, (counts.get(source) ?? 0) + 1);
      expect(why.length > 1).toBe(asked.has('a') || asked.has('d'));
    }
    const tried = (counts.get('a') ?? 0) + (counts.get('d') ?? 0);
    // Two places, each given away with 0.1: 200 of 2,000, give or take four standard errors.
    expect(Math.abs(tried - 200)).toBeLessThan(54);
    expect(Math.min(counts.get('a') ?? 0, counts.get('d') ?? 0)).toBeGreaterThan(50);
  });
});

describe('the credit of those who are asked together', () => {
  const seen = (compared: number, agreed: number): typeof EMPTY => ({ ...EMPTY, compared, agreed });

  test('falls for one who hardly ever says what the others say, once that is sure', () => {
    const [a, b, c, liar] = creditsOf([seen(40, 36), seen(40, 34), seen(40, 38), seen(40, 2)], 20);
    expect([a, b, c]).toEqual([1, 1, 1]);
    expect(liar).toBeLessThan(0.2);
    expect(creditsOf([seen(40, 36), seen(40, 34), seen(40, 38), seen(19, 0)], 20)).toEqual([1, 1, 1, 1]);
  });

  test('is full for those who are somewhat worse, and where too few are known', () => {
    expect(creditsOf([seen(500, 480), seen(500, 300), seen(500, 400)], 20)).toEqual([1, 1, 1]);
    expect(creditsOf([seen(500, 480), seen(500, 0)], 20)).toEqual([1, 1]);
    expect(creditsOf([], 20)).toEqual([]);
  });
});
