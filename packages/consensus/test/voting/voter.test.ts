import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Said, Voter } from '../../src/voting/index.ts';
import { type Crowd, makeCrowd, type Question } from './crowd.ts';
import { vote } from './vote.ts';

/** Parts of right answers: of the voter, which votes before it learns, at last from prompt 1,000; and of equal votes. */
function run(
  questions: readonly Question[],
  told = 0,
): { readonly voter: number; readonly late: number; readonly majority: number } {
  const voter = new Voter();
  const plain = new Voter();
  let [learned, late, equal] = [0, 0, 0];
  for (const [turn, { answers, right }] of questions.entries()) {
    const is_right = vote(voter, answers).key === right;
    if (is_right) learned += 1;
    if (is_right && turn >= 1_000) late += 1;
    if (vote(plain, answers).key === right) equal += 1;
    voter.learn(answers);
    if (told > 0 && turn % told === 0) voter.feedback(answers, { kind: 'key', key: right });
  }
  return {
    voter: learned / questions.length,
    late: late / (questions.length - 1_000),
    majority: equal / questions.length,
  };
}

const accuracy = (questions: readonly Question[], place: number): number =>
  questions.filter(({ answers, right }) => answers[place]?.key === right).length / questions.length;

const alike = (count: number, each: number): readonly number[] => new Array<number>(count).fill(each);

describe('without labels', () => {
  test.each<[string, Omit<Crowd, 'seed' | 'prompts'>]>([
    ['three alike', { accuracies: alike(3, 0.6), options: 6 }],
    ['five alike, two options', { accuracies: alike(5, 0.7), options: 2 }],
    ['eleven alike', { accuracies: alike(11, 0.5), options: 6 }],
    ['28 alike', { accuracies: alike(28, 0.4), options: 10 }],
    ['from good to bad', { accuracies: [0.8, 0.7, 0.6, 0.5, 0.4, 0.35, 0.3], options: 6 }],
  ])('is not below the majority where sources err by themselves: %s', (_, crowd) => {
    for (const prompts of [150, 1_000]) {
      const { voter, majority } = run(makeCrowd({ ...crowd, prompts, seed: 3 }));
      expect(voter).toBeGreaterThan(majority - (prompts < 1_000 ? 0.04 : 0.015));
    }
  });

  test('finds the few that are right where the many follow one wrong answer', () => {
    const crowd = { accuracies: [0.8, 0.75, 0.7, 0.65, ...alike(20, 0.35)], options: 8, herd: 0.5 };
    const questions = makeCrowd({ ...crowd, prompts: 2_000, seed: 1 });
    const { voter, majority } = run(questions);
    expect(voter).toBeGreaterThan(majority + 0.06);
  });

  test.each([
    ['five of 13, word for word', { accuracies: [...alike(8, 0.6), ...alike(5, 0.3)], copies: 1, from: 8 }],
    ['five of 13, mostly', { accuracies: [...alike(8, 0.6), ...alike(5, 0.3)], copies: 0.8, from: 8 }],
    ['eight of 14', { accuracies: [0.8, 0.75, 0.7, 0.7, 0.65, 0.65, ...alike(8, 0.35)], copies: 1, from: 6 }],
  ])('gives copies of a weak source one voice: %s', (_, { accuracies, copies, from }) => {
    const members = accuracies.map((__, place) => place).slice(from);
    const questions = makeCrowd({ accuracies, options: 6, cliques: [{ members, copies }], prompts: 2_000, seed: 2 });
    const { voter, majority } = run(questions);
    expect(voter).toBeGreaterThan(majority + 0.15);
    expect(voter).toBeGreaterThan(accuracy(questions, 0));
  });
});

