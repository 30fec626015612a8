import { seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ARMS, DEFAULT_LEARNED, type LearnedState, learnedTuner } from '../../src/tune/learned.ts';
import { readLearned, StateError, writeLearned } from '../../src/tune/learned-state.ts';
import { DEFAULT_AIMD } from '../../src/window/aimd.ts';
import { QUIET } from './support.ts';

const GOAL = { p95_ms: 1_000, capacity_tokens_per_s: 10_000 };
const CONFIGURED = { ...DEFAULT_AIMD, base: 10, max: 100 };
const OPTIONS = { ...DEFAULT_LEARNED, cycle_ms: 60_000, phases: 2 };

/** Runs on a target whose best window depends on the phase, and returns the windows of the last seconds by phase. */
function learn(seed: number, seconds: number): { readonly state: LearnedState; readonly last: readonly number[][] } {
  const tuner = learnedTuner(CONFIGURED, GOAL, OPTIONS);
  const rng = seededRng(seed);
  const last: number[][] = [[], []];
  let now = tuner.begin();
  for (let i = 0; i < seconds; i += 1) {
    const phase = Math.floor((i % 60) / 30);
    const best = phase === 0 ? 100 : 20;
    const { max } = now.factors;
    const tokens = max <= best ? (10_000 * max) / best : Math.max(0, 10_000 - 400 * (max - best));
    if (seconds - i <= 600) last[phase]?.push(max);
    now = tuner.decide(now.state, { ...QUIET, start_ms: i * 1_000, tokens }, rng);
  }
  return { state: now.state, last };
}

describe('the learned tuner', () => {
  test('learns for each phase which window is best', () => {
    for (const seed of [1, 2, 3]) {
      const [first = [], second = []] = learn(seed, 20_000).last;
      const share = (windows: readonly number[], best: number): number =>
        windows.filter((window) => window === best).length / windows.length;
      // The rest is what it tries at random, and the first interval of a phase.
      expect(share(first, 100)).toBeGreaterThan(0.85);
      expect(share(second, 20)).toBeGreaterThan(0.85);
    }
  });

  test('makes a choice stand for some intervals, and ends it where the phase ends', () => {
    const tuner = learnedTuner(CONFIGURED, GOAL, { ...OPTIONS, stay: 5 });
    const rng = seededRng(1);
    let now = tuner.begin();
    const begun: number[] = [];
    for (let i = 0; i < 40; i += 1) {
      now = tuner.decide(now.state, { ...QUIET, start_ms: i * 1_000 }, rng);
      if (now.state.standing?.intervals === 0) begun.push(i + 1);
    }
    expect(begun).toEqual([1, 6, 11, 16, 21, 26, 30, 35, 40]);
  });

  test('forgets: a cell counts to its memory and no further', () => {
    const { state } = learn(1, 20_000);
    expect(Math.max(...state.cells.map(({ n }) => n))).toBe(OPTIONS.memory);
  });
});

describe('what was learned', () => {
  const { state } = learn(1, 2_000);
  const text = writeLearned(state, OPTIONS);

  test('is written and read back, without the choice that stands', () => {
    expect(readLearned(text, OPTIONS)).toEqual({ ...state, standing: null });
  });

  test.each<[string, string, string]>([
    ['no JSON', '{', 'not JSON'],
    ['another object', '{"atp_tuner":2,"kind":"learned"}', 'no state of a learned tuner'],
    ['null', 'null', 'no state of a learned tuner'],
    ['too long', ' '.repeat(1_048_577), 'more than 1048576 characters'],
    ['other phases', text.replace('"phases":2', '"phases":3'), 'not of the configured'],
    ['other choices', text.replace(`[${ARMS[0]},`, '[0.08,'), 'other choices'],
    ['a cell less', text.replace(/,\[[^[\]]*\]\]\}$/, ']}'), 'has not 28 cells'],
    ['a count beyond the memory', text.replace(/"cells":\[\[\d+,/, '"cells":[[41,'), 'cell 0 is not'],
    ['a reward that cannot be', text.replace(/"cells":\[\[(\d+),[^,]*,/, '"cells":[[$1,1e9,'), 'cell 0 is not'],
    ['a cell of text', text.replace(/"cells":\[\[[^\]]*\]/, '"cells":["x"'), 'cell 0 is not'],
  ])('is refused with a reason: %s', (_name, wrong, reason) => {
    expect(() => readLearned(wrong, OPTIONS)).toThrow(StateError);
    expect(() => readLearned(wrong, OPTIONS)).toThrow(reason);
  });

  test('is either read or refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (any) => {
        expect(() => readLearned(any, OPTIONS)).toThrow(StateError);
      }),
    );
  });
});
