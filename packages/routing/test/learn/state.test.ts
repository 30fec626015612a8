import type { Contribution } from '@atp-router/kernel';
import { Draw } from '@atp-router/kernel/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isLearnerState, LEARNER_SETTINGS, type LearnerState, type RouteAt, RouteLearner } from '../../src/index.ts';
import { expected, HERE, playOne, teach } from './world.ts';

const SETTINGS = { ...LEARNER_SETTINGS, topics: { ...LEARNER_SETTINGS.topics, begin_at: 32 }, silent_merges: 3 };
const SHARING: RouteAt = { tenant: 's', tick: 5, share: true };

function taught(seed: number, origin: string, prompts: number = 100): RouteLearner {
  const learner = new RouteLearner(seed, SETTINGS, origin);
  teach(learner, HERE, prompts, new Draw(seed));
  teach(learner, SHARING, prompts / 2, new Draw(seed + 1));
  return learner;
}

const told = (learner: RouteLearner): LearnerState => {
  const state: unknown = JSON.parse(JSON.stringify(learner.state()));
  if (!isLearnerState(state)) throw new Error('a learner refuses its own state');
  return state;
};

function near(actual: readonly number[], wanted: readonly number[], off: number): void {
  for (const [i, one] of actual.entries()) expect(Math.abs(one - (wanted[i] ?? 0))).toBeLessThan(off);
}

describe('a state', () => {
  test('goes on where it was, and is told in the same words again', () => {
    const state = told(taught(1, 'a'));
    const other = new RouteLearner(2, SETTINGS, 'a');
    expect(other.restore(state)).toBe(true);
    const again = told(other);
    expect(again.tenants).toEqual(state.tenants);
    expect(again.topics?.lineage).toBe(state.topics?.lineage);
    const third = new RouteLearner(3, SETTINGS, 'a');
    third.restore(state);
    for (const at of [HERE, SHARING]) expect(expected(third, at)).toEqual(expected(other, at));
  });

  test('says as much as the learner that it is of knows, within what was waiting to be looked at', () => {
    const learner = taught(4, 'a', 200);
    const other = new RouteLearner(4, SETTINGS, 'a');
    other.restore(told(learner));
    near(expected(other, HERE), expected(learner, HERE), 0.05);
  });

  test('of another number of topics is of no use', () => {
    const learner = new RouteLearner(1, { ...SETTINGS, topics: { ...SETTINGS.topics, topics: 8 } });
    expect(learner.restore(told(taught(1, 'a')))).toBe(false);
    learner.merge([{ origin: 'a', tick: 1, value: told(taught(1, 'a')) }]);
    expect(learner.state().tenants).toEqual([]);
  });

  test('that nobody can have made is refused', () => {
    const state = told(taught(1, 'a'));
    const text = JSON.stringify(state);
    const changed = (path: readonly (string | number)[], value: unknown): unknown => {
      const copy: unknown = JSON.parse(text);
      let inside = copy as Record<string | number, unknown>;
      for (const key of path.slice(0, -1)) inside = inside[key] as typeof inside;
      inside[path.at(-1) ?? ''] = value;
      return copy;
    };
    expect(isLearnerState(changed(['version'], 1))).toBe(true);
    const model = ['tenants', 0, 'models', 0];
    const bad: readonly (readonly [path: readonly (string | number)[], value: unknown])[] = [
      [['version'], 2],
      [['topic_count'], 1e9],
      [['topic_count'], 8],
      [['tenants'], {}],
      [['tenants', 0, 'tick'], 0.5],
      [['tenants', 0, 'tenant'], 'x'.repeat(513)],
      [[...model, 'n'], 1e6],
      [[...model, 'better'], 1e6],
      [[...model, 'a', 'value', 0], null],
      [[...model, 'a', 'value', 1], 1e6],
      [[...model, 'a', 'at', 1], 0],
      [[...model, 'b', 'at', 0], 1e6],
      [[...model, 'b', 'value', 0], 1e6],
      [['tenants', 0, 'models'], Array.from({ length: 301 }, () => state.tenants[0]?.models[0])],
      [['tenants', 0, 'accords', 0, 'pair'], ['a']],
      [['tenants', 0, 'accords', 0], null],
      [['tenants', 0, 'lengths', 0, 5], 0],
      [['tenants', 0, 'lengths', 0, 4], 1e9],
      [['tenants', 0, 'lengths', 0, 1], 32],
      [['topics', 'topics'], []],
      [['topics', 'topics', 0, 'value', 0], -1],
      [['topics', 'topics', 0, 'at', 0], 1e6],
      [['topics', 'version'], -1],
    ];
    for (const [path, value] of bad) expect(isLearnerState(changed(path, value)), path.join(' ')).toBe(false);
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(isLearnerState(value)).toBe(false);
      }),
      { seed: 1_701, numRuns: 300 },
    );
  });
});

