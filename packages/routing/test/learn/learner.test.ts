import { Draw } from '@atp-router/kernel/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  LEARNER_SETTINGS,
  type LearnerSettings,
  type NextStep,
  type RouteAnswer,
  type RouteCandidate,
  RouteLearner,
  type RouteTask,
} from '../../src/index.ts';
import { HERE, KINDS, type Kind, MODELS, QUALITY_USD, QUESTION as ASKED, textOf } from './world.ts';

const QUESTION = { ...ASKED, ...HERE };

interface Seen {
  readonly kind: Kind;
  readonly asked: readonly string[];
  readonly taken: string;
  readonly right: boolean;
}

function play(
  prompts: number,
  seed: number,
  settings: LearnerSettings = LEARNER_SETTINGS,
  told = (_right: boolean): number | undefined => Number(_right),
): readonly Seen[] {
  const draw = new Draw(seed);
  const learner = new RouteLearner(seed, settings);
  return Array.from({ length: prompts }, () => {
    const kind = draw.from(KINDS);
    const task = learner.decide({ ...QUESTION, text: textOf(kind, draw) });
    const truth = new Map(MODELS.map(({ id, right }) => [id, draw.chance(right[kind]) ? 0 : draw.one(1, 2)]));
    const came: RouteAnswer[] = [];
    let next: NextStep = { kind: 'ask', model: task.first.model };
    while (next.kind === 'ask') {
      came.push({ kind: 'answer', model: next.model, out_tokens: 200, choice: truth.get(next.model) });
      next = task.next(came);
    }
    const taken = next.model ?? '';
    const record = task.record(came, taken);
    learner.observe(record, HERE);
    const right = truth.get(taken) === 0;
    const word = told(right);
    if (word !== undefined) learner.learn(record, word, HERE);
    return { kind, asked: came.map(({ model }) => model), taken, right };
  });
}

const share = (seen: readonly Seen[], is: (one: Seen) => boolean): number => seen.filter(is).length / seen.length;
const lateOf = (seen: readonly Seen[], kind: Kind): readonly Seen[] =>
  seen.slice(-600).filter((one) => one.kind === kind);

