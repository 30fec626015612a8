import { seededRng } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/index.ts';
import { betaBinomialTail } from '../../src/strategies/overtake.ts';
import { viewOf } from './scenes.ts';
import { decide, resultOf, said, sceneOf } from './say.ts';
import { made } from './tools.ts';

const [majority, first_win, self_consistency] = [made('majority'), made('first_win'), made('self_consistency')];

const lanesOf = (result: { shares: readonly { lane: number }[] }): number[] => result.shares.map(({ lane }) => lane);

describe('majority', () => {
  test('takes the answer with the most weight, and says how much it has', () => {
    const equal = resultOf(majority, sceneOf(['A', 'B', 'B', ''], { settings: { weights: 'equal' } }));
    expect(equal.text).toBe('It is B.');
    expect(equal.agreement).toBeCloseTo(2 / 3);
    expect(equal.confidence).toBeCloseTo(3 / 5);
    expect(lanesOf(equal)).toEqual([1, 2]);
    const learned = resultOf(majority, sceneOf(['A', 'B', 'B'], { weights: [3, 1, 1] }));
    expect(learned.text).toBe('It is A.');
    // Of 3 + 2, and half a vote for what nobody said.
    expect(learned.confidence).toBeCloseTo(3 / 5.5);
  });

  test('who is most often wrong speaks against what he says', () => {
    // Two of 1 each against three of whom one takes two from what he says.
    const told = { weights: [1, 1, 2, 1.5, -2] };
    expect(resultOf(majority, sceneOf(['A', 'A', 'B', 'B', 'B'], told)).text).toBe('It is A.');
    expect(resultOf(majority, sceneOf(['A', 'A', 'B', 'B', 'A'], told)).text).toBe('It is B.');
    // Nobody is against an answer in equal votes, nor in shares.
    const { shares, agreement } = resultOf(majority, sceneOf(['A', 'B'], { weights: [-3, -1] }));
    expect([agreement, ...shares.map(({ share }) => share)].every((share) => share >= 0 && share <= 1)).toBe(true);
    // He can still take the lead from the first.
    const open = decide(majority, sceneOf(['A', 'B', 'A'], { weights: [2, 1, -2] }), 2);
    expect(open.kind).toBe('wait');
  });

  test('is safe as soon as open lanes cannot change it, and not before', () => {
    const scene = sceneOf(['A', 'A', 'B', 'B', 'B'], { settings: { weights: 'equal' } });
    expect(decide(majority, scene, 2).kind).toBe('wait');
    expect(decide(majority, scene, 4).kind).toBe('wait');
    expect(decide(majority, sceneOf(['A', 'A', 'A', 'B', 'B'], {}), 3)).toMatchObject({ kind: 'done', is_safe: true });
    // A tie goes to the first lane, so half of the votes are enough for it.
    expect(decide(majority, sceneOf(['A', 'A', 'B', 'B'], {}), 2)).toMatchObject({ kind: 'done', is_safe: true });
  });

  test('gives a tie to the highest standing, then to the first lane', () => {
    const weighed = sceneOf(['A', 'B', 'A', 'B'], { settings: { weights: 'equal' }, weights: [1, 1, 1, 2] });
    expect(resultOf(majority, weighed).text).toBe('It is B.');
    expect(resultOf(majority, sceneOf(['B', 'A'], {})).text).toBe('It is B.');
  });

  test('with a quorum, votes come before weight', () => {
    const scene = sceneOf(['A', 'B', 'B', 'C'], { settings: { quorum: 2 }, weights: [9, 1, 1, 1] });
    const result = resultOf(majority, scene);
    expect(result.text).toBe('It is B.');
    const missed = resultOf(majority, { ...scene, settings: { ...scene.settings, quorum: 3 } });
    expect(missed.text).toBe('It is A.');
    expect(missed.uncertainties).toContain('the quorum of 3 was not met');
    // Enough votes are told, though another answer may come to have as many and more weight.
    const early = sceneOf(['B', 'B', 'A', 'A', 'A'], { settings: { quorum: 2 } });
    expect(decide(majority, early, 2)).toMatchObject({ kind: 'done', is_safe: false });
  });

  test('clones count less than others who agree, a part of an answer half, and one below chance nothing', () => {
    expect(resultOf(majority, sceneOf(['A', 'A', 'A', 'B', 'B'], { sources: [0, 0, 0, 1, 2] })).text).toBe('It is B.');
    const equal = { settings: { weights: 'equal' as const }, sources: [0, 0, 0, 1, 2] };
    expect(resultOf(majority, sceneOf(['A', 'A', 'A', 'B', 'B'], equal)).text).toBe('It is A.');
    const part = sceneOf([{ ...said('A'), is_partial: true }, 'B'], {});
    expect(resultOf(majority, part)).toMatchObject({ text: 'It is B.', agreement: 1 / 1.5 });
    expect(resultOf(majority, sceneOf(['A', 'B', 'A'], { weights: [-1, 0.1, -1] })).text).toBe('It is B.');
  });

  test('where nobody has anything to vote for, somebody is heard all the same', () => {
    const result = resultOf(majority, sceneOf(['', ''], { weights: [1, 2] }));
    expect(result).toMatchObject({ lane: 1, confidence: 0, agreement: 0 });
  });

  test('is told early when it is as sure as the plan asks for', () => {
    const scene = sceneOf(['A', 'A', 'B', 'B', 'B'], { weights: [1, 1, 1, 1, 1] });
    const { plan } = viewOf(scene, 2);
    const told = (tau_final: number): Verdict => decide(majority, scene, 2, { plan: { ...plan, tau_final } });
    expect(told(0.8)).toMatchObject({ kind: 'done', is_safe: false });
    expect(told(0.9).kind).toBe('wait');
  });
});

