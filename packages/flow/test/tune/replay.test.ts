import { type Qos, seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Arrival, Load } from '../../src/tune/load/format.ts';
import { compare, replay, train } from '../../src/tune/replay/compare.ts';
import { IntervalMeter } from '../../src/tune/replay/meter.ts';
import { run, type Sample } from '../../src/tune/replay/simulate.ts';
import { staticTuner } from '../../src/tune/static.ts';
import { exampleLoads } from './make-loads.ts';
import { callAt, SMALL } from './support.ts';

/** Everything that happens in a run with a window that stands. */
function happened(load: Load) {
  const latencies_ms: number[] = [];
  const waits_ms: number[] = [];
  const samples: Sample[] = [];
  const lost = { timed_out_ms: [] as number[], refused_ms: [] as number[] };
  const tuner = staticTuner(load.factors);
  run(
    load,
    { tuner, state: null, rng: seededRng(0), until_ms: load.duration_ms },
    {
      answered: ({ latency_ms, wait_ms }) => {
        latencies_ms.push(latency_ms);
        waits_ms.push(wait_ms);
      },
      timedOut: (at_ms) => lost.timed_out_ms.push(at_ms),
      refused: (at_ms) => lost.refused_ms.push(at_ms),
      interval: (sample) => samples.push(sample),
    },
  );
  return { latencies_ms, waits_ms, samples, ...lost };
}

const calls = (n: number, at_ms: number): Arrival[] => Array.from({ length: n }, () => callAt(at_ms));
const small = (
  arrivals: readonly Arrival[],
  fleet: Partial<Load['fleet']> = {},
  changes: Partial<Load> = {},
): Load => ({
  ...SMALL,
  arrivals,
  fleet: { ...SMALL.fleet, ...fleet },
  ...changes,
});

