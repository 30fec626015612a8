import { seededRng } from '@atp-router/kernel';
import { Draw } from '@atp-router/kernel/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isLearnerState,
  LEARNER_KINDS,
  learnerOf,
  type NextStep,
  type RouteAnswer,
  type RoutingLearner,
} from '../../src/index.ts';
import { RegressionSums } from '../../src/learn/sums.ts';
import { linUcb } from '../../src/rivals/linucb.ts';
import { thompson } from '../../src/rivals/thompson.ts';
import { ucb } from '../../src/rivals/ucb.ts';
import { HERE, KINDS, type Kind, MODELS, QUALITY_USD, QUESTION, textOf } from '../learn/world.ts';

const RIVALS = LEARNER_KINDS.filter((kind) => kind !== 'default');

/** Plays tasks of both kinds, each told of; who was asked first for the last 400. */
function play(learner: RoutingLearner, prompts: number, draw: Draw, quality_usd: number = QUALITY_USD) {
  const asked: { readonly kind: Kind; readonly model: string }[] = [];
  for (let i = 0; i < prompts; i += 1) {
    const kind = draw.from(KINDS);
    const task = learner.decide({ ...QUESTION, ...HERE, plans: 'single', quality_usd, text: textOf(kind, draw) });
    const { model } = task.first;
    const right = MODELS.find(({ id }) => id === model)?.right[kind] ?? 0;
    const came: RouteAnswer[] = [{ kind: 'answer', model, out_tokens: 200, choice: 0 }];
    expect(task.next(came)).toEqual({ kind: 'take', model });
    expect(task.propensity).toBeGreaterThan(0);
    expect(task.propensity).toBeLessThanOrEqual(1);
    const record = JSON.parse(JSON.stringify(task.record(came, model)));
    learner.observe(record, HERE);
    learner.learn(record, draw.chance(right) ? 1 : 0, HERE);
    asked.push({ kind, model });
  }
  return asked.slice(-400);
}

const dear = (asked: ReturnType<typeof play>, kind: Kind): number => {
  const of_kind = asked.filter((one) => one.kind === kind);
  return of_kind.filter(({ model }) => model === 'dear').length / of_kind.length;
};

/** Of a model that was asked `n` times on one topic and was right so often. */
function sumsOf(n: number, right: number, topic: number): RegressionSums {
  const sums = new RegressionSums(44);
  for (let i = 0; i < n; i += 1) sums.observe({ at: [0, 1 + topic], value: [1, 1] }, i < right ? 1 : 0, 1);
  return sums;
}

const prompt = (topic: number | undefined) => ({
  ...{ features: { at: [0, 1 + (topic ?? 0)], value: [1, 1] }, lineage: 'a', topic, kind: 'other' as const },
});

