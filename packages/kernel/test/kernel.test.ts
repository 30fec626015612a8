import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AssertionError,
  AtpError,
  assert,
  capQos,
  ERROR_CATALOGUE,
  type ErrorCode,
  idSource,
  isAtpError,
  jsonDepth,
  logNormal,
  qosRank,
  randomInt,
  seededRng,
  toAtpError,
  unreachable,
  untilNextUtcDay_ms,
  utcDay,
} from '../src/index.ts';

describe('errors', () => {
  it('takes status and retryability from the catalogue unless a remote status is passed on', () => {
    for (const code of Object.keys(ERROR_CATALOGUE) as ErrorCode[]) {
      const error = new AtpError(code, 'm');
      expect(error.status).toBe(ERROR_CATALOGUE[code].status);
      expect(error.wire).toBe(ERROR_CATALOGUE[code].wire);
      expect(error.retryable).toBe(ERROR_CATALOGUE[code].retryable);
      expect(error.status).toBeGreaterThanOrEqual(400);
      expect(error.status).toBeLessThan(600);
    }
    expect(new AtpError('upstream_rejected', 'm', { status: 422 }).status).toBe(422);
  });

  it('recognises errors of another copy of this package, and nothing else', () => {
    const foreign = Object.assign(new Error('x'), { [Symbol.for('atp-router.error')]: true });
    expect(isAtpError(new AtpError('conflict', 'x'))).toBe(true);
    expect(isAtpError(foreign)).toBe(true);
    expect(isAtpError(new Error('x'))).toBe(false);
    expect(isAtpError(null)).toBe(false);
    expect(isAtpError('AtpError')).toBe(false);
  });

  it('does not leak the text of an unknown fault', () => {
    const secret = new Error('password is hunter2');
    const wrapped = toAtpError(secret);
    expect(wrapped.code).toBe('internal_error');
    expect(wrapped.message).not.toContain('hunter2');
    expect(wrapped.cause).toBe(secret);
    expect(JSON.stringify(wrapped)).not.toContain('hunter2');
  });

  it('asserts', () => {
    expect(() => assert(false, 'broken')).toThrow(AssertionError);
    expect(() => unreachable('x' as never)).toThrow(AssertionError);
  });
});

describe('rng', () => {
  it('replays from a seed and stays in its range', () => {
    const draw = (seed: number): number[] => {
      const rng = seededRng(seed);
      return Array.from({ length: 100 }, () => rng.next());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    for (const x of draw(3)) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThan(1);
    }
  });

  it('is uniform enough: each of ten bins gets its share', () => {
    const rng = seededRng(1);
    const bins = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 100_000; i += 1) {
      const at = randomInt(rng, 0, 9);
      bins[at] = (bins[at] ?? 0) + 1;
    }
    for (const n of bins) expect(Math.abs(n - 10_000)).toBeLessThan(500);
  });

  it('draws log-normal values with the median and 95th percentile asked for', () => {
    const rng = seededRng(2);
    const values = Array.from({ length: 20_000 }, () => logNormal(rng, 100, 400)).sort((a, b) => a - b);
    expect(values[10_000]).toBeGreaterThan(95);
    expect(values[10_000]).toBeLessThan(105);
    expect(values[19_000]).toBeGreaterThan(370);
    expect(values[19_000]).toBeLessThan(430);
  });
});

describe('ids', () => {
  it('are unique and sort by time, also when the clock stands still or steps back', () => {
    const ids = idSource('call_', seededRng(1));
    const made: string[] = [];
    for (const now of [1_000, 1_000, 1_001, 990, 1_001, 2_000]) made.push(ids.next(now));
    for (let i = 0; i < 40_000; i += 1) made.push(ids.next(3_000));
    expect(new Set(made).size).toBe(made.length);
    expect([...made].sort()).toEqual(made);
    expect(made[0]).toMatch(/^call_[0-9a-z]{21}$/);
  });
});

describe('small helpers', () => {
  it('orders tiers and never lifts a caller above its own', () => {
    expect(capQos('gold', 'silver')).toBe('silver');
    expect(capQos('bronze', 'gold')).toBe('bronze');
    expect(qosRank('gold')).toBeLessThan(qosRank('bronze'));
  });

  it('cuts days at UTC midnight', () => {
    const late = Date.UTC(2026, 10, 22, 23, 59, 59, 999);
    expect(utcDay(late)).toBe('2026-11-22');
    expect(untilNextUtcDay_ms(late)).toBe(1);
    expect(utcDay(late + 1)).toBe('2026-11-23');
    expect(untilNextUtcDay_ms(late + 1)).toBe(86_400_000);
  });

  it('measures depth without recursion, up to just beyond the limit', () => {
    expect(jsonDepth(1, 10)).toBe(1);
    expect(jsonDepth({ a: [1, { b: 2 }] }, 10)).toBe(3);
    const deep = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) as unknown;
    expect(jsonDepth(deep, 64)).toBe(65);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (n) => {
        expect(jsonDepth(JSON.parse('['.repeat(n) + ']'.repeat(n)), 64)).toBe(n);
      }),
      { seed: 1 },
    );
  });
});