describe('the fleet of a replay', () => {
  test('works at full speed up to its knee, and shares that beyond', () => {
    expect(happened(small(calls(1, 100))).latencies_ms).toEqual([1_000]);
    expect(happened(small(calls(2, 100))).latencies_ms).toEqual([1_000, 1_000]);
    expect(happened(small(calls(4, 100))).latencies_ms).toEqual([2_000, 2_000, 2_000, 2_000]);
    // Two servers of the same kind are twice the knee.
    expect(happened(small(calls(4, 100), { servers: 2 })).latencies_ms).toEqual([1_000, 1_000, 1_000, 1_000]);
  });

  test('loses speed beyond the knee as far as it thrashes', () => {
    // 4 calls on 2 places: half of the speed, divided by 1 + 0.5 * (2 - 1).
    expect(happened(small(calls(4, 0), { thrash: 0.5 })).latencies_ms[0]).toBeCloseTo(3_000);
  });

  test('takes time for what comes in and what goes out', () => {
    const call = callAt(0, { in_tokens: 1_000, out_tokens: 100 });
    const load = small([call], { fixed_ms: 200, in_us_per_token: 500, out_us_per_token: 3_000 });
    expect(happened(load).latencies_ms).toEqual([1_000]);
  });

  test('gives up what takes too long, and what waits too long', () => {
    const dead = small(calls(5, 0), {}, { profile: [{ at_ms: 0, servers: 0 }] });
    const { timed_out_ms, refused_ms, latencies_ms } = happened(dead);
    // Four of five are in flight; the fifth is not, since nothing came back.
    expect({ timed_out_ms, refused_ms, latencies_ms }).toEqual({
      timed_out_ms: [5_000, 5_000, 5_000, 5_000],
      refused_ms: [4_000],
      latencies_ms: [],
    });
  });

  test('refuses what finds the queue full', () => {
    expect(happened(small(calls(20, 0))).refused_ms.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(happened(small(calls(5, 0), { queue_max: 0 })).refused_ms).toEqual([0]);
    expect(happened(small(calls(4, 0), { queue_max: 0 })).refused_ms).toEqual([]);
  });

  test('takes waiting calls by tier, then as they came', () => {
    const tiers: Qos[] = ['silver', 'bronze', 'silver', 'gold', 'silver', 'gold'];
    const arrivals = tiers.map((qos, i) => callAt(0, { qos, in_tokens: 0, out_tokens: i }));
    const one_by_one = { ...SMALL.factors, base: 1, max: 1 };
    const { samples } = happened(small(arrivals, { wait_max_ms: 30_000 }, { factors: one_by_one }));
    // What comes at the same time has its place in the queue before anything is dispatched.
    expect(samples.slice(0, 6).map(({ tokens }) => tokens)).toEqual([3, 5, 0, 2, 4, 1]);
  });

  test('marks what comes back while it is crowded', () => {
    const crowded = happened(small(calls(4, 0), { mark_above: 1.5 }));
    expect(crowded.samples.reduce((sum, { ecn_marks }) => sum + ecn_marks, 0)).toBeGreaterThan(0);
    expect(happened(small(calls(2, 0), { mark_above: 1.5 })).samples.every(({ ecn_marks }) => ecn_marks === 0)).toBe(
      true,
    );
  });

  test('lets no more begin in a second than the burst allows', () => {
    const factors = { ...SMALL.factors, burst_per_s: 2 };
    expect(happened(small(calls(4, 0), { knee: 8 }, { factors })).waits_ms).toEqual([0, 0, 500, 1_000]);
  });

  test('loses no call: each is answered, timed out, refused, in flight or waiting', () => {
    const call = fc.record({
      at_ms: fc.nat(19_000),
      tenant: fc.constant('t1'),
      qos: fc.constantFrom<Qos>('gold', 'silver', 'bronze'),
      in_tokens: fc.nat(3_000),
      out_tokens: fc.nat(3_000),
    });
    const fleet = fc.record({
      servers: fc.integer({ min: 1, max: 3 }),
      knee: fc.double({ min: 0.1, max: 4, noNaN: true }),
      fixed_ms: fc.double({ min: 1, max: 2_000, noNaN: true }),
      out_us_per_token: fc.nat(2_000),
      thrash: fc.double({ min: 0, max: 3, noNaN: true }),
      timeout_ms: fc.double({ min: 1, max: 6_000, noNaN: true }),
      mark_above: fc.constantFrom(null, 1),
      queue_max: fc.nat(20),
      wait_max_ms: fc.double({ min: 0, max: 5_000, noNaN: true }),
    });
    const profile = fc.array(fc.record({ at_ms: fc.nat(20_000), servers: fc.nat(3) }), { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 150 }), fleet, profile, (unsorted, changes, times) => {
        const arrivals = unsorted.toSorted((a, b) => a.at_ms - b.at_ms);
        const load = small(arrivals, changes, { profile: times.toSorted((a, b) => a.at_ms - b.at_ms) });
        const { latencies_ms, waits_ms, samples, timed_out_ms, refused_ms } = happened(load);
        const last = samples.at(-1);
        const left = (last?.in_flight ?? 0) + (last?.waiting ?? 0);
        expect(latencies_ms.length + timed_out_ms.length + refused_ms.length + left).toBe(arrivals.length);
        expect(samples.length).toBe(20);
        expect(Math.max(0, ...latencies_ms)).toBeLessThanOrEqual(load.fleet.timeout_ms + 1e-6);
        expect(Math.max(0, ...waits_ms)).toBeLessThanOrEqual(load.fleet.wait_max_ms + 1e-6);
        for (const { in_flight } of samples) expect(in_flight).toBeLessThanOrEqual(load.factors.max);
      }),
    );
  });
});