describe('with labels', () => {
  test('follows the one who is right, whatever the others say together', () => {
    const crowd = { accuracies: [0.85, ...alike(7, 0.4)], options: 4, herd: 0.9, prompts: 1_500, seed: 4 };
    const questions = makeCrowd(crowd);
    const { voter, late, majority } = run(questions, 5);
    expect(voter).toBeGreaterThan(majority + 0.1);
    expect(late).toBeGreaterThan(accuracy(questions.slice(1_000), 0) - 0.02);
  });

  test('takes marks of answers as it takes the right key, and several right answers', () => {
    const questions = makeCrowd({ accuracies: [0.8, 0.5, 0.4, 0.4], options: 4, prompts: 200, seed: 5 });
    const [by_key, by_marks] = [new Voter(), new Voter()];
    for (const { answers, right } of questions) {
      by_key.feedback(answers, { kind: 'key', key: right });
      by_marks.feedback(answers, { kind: 'marks', right: answers.map(({ key }) => key === right) });
    }
    expect(by_marks.state()).toEqual(by_key.state());
    const many = [0, 1, 2].map((i) => ({ source: `s${i}`, key: `k${i}` }));
    by_marks.feedback(many, { kind: 'marks', right: [true, true, false] });
    expect(by_marks.state().labelled.count).toBe(by_key.state().labelled.count + 1);
  });

  test('learns no weights of a prompt where nobody, or everybody, was right', () => {
    const voter = new Voter();
    const answers = [0, 1].map((i) => ({ source: `s${i}`, key: `k${i}` }));
    voter.feedback(answers, { kind: 'key', key: 'none of these' });
    voter.feedback(answers, { kind: 'marks', right: [true, true] });
    voter.feedback(answers, { kind: 'marks', right: [undefined, undefined] });
    expect(voter.state().labelled.count).toBe(0);
  });

  test('learns for a kind of task who is good at it', () => {
    const voter = new Voter();
    const [sums, words] = [10, 20].map((seed) =>
      makeCrowd({ accuracies: [0.5, 0.5, 0.5], options: 3, prompts: 600, seed }),
    );
    const expert = (questions: readonly Question[], place: number): readonly Question[] =>
      questions.map(({ answers, right }) => ({
        right,
        answers: answers.map((said, i) => (i === place ? { ...said, key: right } : said)),
      }));
    for (const [id, questions] of [
      ['sums', expert(sums ?? [], 0)],
      ['words', expert(words ?? [], 1)],
    ] as const)
      for (const { answers, right } of questions) {
        voter.learn(answers);
        voter.feedback(answers, { kind: 'key', key: right }, id);
      }
    const split: readonly Said[] = ['x', 'y', 'y'].map((key, i) => ({ source: `s${i}`, key }));
    expect([vote(voter, split, 'sums').key, vote(voter, split, 'words').key]).toEqual(['x', 'y']);
    expect(voter.weight('s0', 'sums')).toBeGreaterThan(voter.weight('s0', 'words'));
  });
});

