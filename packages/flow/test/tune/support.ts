import { seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import type { Interval } from '../../src/tune/interval.ts';
import type { Arrival, Load } from '../../src/tune/load/format.ts';
import { Score } from '../../src/tune/replay/score.ts';
import { run } from '../../src/tune/replay/simulate.ts';
import type { Tuner } from '../../src/tune/tuner.ts';
import { DEFAULT_AIMD } from '../../src/window/aimd.ts';

/** A second in which nothing was wrong. */
export const QUIET: Interval = {
  start_ms: 0,
  length_ms: 1_000,
  answered: 10,
  missed: 0,
  p50_ms: 900,
  p95_ms: 1_000,
  timeouts: 0,
  ecn_marks: 0,
  in_flight: 8,
  window: 8,
  waiting: 3,
  tokens: 5_000,
};

/** A fleet that works on two calls at full speed, each a second long. */
export const SMALL: Load = {
  about: '',
  duration_ms: 20_000,
  train_ms: 10_000,
  start_ms: 0,
  cycle_ms: 10_000,
  goal: { p95_ms: 1_500, capacity_tokens_per_s: 200 },
  factors: { ...DEFAULT_AIMD, base: 4, max: 8 },
  fleet: {
    servers: 1,
    knee: 2,
    fixed_ms: 1_000,
    in_us_per_token: 0,
    out_us_per_token: 0,
    thrash: 0,
    timeout_ms: 5_000,
    mark_above: null,
    queue_max: 10,
    wait_max_ms: 4_000,
  },
  profile: [],
  arrivals: [],
};

export function callAt(at_ms: number, changes: Partial<Arrival> = {}): Arrival {
  return { at_ms, tenant: 't1', qos: 'silver', in_tokens: 50, out_tokens: 50, ...changes };
}

/** Any numbers at all. */
export const anyInterval: fc.Arbitrary<Interval> = fc.record({
  start_ms: fc.double(),
  length_ms: fc.double(),
  answered: fc.double(),
  missed: fc.double(),
  p50_ms: fc.double(),
  p95_ms: fc.double(),
  timeouts: fc.double(),
  ecn_marks: fc.double(),
  in_flight: fc.double(),
  window: fc.double(),
  waiting: fc.double(),
  tokens: fc.double(),
});

/** Numbers that can be true. */
export const soundInterval: fc.Arbitrary<Interval> = fc
  .record({
    start_ms: fc.integer({ min: 0, max: 1_000_000_000 }),
    length_ms: fc.integer({ min: 1, max: 60_000 }),
    answered: fc.nat(10_000),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    p50_ms: fc.nat(100_000),
    above_ms: fc.nat(100_000),
    timeouts: fc.nat(10_000),
    in_flight: fc.nat(10_000),
    window: fc.nat(10_000),
    waiting: fc.nat(10_000),
    tokens: fc.nat(1_000_000_000),
  })
  .map(({ share, above_ms, ...seen }) => ({
    ...seen,
    missed: Math.floor(seen.answered * share),
    p95_ms: seen.p50_ms + above_ms,
    ecn_marks: 0,
  }));

/** Score of a load with a tuner that is set otherwise than usual. */
export function scoreWith<State>(load: Load, tuner: Tuner<State>): number {
  const score = new Score(load);
  const { state } = tuner.begin();
  run(load, { tuner, state, rng: seededRng(1), until_ms: load.duration_ms }, score);
  return score.result({ tuner: tuner.kind, seed: 1, epochs: 0 }).score;
}
