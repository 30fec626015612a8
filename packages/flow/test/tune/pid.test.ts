import { seededRng } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import type { Interval } from '../../src/tune/interval.ts';
import { DEFAULT_PID, type PidOptions, type PidState, pidTuner } from '../../src/tune/pid.ts';
import type { Decision } from '../../src/tune/tuner.ts';
import { DEFAULT_AIMD } from '../../src/window/aimd.ts';
import { QUIET } from './support.ts';

const GOAL = { p95_ms: 1_000, capacity_tokens_per_s: 10_000 };
const CONFIGURED = { ...DEFAULT_AIMD, base: 8, max: 64 };

function after(seen: readonly Interval[], options?: PidOptions): Decision<PidState> {
  const tuner = pidTuner(CONFIGURED, GOAL, options);
  return seen.reduce((before, one) => tuner.decide(before.state, one, seededRng(0)), tuner.begin());
}

const times = (n: number, changes: Partial<Interval>): Interval[] => Array<Interval>(n).fill({ ...QUIET, ...changes });
const FAST = { p50_ms: 300, p95_ms: 500 };
const SLOW = { p50_ms: 900, p95_ms: 2_000 };

describe('PID', () => {
  test('opens the window while calls are fast, and closes it while they are slow', () => {
    expect(after([]).factors.max).toBe(8);
    expect(after(times(10, FAST)).factors.max).toBeGreaterThan(8);
    expect(after(times(10, SLOW)).factors.max).toBeLessThan(8);
    expect(after(times(10, { p95_ms: 1_000 })).factors.max).toBe(8);
  });

  test('holds the objective on a target where twice the calls take twice the time', () => {
    for (const knee of [3, 10, 30]) {
      const tuner = pidTuner(CONFIGURED, GOAL);
      let now = tuner.begin();
      let p95_ms = 0;
      for (let i = 0; i < 200; i += 1) {
        const { max } = now.factors;
        p95_ms = 700 * Math.max(1, max / knee);
        now = tuner.decide(now.state, { ...QUIET, p50_ms: 500, p95_ms, in_flight: max, window: max }, seededRng(0));
      }
      // Whole calls only: with few of them one more is a large step.
      expect(Math.abs(p95_ms - 1_000)).toBeLessThanOrEqual(700 / knee + 1);
    }
  });

  test('does not wind up: after long at a limit it turns as fast as after short', () => {
    const turned = (first: Interval[], second: Partial<Interval>): number => {
      const bound = after(first).factors.max;
      for (let n = 1; ; n += 1) if (after([...first, ...times(n, second)]).factors.max !== bound) return n;
    };
    expect(after(times(1_000, FAST)).factors.max).toBe(64);
    expect(turned(times(1_000, FAST), SLOW)).toBe(turned(times(60, FAST), SLOW));
    expect(after(times(1_000, SLOW)).factors.max).toBe(2);
    expect(turned(times(1_000, SLOW), FAST)).toBe(turned(times(60, SLOW), FAST));
  });

  test('does not grow while the window is not used', () => {
    const { kp } = DEFAULT_PID;
    const idle = after(times(100, { ...FAST, in_flight: 1, waiting: 0 }));
    expect(idle.state.integral).toBe(0);
    expect(idle.state.output).toBeCloseTo(kp * Math.log(2));
  });

  test('takes timeouts for slow calls, also when the few that were answered are fast', () => {
    expect(after(times(10, { ...FAST, timeouts: 5 })).factors.max).toBeLessThan(8);
    expect(after(times(10, { answered: 0, p50_ms: 0, p95_ms: 0, tokens: 0, timeouts: 2 })).factors.max).toBeLessThan(8);
  });

  test('says nothing of a second without answers', () => {
    const before = after(times(5, FAST));
    const none = { ...QUIET, answered: 0, p50_ms: 0, p95_ms: 0, tokens: 0 };
    expect(after([...times(5, FAST), none])).toEqual(before);
  });

  test('the derivative is of the measurement: it brakes while latency rises', () => {
    const seen = [...times(5, { p95_ms: 900 }), ...times(1, { p95_ms: 1_400 })];
    const braked = after(seen, { ...DEFAULT_PID, kd: 1 }).state.output;
    expect(braked).toBeLessThan(after(seen, { ...DEFAULT_PID, kd: 0 }).state.output);
  });
});