describe('what others have learned', () => {
  const contribution = (learner: RouteLearner, origin: string, tick: number): Contribution<LearnerState> => ({
    origin,
    tick,
    value: told(learner),
  });

  test('adds up in any order, any number of times, and its newest state is in place of those before', () => {
    const [a, b] = [taught(1, 'a'), taught(2, 'b')];
    const old = contribution(a, 'a', 1);
    teach(a, HERE, 20, new Draw(9));
    const [first, second] = [contribution(a, 'a', 2), contribution(b, 'b', 1)];
    const run = (...merges: readonly Contribution<LearnerState>[][]): readonly number[] => {
      const learner = new RouteLearner(5, SETTINGS, 'c');
      for (const one of merges) learner.merge(one);
      return [...expected(learner, HERE), ...expected(learner, SHARING)];
    };
    const wanted = run([first, second]);
    expect(run([second, first, first])).toEqual(wanted);
    expect(run([second], [first, second])).toEqual(wanted);
    near(run([old], [first], [old], [second]), wanted, 1e-9);
    expect(run([old, second])).not.toEqual(wanted);
  });

  test('of one process or of two is the same', () => {
    const draw = new Draw(3);
    const settings = { ...SETTINGS, topics: { ...SETTINGS.topics, begin_at: 1_000 } };
    const [whole, one, two] = ['w', 'a', 'b'].map((origin) => new RouteLearner(1, settings, origin)) as RouteLearner[];
    for (let i = 0; i < 60; i += 1) {
      const { record, right } = playOne(whole as RouteLearner, HERE, 'sums', draw);
      for (const learner of [whole, i % 2 === 0 ? one : two]) {
        learner?.observe(record, HERE);
        learner?.learn(record, Number(right), HERE);
      }
    }
    const [all, parts] = ['x', 'y'].map((origin) => new RouteLearner(9, settings, origin)) as RouteLearner[];
    all?.restore(told(whole as RouteLearner));
    parts?.merge([contribution(one as RouteLearner, 'a', 1), contribution(two as RouteLearner, 'b', 1)]);
    near(expected(parts as RouteLearner, HERE), expected(all as RouteLearner, HERE), 1e-4);
  });

  test('is not in the state of those who were told, and no clock of theirs makes anybody forget', () => {
    const [a, b] = [taught(1, 'a'), new RouteLearner(2, SETTINGS, 'b')];
    const { record, right } = playOne(b, HERE, 'sums', new Draw(1));
    b.learn(record, Number(right), HERE);
    const before = b.state().tenants;
    const { value } = contribution(a, 'a', 1);
    b.merge([
      { origin: 'a', tick: 1, value: { ...value, tenants: value.tenants.map((one) => ({ ...one, tick: 1e12 })) } },
    ]);
    expect(b.state().tenants).toEqual(before);
    const alone = expected(new RouteLearner(2, SETTINGS, 'b'), HERE);
    expect(expected(b, HERE)).not.toEqual(alone);
  });
});

describe('topics', () => {
  const lineageOf = (learner: RouteLearner): string | undefined => learner.state().topics?.lineage;
  const versionOf = (learner: RouteLearner): number => learner.state().topics?.version ?? -1;
  const say = (from: RouteLearner, origin: string, tick: number): readonly Contribution<LearnerState>[] => [
    { origin, tick, value: told(from) },
  ];

  test('are looked for by the one that has seen most, and by another when it falls silent', () => {
    const [a, b] = [taught(1, 'a', 200), taught(2, 'b', 100)];
    const [of_a, before] = [lineageOf(a), lineageOf(b)];
    expect(before).not.toBe(of_a);
    a.merge(say(b, 'b', 1));
    expect(lineageOf(a)).toBe(of_a);
    b.merge(say(a, 'a', 1));
    expect([lineageOf(b), versionOf(b)]).toEqual([of_a, versionOf(a)]);
    teach(b, HERE, 40, new Draw(5));
    expect(versionOf(b)).toBe(versionOf(a));
    teach(a, HERE, 40, new Draw(6));
    b.merge(say(a, 'a', 2));
    expect(versionOf(b)).toBe(versionOf(a));
    for (let i = 0; i < SETTINGS.silent_merges; i += 1) b.merge(say(a, 'a', 2));
    teach(b, HERE, 40, new Draw(7));
    expect([lineageOf(b), versionOf(b)]).toEqual([of_a, versionOf(a) + 40]);
    a.merge(say(b, 'b', 2));
    expect(versionOf(a)).toBe(versionOf(b));
  });

  test('of another lineage make what was learned of topics nothing, and keep the rest', () => {
    const [a, b] = [taught(1, 'a', 200), taught(2, 'b', 100)];
    const { record } = playOne(b, HERE, 'sums', new Draw(1));
    const before = b.state().tenants[0]?.models[0];
    b.merge(say(a, 'a', 1));
    const after = b.state().tenants[0]?.models[0];
    expect(after?.n).toBe(before?.n);
    expect(after?.b.at.filter((place) => place >= 1 && place <= 32)).toEqual([]);
    expect(after?.b.at.length).toBeGreaterThan(2);
    b.learn(record, 1, HERE);
    expect(b.state().tenants[1]?.models.flatMap(({ b: { at } }) => at.filter((i) => i >= 1 && i <= 32))).toEqual([]);
  });

  test('are told in less than 200 kB', () => {
    expect(JSON.stringify(taught(1, 'a', 300).state().topics).length).toBeLessThan(200_000);
  });
});