describe('first_win', () => {
  test('takes the first whole answer by arrival, and parts only when there is no other', () => {
    const part = { ...said('C'), is_partial: true };
    expect(resultOf(first_win, sceneOf([part, 'A', 'B'], { order: [0, 2, 1] })).text).toBe('It is B.');
    expect(decide(first_win, sceneOf([part, 'A'], {}), 1).kind).toBe('wait');
    expect(resultOf(first_win, sceneOf([part, undefined], {}))).toMatchObject({ text: 'It is C.' });
    expect(decide(first_win, sceneOf(['A', 'B'], {}), 1)).toMatchObject({ kind: 'done', is_safe: true });
  });
});

describe('self_consistency', () => {
  test('stops once another outcome is as unlikely as asked for', () => {
    const clones = Array.from({ length: 12 }, () => 0);
    const scene = sceneOf(['A', 'A', 'A', 'A', 'A', 'A', 'A', 'B', 'A', 'A', 'A', 'B'], { sources: clones });
    const ended = (risk: number): number => {
      const own = { ...scene, settings: { ...scene.settings, risk } };
      return clones.findIndex((_, i) => decide(self_consistency, own, i + 1).kind === 'done') + 1;
    };
    expect([ended(0.2), ended(0.05), ended(0)]).toEqual([2, 3, 6]);
  });

  test('the tail of the Beta-binomial is that of its definition', () => {
    // Uniform p: each number of successes is as likely as any other.
    expect(betaBinomialTail(3, 4, 1, 1)).toBeCloseTo(2 / 5);
    expect(betaBinomialTail(0, 5, 2, 7)).toBeCloseTo(1);
    // By hand: a(a + 1) ÷ (a + b)(a + b + 1).
    expect(betaBinomialTail(2, 2, 1, 2)).toBeCloseTo(1 / 6);
  });

  test('is wrong about the full vote no more often than it says', () => {
    const rng = seededRng(7);
    let stopped = 0;
    let changed = 0;
    let saved = 0;
    for (let round = 0; round < 400; round += 1) {
      // The model assumes that any share of the first answer is as likely as any other.
      const p = rng.next();
      const keys = Array.from({ length: 15 }, () => (rng.next() < p ? 'A' : 'B'));
      const scene = sceneOf(keys, { sources: keys.map(() => 0), settings: { risk: 0.1 } });
      const full = resultOf(self_consistency, scene).text;
      for (let ended = 1; ended < keys.length; ended += 1) {
        const verdict = decide(self_consistency, scene, ended);
        if (verdict.kind !== 'done') continue;
        stopped += 1;
        saved += keys.length - ended;
        if (verdict.result.text !== full) changed += 1;
        break;
      }
    }
    expect(stopped).toBeGreaterThan(300);
    expect(changed / stopped).toBeLessThan(0.1);
    expect(saved / stopped).toBeGreaterThan(5);
  });
});