describe('a learner', () => {
  test('finds out from the words of prompts where the cheap one will do, and nowhere is told of topics', () => {
    const seen = play(2_000, 3);
    const [sums, verse] = [lateOf(seen, 'sums'), lateOf(seen, 'verse')];
    expect(share(sums, ({ asked }) => asked.includes('dear'))).toBeLessThan(0.25);
    expect(share(verse, ({ asked }) => asked.includes('dear'))).toBeGreaterThan(0.75);
    expect(share(sums, ({ right }) => right)).toBeGreaterThan(0.85);
    expect(share(verse, ({ right }) => right)).toBeGreaterThan(0.75);
  });

  test('is the same for the same seed, and another for another', () => {
    expect(play(300, 5)).toEqual(play(300, 5));
    expect(play(300, 5)).not.toEqual(play(300, 6));
  });

  test('asks nobody a second time, takes an answer that was given, and ends, whatever is told', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(0, 0.5, 1), fc.constantFrom(0, 1, 3), (seed, boldness, openers) => {
        const task = { ...LEARNER_SETTINGS.task, boldness, openers };
        const words = new Draw(seed);
        const told = (): number | undefined => (words.chance(0.3) ? undefined : words.next());
        for (const { asked, taken } of play(60, seed, { ...LEARNER_SETTINGS, task }, told)) {
          expect(new Set(asked).size).toBe(asked.length);
          expect(asked).toContain(taken);
          if (openers === 0) expect(asked).toHaveLength(1);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('asks somebody else where one fails, takes what there is, and says when nobody is left', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom('any', 'single', 'cascade'), (seed, plans) => {
        const draw = new Draw(seed);
        const task = new RouteLearner(seed).decide({ ...QUESTION, plans, text: textOf('sums', draw) });
        const came: RouteAnswer[] = [];
        let next: NextStep = { kind: 'ask', model: task.first.model };
        while (next.kind === 'ask') {
          const { model } = next;
          came.push(draw.chance(0.5) ? { kind: 'failed', model } : { kind: 'answer', model, out_tokens: 9, choice: 0 });
          next = task.next(came);
          expect(task.next(came)).toEqual(next);
        }
        expect(new Set(came.map(({ model }) => model)).size).toBe(came.length);
        const answered = came.filter(({ kind }) => kind === 'answer').map(({ model }) => model);
        if (next.kind === 'take') expect(answered).toContain(next.model);
        else expect([answered, came.length]).toEqual([[], MODELS.length]);
        expect(task.record(came, next.model).answers.map(({ model }) => model)).toEqual(answered);
      }),
      { numRuns: 300 },
    );
  });

  test('takes what cannot be used only where nobody is left to ask, and holds it wrong without a word', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom('any', 'single', 'cascade'), (seed, plans) => {
        const draw = new Draw(seed);
        const learner = new RouteLearner(seed);
        const task = learner.decide({ ...QUESTION, plans, text: textOf('sums', draw) });
        const came: RouteAnswer[] = [];
        let next: NextStep = { kind: 'ask', model: task.first.model };
        while (next.kind === 'ask') {
          const { model } = next;
          const kind = draw.from(['answer', 'unusable', 'unusable', 'failed'] as const);
          came.push(kind === 'failed' ? { kind, model } : { kind, model, out_tokens: 9, choice: 0 });
          next = task.next(came);
          expect(task.next(came)).toEqual(next);
        }
        const of = (kind: RouteAnswer['kind']): string[] =>
          came.filter((one) => one.kind === kind).map(({ model }) => model);
        expect(new Set(came.map(({ model }) => model)).size).toBe(came.length);
        if (of('answer').length > 0) expect(of('answer')).toContain(next.model);
        else expect([came.length, next.model]).toEqual([MODELS.length, of('unusable')[0]]);
        const record = task.record(came, next.model);
        const bad = record.answers.filter(({ unusable }) => unusable);
        expect(bad.map(({ model }) => model)).toEqual(of('unusable'));
        learner.observe(JSON.parse(JSON.stringify(record)), HERE);
        const { tenants } = learner.state();
        expect(tenants[0]?.models.map(({ model, n, b }) => [model, n, b.at])).toEqual(
          of('unusable')
            .sort()
            .map((model) => [model, 1, []]),
        );
      }),
      { seed: 1_501, numRuns: 300 },
    );
  });

  test('says how likely its first move was, and where it tries nothing it was certain', () => {
    const draw = new Draw(9);
    const bold = new RouteLearner(1);
    const sure = new RouteLearner(1, { ...LEARNER_SETTINGS, task: { ...LEARNER_SETTINGS.task, boldness: 0 } });
    const propensities = Array.from({ length: 200 }, () => {
      const text = textOf(draw.from(KINDS), draw);
      expect(sure.decide({ ...QUESTION, text }).propensity).toBe(1);
      return bold.decide({ ...QUESTION, text }).propensity;
    });
    expect(Math.min(...propensities)).toBeGreaterThan(0);
    expect(Math.max(...propensities)).toBeLessThanOrEqual(1);
    expect(propensities.some((one) => one < 1)).toBe(true);
  });

  test('refuses a task that nobody may be asked for, a quality that is worth nothing, and words that are none', () => {
    const learner = new RouteLearner(1);
    const ask = (candidates: readonly RouteCandidate[], quality_usd: number): RouteTask =>
      learner.decide({ ...QUESTION, text: 'hello', candidates, quality_usd });
    expect(() => ask([], QUALITY_USD)).toThrow(RangeError);
    for (const worth of [0, -1, Number.NaN]) expect(() => ask(MODELS, worth)).toThrow(RangeError);
    const task = ask(MODELS, QUALITY_USD);
    const { model } = task.first;
    const record = task.record([{ kind: 'answer', model, out_tokens: Number.NaN, choice: 0 }], model);
    learner.observe(record, HERE);
    for (const right of [Number.NaN, -0.1, 1.1]) expect(() => learner.learn(record, right, HERE)).toThrow(RangeError);
    learner.learn(record, 1, HERE);
    expect(MODELS.map(({ id }) => id)).toContain(ask(MODELS, QUALITY_USD).first.model);
    expect(() => task.next([{ kind: 'failed', model: 'stranger' }])).toThrow(RangeError);
  });

  test('that is told nothing still begins with a guess that prices give', () => {
    const learner = new RouteLearner(1, {
      ...LEARNER_SETTINGS,
      task: { ...LEARNER_SETTINGS.task, boldness: 0, openers: 0 },
    });
    const first = (quality_usd: number): string =>
      learner.decide({ ...QUESTION, text: 'hello there', quality_usd }).first.model;
    expect(first(1_000)).toBe('dear');
    expect(first(0.0001)).not.toBe('dear');
  });
});
