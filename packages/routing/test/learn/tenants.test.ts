import { Draw } from '@atp-router/kernel/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LEARNER_SETTINGS, type LearnerState, type RouteAt, RouteLearner, type RouteRecord } from '../../src/index.ts';
import { expected, HERE, KINDS, MODELS, type Played, playOne, teach } from './world.ts';

const others: readonly RouteAt[] = [
  { tenant: 'a', tick: 0, share: true },
  { tenant: 'b', tick: 0, share: false },
  { tenant: 'c', tick: 0, share: true },
];
const { each, all } = LEARNER_SETTINGS.knowledge.shared;

/** A record as somebody may make one up who wants to do harm: everything is as good or as bad as can be. */
function hostile(record: RouteRecord, draw: Draw): RouteRecord {
  const answers = record.answers.map((answer) => ({
    ...answer,
    model: draw.from(MODELS).id,
    out_tokens: draw.from([0, 1e8, Number.NaN, -1]),
    length: draw.from([-3, 3]),
    choice: draw.chance(0.3) ? undefined : draw.one(0, 1),
    unusable: draw.chance(0.3),
  }));
  return { ...record, answers, taken: answers[0]?.model };
}

describe('a tenant that does not share', () => {
  test('moves no decision of another by what it says, to the byte', () => {
    const told = fc.record({ seed: fc.integer(), often: fc.integer({ min: 1, max: 5 }), right: fc.constantFrom(0, 1) });
    fc.assert(
      fc.property(told, ({ seed, often, right }) => {
        const run = (is_hostile: boolean): readonly string[] => {
          const learner = new RouteLearner(seed);
          const [draw, harm] = [new Draw(seed), new Draw(seed + 1)];
          return Array.from({ length: 40 }, () => {
            const bad = playOne(learner, { ...HERE, tenant: 'bad' }, draw.from(KINDS), new Draw(seed));
            for (let i = 0; is_hostile && i < often; i += 1) {
              const record = hostile(bad.record, harm);
              learner.observe(record, { ...HERE, tenant: 'bad', tick: harm.one(0, 1_000_000) });
              learner.learn(record, right, { ...HERE, tenant: 'bad' });
            }
            return others.map((at) => {
              const { record, decided, right: was_right } = playOne(learner, at, draw.from(KINDS), draw);
              learner.observe(record, at);
              learner.learn(record, Number(was_right), at);
              return decided;
            });
          }).flat();
        };
        const learned = run(false);
        expect(learned.length).toBe(40 * others.length);
        expect(run(true)).toEqual(learned);
      }),
      { seed: 1_601, numRuns: 6 },
    );
  });

  test('goes by its own alone', () => {
    const learner = new RouteLearner(1);
    const before = expected(learner, { ...HERE, tenant: 'b' });
    for (const tenant of ['a', 'c', 'd']) teach(learner, { tenant, tick: 0, share: true }, 80, new Draw(2));
    expect(expected(learner, { ...HERE, tenant: 'b' })).toEqual(before);
    expect(expected(learner, { tenant: 'e', tick: 0, share: true })).not.toEqual(before);
  });
});

/** Means of the one who has learned nothing itself, where others were always told the same of one model. */
function behind(tellers: number, words: number): readonly number[] {
  const learner = new RouteLearner(1);
  const draw = new Draw(3);
  const one: Played = playOne(learner, HERE, 'verse', draw);
  const model = one.record.answers[0]?.model ?? '';
  for (let teller = 0; teller < tellers; teller += 1) {
    const at = { tenant: `teller ${teller}`, tick: 0, share: true };
    for (let i = 0; i < words; i += 1) learner.learn({ ...one.record, taken: model }, 0, at);
  }
  return expected(learner, { tenant: 'new', tick: 0, share: true });
}

describe('tenants that share', () => {
  test('move others by no more than the clip allows, however much they say', () => {
    const [nothing, some, most, more, many] = [
      behind(1, 0),
      behind(1, 20),
      behind(1, each),
      behind(1, 10 * each),
      behind(2, each),
    ] as const;
    const off = (means: readonly number[]): number =>
      Math.max(...means.map((mean, i) => Math.abs(mean - (nothing[i] ?? 0))));
    expect(off(some)).toBeGreaterThan(0.01);
    expect(off(most)).toBeGreaterThan(off(some));
    for (const [i, mean] of more.entries()) expect(mean).toBeCloseTo(most[i] ?? 0, 9);
    expect(off(many)).toBeGreaterThan(off(most));
    const [full, over] = [behind(all / each, each), behind(all / each + 3, each)];
    for (const [i, mean] of over.entries()) expect(mean).toBeCloseTo(full[i] ?? 0, 9);
  });

  test('a tenant that stops sharing counts for nobody any more', () => {
    const learner = new RouteLearner(1);
    const at = { tenant: 'a', tick: 0, share: true };
    const before = expected(learner, { ...at, tenant: 'x' });
    teach(learner, at, 60, new Draw(2));
    expect(expected(learner, { ...at, tenant: 'y' })).not.toEqual(before);
    const { record } = playOne(learner, at, 'sums', new Draw(2));
    learner.observe(record, { ...at, share: false });
    expect(expected(learner, { ...at, tenant: 'z' })).toEqual(before);
  });
});

describe('what was learned', () => {
  const tenantOf = ({ tenants }: LearnerState, name: string): LearnerState['tenants'][number] | undefined =>
    tenants.find(({ tenant }) => tenant === name);

  test('counts half after a half-life, and at last for nothing; what comes late is as if it had come in time', () => {
    const { half_life } = LEARNER_SETTINGS.knowledge;
    const { record } = playOne(new RouteLearner(1), HERE, 'sums', new Draw(1));
    const [late, early] = [half_life, 0].map((tick) => {
      const learner = new RouteLearner(1);
      learner.learn(record, 1, { ...HERE, tick });
      learner.learn(record, 1, { ...HERE, tick: half_life - tick });
      return learner;
    }) as [RouteLearner, RouteLearner];
    const [one] = tenantOf(late.state(), HERE.tenant)?.models ?? [];
    expect(one?.n).toBeCloseTo(1.5, 9);
    expect(late.state()).toEqual(early.state());
    late.learn({ ...record, answers: [], taken: undefined }, 1, { ...HERE, tick: 20 * half_life });
    expect(tenantOf(late.state(), HERE.tenant)?.models).toEqual([]);
  });

  test('of the tenant that was learned of longest ago goes when there are too many', () => {
    const learner = new RouteLearner(1);
    const { record } = playOne(learner, HERE, 'sums', new Draw(1));
    for (let i = 0; i < 300; i += 1) learner.learn(record, 1, { ...HERE, tenant: `tenant ${i}` });
    const { tenants } = learner.state();
    expect(tenants.length).toBe(256);
    expect(tenants[0]?.tenant).toBe('tenant 44');
    learner.learn(record, 1, { ...HERE, tenant: 'x'.repeat(513) });
    expect(learner.state().tenants.length).toBe(256);
    const first = expected(new RouteLearner(1), HERE);
    expect(expected(learner, { ...HERE, tenant: 'tenant 0' })).toEqual(first);
    expect(expected(learner, { ...HERE, tenant: 'tenant 299' })).not.toEqual(first);
  });
});
