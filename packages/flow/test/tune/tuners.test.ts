import { seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Interval, isSound, rewardOf } from '../../src/tune/interval.ts';
import { learnedTuner } from '../../src/tune/learned.ts';
import { pidTuner } from '../../src/tune/pid.ts';
import { staticTuner } from '../../src/tune/static.ts';
import type { Tuner } from '../../src/tune/tuner.ts';
import { Aimd, type AimdOptions, DEFAULT_AIMD } from '../../src/window/aimd.ts';
import { anyInterval, QUIET, soundInterval } from './support.ts';

const GOAL = { p95_ms: 1_000, capacity_tokens_per_s: 10_000 };

/** State is the tuner's own business here. */
type AnyTuner = Tuner<unknown>;
const MAKERS: readonly (readonly [string, (configured: AimdOptions) => AnyTuner])[] = [
  ['static', (configured) => staticTuner(configured) as AnyTuner],
  ['pid', (configured) => pidTuner(configured, GOAL) as AnyTuner],
  ['learned', (configured) => learnedTuner(configured, GOAL) as AnyTuner],
];

const configured: fc.Arbitrary<AimdOptions> = fc
  .record({
    base: fc.integer({ min: 1, max: 300 }),
    above: fc.nat(300),
    increase: fc.double({ min: 0.01, max: 10, noNaN: true }),
    decrease: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
    hold_ms: fc.nat(5_000),
    burst_per_s: fc.constantFrom(1, 100, Infinity),
  })
  .map(({ above, ...rest }) => ({ ...rest, max: rest.base + above }));

describe.each(MAKERS)('the %s tuner', (_name, make) => {
  test('stays within what is configured, whatever it sees', () => {
    fc.assert(
      fc.property(
        configured,
        fc.array(fc.oneof(anyInterval, soundInterval), { maxLength: 60 }),
        fc.integer(),
        (options, seen, seed) => {
          const tuner = make(options);
          const aimd = new Aimd(options);
          const rng = seededRng(seed);
          let { state, factors } = tuner.begin();
          for (const interval of seen) {
            aimd.tune(factors);
            expect(factors.max).toBeLessThanOrEqual(options.max);
            expect(Number.isFinite(factors.increase)).toBe(true);
            expect([factors.hold_ms, factors.burst_per_s]).toEqual([options.hold_ms, options.burst_per_s]);
            ({ state, factors } = tuner.decide(state, interval, rng));
          }
          expect(JSON.parse(JSON.stringify(state))).toEqual(state);
        },
      ),
    );
  });

  test('does nothing for numbers that cannot be true', () => {
    const tuner = make(DEFAULT_AIMD);
    const rng = seededRng(1);
    let before = tuner.begin();
    for (const waiting of [0, 5, 0]) before = tuner.decide(before.state, { ...QUIET, waiting }, rng);
    const names = Object.keys(QUIET) as (keyof Interval)[];
    for (const name of names) {
      for (const value of [NaN, Infinity, -Infinity, 1e300, ...(name === 'start_ms' ? [] : [-1])]) {
        const after = tuner.decide(before.state, { ...QUIET, [name]: value }, rng);
        expect(after.state).toBe(before.state);
        expect(after.factors).toEqual(before.factors);
      }
    }
  });

  test('decides the same for the same state, interval and randomness', () => {
    fc.assert(
      fc.property(fc.array(soundInterval, { maxLength: 30 }), fc.integer(), (seen, seed) => {
        const decide = (): unknown => {
          const tuner = make(DEFAULT_AIMD);
          const rng = seededRng(seed);
          return seen.reduce((before, interval) => tuner.decide(before.state, interval, rng), tuner.begin());
        };
        expect(decide()).toEqual(decide());
      }),
    );
  });
});

describe('the reward', () => {
  test('is goodput, minus what was late, minus what was lost', () => {
    expect(rewardOf(QUIET, GOAL)).toBeCloseTo(0.5);
    expect(rewardOf({ ...QUIET, tokens: 50_000 }, GOAL)).toBe(1);
    expect(rewardOf({ ...QUIET, missed: 5 }, GOAL)).toBeCloseTo(0.5 - 0.25);
    expect(rewardOf({ ...QUIET, timeouts: 10 }, GOAL)).toBeCloseTo(0.5 - 0.5);
    expect(rewardOf({ ...QUIET, answered: 0, tokens: 0, timeouts: 3 }, GOAL)).toBe(-1);
    expect(rewardOf({ ...QUIET, answered: 0, tokens: 0 }, GOAL)).toBe(0);
  });

  test('lies between -1.5 and 1 for every interval that can be true', () => {
    fc.assert(
      fc.property(soundInterval, (seen) => {
        expect(isSound(seen)).toBe(true);
        expect(rewardOf(seen, GOAL)).toBeGreaterThanOrEqual(-1.5);
        expect(rewardOf(seen, GOAL)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
