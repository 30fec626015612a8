import { expect, test } from 'vitest';
import { flipRisk, Voter } from '../../src/voting/index.ts';
import { makeCrowd } from './crowd.ts';

const outcomeOf = (keys: readonly string[]): ReturnType<Voter['vote']> =>
  new Voter().vote(keys.map((key, i) => ({ source: `s${i}`, key })));

test('nothing can change an outcome when nobody is open, or the rest is too light', () => {
  expect(flipRisk(outcomeOf(['a', 'b']), [])).toBe(0);
  expect(flipRisk(outcomeOf(['a', 'a', 'b']), [0.9])).toBe(0);
  expect(flipRisk(outcomeOf(['a', 'a', 'b']), [1, 1])).toBeGreaterThan(0);
});

test('everything is open before the first answer', () => {
  expect(flipRisk(outcomeOf([]), [1])).toBe(1);
});

test('is lower the further ahead an answer is', () => {
  const risks = [1, 2, 3, 4, 5].map((votes) =>
    flipRisk(outcomeOf([...new Array<string>(votes).fill('a'), 'b']), [1, 1, 1, 1]),
  );
  expect(risks).toEqual([...risks].sort((a, b) => b - a));
  expect(new Set(risks).size).toBe(5);
});

test('stopped at a risk, votes come out otherwise about as often as that, and with fewer calls', () => {
  const questions = makeCrowd({ accuracies: new Array<number>(15).fill(0.55), options: 5, prompts: 1_500, seed: 6 });
  const voter = new Voter();
  let [calls, flips] = [0, 0];
  for (const { answers } of questions) {
    const full = voter.vote(answers).key;
    for (let asked = 1; asked <= answers.length; asked += 1) {
      const heard = voter.vote(answers.slice(0, asked));
      if (
        flipRisk(
          heard,
          answers.slice(asked).map(() => 1),
        ) > 0.05
      )
        continue;
      calls += asked;
      if (heard.key !== full) flips += 1;
      break;
    }
  }
  expect(flips / questions.length).toBeLessThan(0.05);
  expect(calls / questions.length).toBeLessThan(0.75 * 15);
});