describe('a rival', () => {
  test.each(['thompson', 'linucb'] as const)('%s finds out where the cheap one will do', (kind) => {
    const asked = play(learnerOf(kind, 3), 1_600, new Draw(3));
    expect(dear(asked, 'sums')).toBeLessThan(0.25);
    expect(dear(asked, 'verse')).toBeGreaterThan(0.75);
  });

  test('ucb counts success by its price, whatever quality is worth', () => {
    const cheap = play(learnerOf('ucb', 3), 1_000, new Draw(3), 1e-3);
    expect(play(learnerOf('ucb', 3), 1_000, new Draw(3), 1e3)).toEqual(cheap);
    expect(dear(cheap, 'sums')).toBeLessThan(0.5);
  });

  test('ucb: success by cost, and more where less was seen', () => {
    const facts = [
      { cost: 0.1, sums: sumsOf(8, 4, 5) },
      { cost: 0.4, sums: sumsOf(8, 8, 5) },
      { cost: 0.1, sums: sumsOf(90, 45, 7) },
    ];
    const [one, two, three] = ucb().arms(facts, prompt(5));
    expect(one?.worth(undefined)).toBeCloseTo(0.5);
    expect(two?.worth(undefined)).toBeCloseTo(0.9 / 4);
    expect((one?.worth(seededRng(1)) ?? 0) - 0.5).toBeCloseTo(Math.SQRT2 * Math.sqrt(Math.log(16) / 8));
    expect(three?.worth(seededRng(1))).toBeGreaterThan(5);
    // Without topics all that was seen counts.
    expect(ucb().arms(facts, prompt(undefined))[2]?.mean).toBeCloseTo(46 / 92);
  });

  test('thompson: draws are of the Beta distribution of what was seen', () => {
    const [arm] = thompson().arms([{ cost: 0.25, sums: sumsOf(10, 7, 2) }], prompt(2));
    const rng = seededRng(11);
    const drawn = Array.from({ length: 20_000 }, () => (arm?.worth(rng) ?? 0) + 0.25);
    const mean = drawn.reduce((sum, one) => sum + one, 0) / drawn.length;
    const variance = drawn.reduce((sum, one) => sum + (one - mean) ** 2, 0) / drawn.length;
    expect(Math.abs(mean - 8 / 12)).toBeLessThan(0.005);
    expect(Math.abs(Math.sqrt(variance) - Math.sqrt((8 * 4) / (12 * 12 * 13)))).toBeLessThan(0.003);
    expect(Math.min(...drawn)).toBeGreaterThan(0);
    expect(Math.max(...drawn)).toBeLessThan(1);
    expect(arm?.worth(undefined)).toBeCloseTo(8 / 12 - 0.25);
  });

  test('linucb: ridge regression, and as much hope as is left open', () => {
    const rule = linUcb(44);
    const sums = sumsOf(3, 3, 0);
    // A = I + 3·11ᵀ over two features: both weights are 3 ÷ 7, and the variance of their sum is 2 ÷ 7.
    const [arm] = rule.arms([{ cost: 0.1, sums }], prompt(0));
    expect(arm?.worth(undefined)).toBeCloseTo(6 / 7 - 0.1);
    expect(arm?.worth(seededRng(1))).toBeCloseTo(6 / 7 - 0.1 + Math.sqrt(2 / 7));
    sums.observe({ at: [0, 1], value: [1, 1] }, 0, 1);
    expect(rule.arms([{ cost: 0.1, sums }], prompt(0))[0]?.mean).toBeCloseTo(6 / 9);
  });

  test('asks somebody else where one fails, and what cannot be used is taken only where nobody is left', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(...RIVALS), (seed, kind) => {
        const draw = new Draw(seed);
        const learner = learnerOf(kind, seed);
        const task = learner.decide({ ...QUESTION, ...HERE, text: textOf('sums', draw) });
        const came: RouteAnswer[] = [];
        let next: NextStep = { kind: 'ask', model: task.first.model };
        while (next.kind === 'ask') {
          const { model } = next;
          const what = draw.from(['answer', 'unusable', 'failed'] as const);
          came.push(what === 'failed' ? { kind: what, model } : { kind: what, model, out_tokens: 9, choice: 0 });
          next = task.next(came);
          expect(task.next(came)).toEqual(next);
        }
        const of = (what: RouteAnswer['kind']): string[] =>
          came.filter((one) => one.kind === what).map((one) => one.model);
        expect(new Set(came.map(({ model }) => model)).size).toBe(came.length);
        expect(next.model).toBe(of('answer')[0] ?? of('unusable')[0]);
        if (of('answer').length === 0) expect(came).toHaveLength(MODELS.length);
        const record = task.record(came, next.model);
        expect(record.answers.map(({ model }) => model).sort()).toEqual([...of('answer'), ...of('unusable')].sort());
        expect(() => task.next([{ kind: 'failed', model: 'stranger' }])).toThrow(RangeError);
      }),
      { seed: 1_601, numRuns: 100 },
    );
  });

  test.each(RIVALS)('%s tries nothing where that is forbidden, and is the same for the same seed', (kind) => {
    const [one, other] = [learnerOf(kind, 5), learnerOf(kind, 5)];
    expect(play(one, 300, new Draw(5))).toEqual(play(other, 300, new Draw(5)));
    const ask = (seed: number) =>
      one.decide({ ...QUESTION, ...HERE, text: textOf('verse', new Draw(1)), may_explore: seed > 99 });
    const tasks = Array.from({ length: 50 }, (_, i) => ask(i));
    for (const { propensity, tried } of tasks) expect([propensity, tried]).toEqual([1, 0]);
    expect(new Set(tasks.map(({ first }) => first.model)).size).toBe(1);
  });

  test.each(RIVALS)('%s knows what any other learned, from its state', (kind) => {
    const learner = learnerOf('default', 7, 'a');
    // So little worth that the cheap ones are asked.
    play(learner, 500, new Draw(7), 0.01);
    const state: unknown = JSON.parse(JSON.stringify(learner.state()));
    if (!isLearnerState(state)) throw new Error('a learner refuses its own state');
    const rival = learnerOf(kind, 8, 'a');
    expect(rival.restore(state)).toBe(true);
    const again: unknown = JSON.parse(JSON.stringify(rival.state()));
    expect(isLearnerState(again) && again.tenants).toEqual(state.tenants);
    // Whichever of the two cheap ones it went by, over several topics of each kind.
    const draw = new Draw(2);
    const chance = (of: Kind): number => {
      const means = Array.from({ length: 40 }, () => {
        const task = rival.decide({ ...QUESTION, ...HERE, text: textOf(of, draw), may_explore: false });
        return Math.max(task.outlookOf('cheap').mean, task.outlookOf('like').mean);
      });
      return means.reduce((sum, mean) => sum + mean, 0) / means.length;
    };
    expect(chance('sums')).toBeGreaterThan(chance('verse') + 0.1);
  });
});