describe('a replay against one in small steps', () => {
  test('gives the same latencies', () => {
    const rng = seededRng(5);
    const arrivals = Array.from({ length: 60 }, (_, i) =>
      callAt(i * 200, { out_tokens: Math.floor(rng.next() * 100) }),
    );
    const fleet = { ...SMALL.fleet, out_us_per_token: 5_000, thrash: 0.3, timeout_ms: 60_000, wait_max_ms: 60_000 };
    const load: Load = { ...SMALL, duration_ms: 60_000, arrivals, fleet: { ...fleet, queue_max: 100 } };
    const pinned = { ...load, factors: { ...load.factors, base: 5, max: 5 } };
    const exact = happened(pinned).latencies_ms;
    const stepped = inSteps(pinned, 5);
    expect(exact.length).toBe(60);
    expect(stepped.length).toBe(60);
    exact.forEach((latency_ms, i) => {
      expect(Math.abs(latency_ms - (stepped[i] ?? 0))).toBeLessThan(15);
    });
  });
});

/** The same fleet, moved by a quarter of a millisecond at a time. */
function inSteps({ arrivals, fleet }: Load, window: number): number[] {
  const step_ms = 0.25;
  const left = arrivals.map(({ out_tokens }) => fleet.fixed_ms + (out_tokens * fleet.out_us_per_token) / 1_000);
  const began: number[] = [];
  const latencies: number[] = [];
  let running: number[] = [];
  for (let now_ms = 0; now_ms < 60_000; now_ms += step_ms) {
    while (running.length < window && (arrivals[began.length]?.at_ms ?? Infinity) <= now_ms) {
      running.push(began.length);
      began.push(now_ms);
    }
    const share = running.length / (fleet.knee * fleet.servers);
    const pace = share <= 1 ? 1 : 1 / (share * (1 + fleet.thrash * (share - 1)));
    for (const one of running) left[one] = (left[one] ?? 0) - step_ms * pace;
    const ended = running.filter((one) => (left[one] ?? 0) <= 0);
    latencies.push(...ended.map((one) => now_ms + step_ms - (began[one] ?? 0)));
    running = running.filter((one) => !ended.includes(one));
  }
  return latencies;
}

test('a meter keeps so many latencies, and counts all', () => {
  const meter = new IntervalMeter(100);
  for (let i = 0; i < 10_100; i += 1) meter.answered(i < 10_000 ? 50 : 150, 1, false);
  const at = { start_ms: 0, length_ms: 1_000, in_flight: 0, window: 8, waiting: 0 };
  expect(meter.take(at)).toMatchObject({ answered: 10_100, missed: 100, tokens: 10_100, p50_ms: 50, p95_ms: 50 });
  expect(meter.take(at)).toMatchObject({ answered: 0, missed: 0, tokens: 0, p50_ms: 0, p95_ms: 0 });
});

describe('a replay', () => {
  const [, , learned] = [...exampleLoads().values()];
  const load = { ...(learned as Load), train_ms: 100_000 };

  test('gives the same for the same load and seed, and for the learned tuner something else for another', () => {
    expect(compare(load, undefined, [1, 2])).toEqual(compare(load, undefined, [1, 2]));
    expect(replay(load, 'learned', 1).score).not.toBe(replay(load, 'learned', 2).score);
    expect(replay(load, 'pid', 1).score).toBe(replay(load, 'pid', 2).score);
  });

  test('trains on nothing of what it scores', () => {
    const cut = { ...load, arrivals: load.arrivals.filter(({ at_ms }) => at_ms <= load.train_ms) };
    expect(cut.arrivals.length).toBeLessThan(load.arrivals.length);
    expect(train(cut, 3)).toEqual(train(load, 3));
  });

  test('scores only what comes after the part for learning', () => {
    const seen: Sample[] = [];
    const { score, answered } = replay(load, 'static', 1, (sample) => seen.push(sample));
    const scored = seen.filter(({ start_ms }) => start_ms >= load.train_ms);
    expect(seen.length).toBe(360);
    expect(scored.length).toBe(260);
    expect(score).toBeCloseTo(scored.reduce((sum, { reward }) => sum + reward, 0) / 260, 10);
    // A call that ends as the part begins is of the second before.
    expect(Math.abs(answered - scored.reduce((sum, one) => sum + one.answered, 0))).toBeLessThanOrEqual(1);
  });
});