describe('any voter', () => {
  const keys = fc.constantFrom('', '-', ' ', 'a', 'b', 'ab', '__proto__', 'constructor', '42');
  const prompt = fc.uniqueArray(fc.record({ source: fc.integer({ min: 0, max: 8 }), key: keys }), {
    maxLength: 9,
    selector: ({ source }) => source,
  });
  const stream = fc.array(fc.record({ said: prompt, right: keys, is_told: fc.boolean() }), { maxLength: 40 });

  /** What a voter says of a stream, with other names for sources and answers. */
  function outcomes(
    list: readonly {
      readonly said: readonly { source: number; key: string }[];
      readonly right: string;
      readonly is_told: boolean;
    }[],
    nameOf: (source: number) => string,
    keyOf: (key: string, turn: number) => string,
  ): readonly unknown[] {
    const voter = new Voter();
    return list.map(({ said, right, is_told }, turn) => {
      const blank = (key: string): boolean => key.trim() === '' || key === '-';
      const answers = said.map(({ source, key }) => ({
        source: nameOf(source),
        key: blank(key) ? key : keyOf(key, turn),
      }));
      const { key, sums } = vote(voter, answers);
      const weights = answers.map(({ source }) => voter.weight(source));
      voter.learn(answers);
      if (is_told) voter.feedback(answers, { kind: 'key', key: blank(right) ? right : keyOf(right, turn) });
      return [answers.findIndex((answer) => answer.key === key), sums, weights];
    });
  }

  test('comes to the same whatever sources and answers are called', () => {
    fc.assert(
      fc.property(stream, (list) => {
        const plain = outcomes(list, String, (key) => key);
        expect(
          outcomes(
            list,
            (source) => `z${9 - source}`,
            (key, turn) => `${key.length}${key}${turn}`,
          ),
        ).toEqual(plain);
      }),
      { numRuns: 60 },
    );
  });

  test('says numbers that can be used, for any answers', () => {
    fc.assert(
      fc.property(stream, (list) => {
        for (const outcome of outcomes(list, String, (key) => key)) {
          const [lane, sums, weights] = outcome as [number, readonly number[], readonly number[]];
          expect([...sums, ...weights].every(Number.isFinite)).toBe(true);
          expect(lane < 0).toBe(sums.length === 0);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('two that saw a half each add up to one that saw all, also by way of JSON', () => {
    const questions = makeCrowd({ accuracies: [0.8, 0.6, 0.5, 0.4, 0.3], options: 5, prompts: 300, seed: 8 });
    const [whole, left, right] = [new Voter(), new Voter(), new Voter()];
    // Labels are learned after all else: what is taken for the truth before depends on what was seen.
    for (const [turn, { answers, right: key }] of questions.entries())
      for (const voter of [whole, turn % 2 === 0 ? left : right])
        voter.feedback(answers, { kind: 'key', key }, turn % 3 === 0 ? 'a' : 'b');
    left.merge(JSON.parse(JSON.stringify(right.state())));
    const [a, b] = [left.state(), whole.state()];
    // Weights are made anew with a merge.
    const fresh = new Voter();
    fresh.merge(b);
    expect(a.labelled.count).toBe(b.labelled.count);
    for (const [i, sum] of b.labelled.gram.entries()) expect(a.labelled.gram[i]).toBeCloseTo(sum, 8);
    for (const source of b.sources) expect(left.weight(source, 'a')).toBeCloseTo(fresh.weight(source, 'a'), 6);
  });

  test('goes on after a restart as if there had been none, but for when weights are made anew', () => {
    const questions = makeCrowd({ accuracies: [0.8, 0.6, 0.5, 0.4, 0.3, 0.3], options: 5, prompts: 400, seed: 9 });
    const before = new Voter();
    for (const { answers } of questions) before.learn(answers);
    const after = new Voter();
    after.merge(before.state());
    expect(after.state()).toEqual(before.state());
    for (const { source } of questions[0]?.answers ?? [])
      expect(after.weight(source)).toBeCloseTo(before.weight(source), 1);
  });

  test('learns the same whether or not anybody reads between lessons', () => {
    const step = fc.record({
      is_read: fc.boolean(),
      is_told: fc.boolean(),
      cluster: fc.constantFrom(undefined, 'a', 'b'),
      keep: fc.constantFrom(1, 1, 1, 0.9),
    });
    const steps = fc.array(step, { minLength: 40, maxLength: 120 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 1_000 }), (list, seed) => {
        const crowd = { accuracies: [0.9, 0.8, 0.6, 0.4, 0.3, 0.3, 0.3], options: 4, herd: 0.6 };
        const questions = makeCrowd({ ...crowd, prompts: list.length, seed });
        const [unread, read] = [new Voter(), new Voter()];
        for (const [turn, { is_read, is_told, cluster, keep }] of list.entries()) {
          const { answers, right } = questions[turn] as Question;
          for (const voter of [unread, read]) {
            if (keep < 1) voter.age(keep);
            voter.learn(answers);
            if (voter === read && is_read) vote(voter, answers, cluster);
            if (is_told) voter.feedback(answers, { kind: 'key', key: right }, cluster);
            if (voter === read && is_read) voter.weight('s0', cluster);
          }
        }
        expect(read.state()).toEqual(unread.state());
      }),
      { numRuns: 25 },
    );
  });

  test('refuses what is no state', () => {
    const { pairs, ...rest } = new Voter().state();
    for (const state of [
      undefined,
      null,
      7,
      [],
      {},
      rest,
      { ...rest, pairs: { ...pairs, both: [1] } },
      { ...rest, pairs, version: 2 },
    ])
      expect(() => new Voter().merge(state)).toThrow(/no state of a voter/);
  });

  test('forgets by and by', () => {
    const voter = new Voter();
    const answers = ['a', 'a', 'b'].map((key, i) => ({ source: `s${i}`, key }));
    for (let i = 0; i < 8; i += 1) voter.learn(answers);
    voter.age(0.25);
    expect(voter.state().self.count).toBe(2);
    expect(voter.state().pairs.agree).toEqual([0, 2, 0, 0, 0, 0]);
  });

  test('counts clones of a source as one voice', () => {
    const voter = new Voter();
    const clones = ['a', 'a', 'b', 'b', 'b'].map((key, i) => ({ source: i < 2 ? `s${i}` : 'clone', key }));
    expect(vote(voter, clones)).toMatchObject({ key: 'a', sums: [2, 1] });
    voter.learn(clones);
    expect(voter.state().sources).toEqual(['s0', 's1', 'clone']);
  });
});
