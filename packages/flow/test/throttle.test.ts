import { seededRng } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { type Objectives, Throttle } from '../src/guards/throttle.ts';

const SECOND_MS = 1_000;

interface Case {
  readonly throttle: Throttle;
  readonly slo: Objectives;
  at_ms: number;
}

/** So many calls, one a second. */
function calls(one: Case, n: number, latency_ms: number, has_failed = false, usd_nanos = 0): void {
  for (let i = 0; i < n; i += 1) {
    one.throttle.ended({ latency_ms, has_failed, usd_nanos }, one.slo, one.at_ms);
    one.at_ms += SECOND_MS;
  }
}

function caseOf(slo: Objectives): Case {
  return { throttle: new Throttle(), slo, at_ms: 0 };
}

function held({ throttle, slo, at_ms }: Case): string[] {
  return (['gold', 'silver', 'bronze'] as const).filter((qos) => throttle.holds(qos, slo, at_ms) !== undefined);
}

describe('tiers that are held back while an objective is broken', () => {
  test('bronze first, silver when that does not help, gold never; and let go in the same order', () => {
    const one = caseOf({ p95_ms: 500 });
    calls(one, 25, 900);
    expect(held(one)).toEqual(['bronze']);
    expect(one.throttle.holds('bronze', one.slo, one.at_ms)).toEqual({ objective: 'p95_ms', value: 900, target: 500 });
    calls(one, 12, 900);
    expect(held(one)).toEqual(['silver', 'bronze']);
    // Well again: what was slow is a minute old first, then half a minute passes for each tier.
    calls(one, 62, 100);
    expect(held(one)).toEqual(['silver', 'bronze']);
    calls(one, 31, 100);
    expect(held(one)).toEqual(['bronze']);
    calls(one, 31, 100);
    expect(held(one)).toEqual([]);
    expect(one.throttle.level).toBe(0);
  });

  test('not by a few calls, nor by old ones', () => {
    const one = caseOf({ p95_ms: 500 });
    calls(one, 19, 900);
    expect(held(one)).toEqual([]);
    one.at_ms += 120 * SECOND_MS;
    calls(one, 5, 900);
    expect(held(one)).toEqual([]);
  });

  test('by the share of calls that fail', () => {
    const one = caseOf({ error_rate: 0.1 });
    calls(one, 25, 10);
    calls(one, 2, 10, true);
    expect(held(one)).toEqual([]);
    calls(one, 2, 10, true);
    expect(one.throttle.holds('bronze', one.slo, one.at_ms)).toMatchObject({ objective: 'error_rate', target: 0.1 });
  });

  test('by what an hour has cost, whatever else is well', () => {
    const one = caseOf({ usd_nanos_per_hour: 1_000 });
    calls(one, 10, 10, false, 100);
    expect(held(one)).toEqual([]);
    calls(one, 1, 10, false, 100);
    const breach = one.throttle.holds('bronze', one.slo, one.at_ms);
    expect(breach).toEqual({ objective: 'usd_per_hour', value: 1_100, target: 1_000 });
    // An hour later it is another hour.
    one.at_ms += 3_700 * SECOND_MS;
    expect(held(one)).toEqual([]);
  });
});

test('of random calls, the spending of the last hour is what a list of them says', () => {
  const rng = seededRng(3);
  const throttle = new Throttle();
  const spent: { readonly minute: number; readonly usd_nanos: number }[] = [];
  let at_ms = 0;
  let told = 0;
  for (let i = 0; i < 2_000; i += 1) {
    at_ms += 1_000 + Math.floor(rng.next() * 180_000);
    const usd_nanos = 1 + Math.floor(rng.next() * 50);
    const minute = Math.floor(at_ms / 60_000);
    spent.push({ minute, usd_nanos });
    const sum = spent.filter((one) => one.minute > minute - 60).reduce((total, one) => total + one.usd_nanos, 0);
    const slo = { usd_nanos_per_hour: sum - 1 };
    throttle.ended({ latency_ms: 1, has_failed: false, usd_nanos }, slo, at_ms);
    const breach = throttle.holds('bronze', slo, at_ms);
    if (breach === undefined) continue;
    told += 1;
    expect(breach).toEqual({ objective: 'usd_per_hour', value: sum, target: sum - 1 });
  }
  expect(told).toBe(2_000);
});
