import type { Price } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AccountLedger, dayNumber, type Denial, type Reservation, reservedUsdNanos } from '../src/index.ts';

const HOUR_MS = 3_600_000;
const NOON_MS = Date.UTC(2026, 2, 10, 12);
const call = (tokens = 0, usd_nanos = 0) => ({ calls: 1, tokens, usd_nanos });

function must(result: ReturnType<AccountLedger['reserve']>): Reservation {
  if (!result.ok) throw new Error(`denied by ${result.dimension}`);
  return result.reservation;
}
function denied(result: ReturnType<AccountLedger['reserve'] | AccountLedger['adjust']>): Denial {
  if (result.ok) throw new Error('was not denied');
  return result;
}

describe('denials', () => {
  test.each([
    ['window_calls', { max_parallel: 1 }, 1, 0],
    ['window_tokens', { max_tokens: 150 }, 150, 50],
    ['window_usd', { max_usd_micros: 3 }, 3_000, 1_000],
    ['budget_usd', { usd_nanos_per_day: 3_000 }, 3_000, 1_000],
    ['budget_tokens', { tokens_per_day: 199 }, 199, 99],
    ['budget_calls', { calls_per_day: 1 }, 1, 0],
  ])('%s names account, limit and what is left', (dimension, limits, limit, available) => {
    const ledger = new AccountLedger();
    ledger.setLimits('tenant:acme', limits);
    must(ledger.reserve(['tenant:acme'], call(100, 2_000), NOON_MS));
    const denial = denied(ledger.reserve(['tenant:acme'], call(100, 2_000), NOON_MS));
    expect(denial).toMatchObject({ account: 'tenant:acme', dimension, limit, available, waitable: true });
    expect(denial.retry_after_ms).toBe(dimension.startsWith('budget') ? 12 * HOUR_MS : undefined);
  });

  test('what can never fit is not waitable and has no retry time', () => {
    const ledger = new AccountLedger();
    ledger.setLimits('t', { max_tokens: 10 });
    ledger.setLimits('u', { tokens_per_day: 10 });
    expect(denied(ledger.reserve(['t'], call(11), NOON_MS)).waitable).toBe(false);
    const budget = denied(ledger.reserve(['u'], call(11), NOON_MS));
    expect(budget.waitable).toBe(false);
    expect(budget.retry_after_ms).toBeUndefined();
  });

  test('a spent budget is not waitable but has a retry time, and wins over a full window', () => {
    const ledger = new AccountLedger();
    ledger.setLimits('t', { max_parallel: 1, usd_nanos_per_day: 100 });
    ledger.settle(must(ledger.reserve(['t'], call(0, 50), NOON_MS)), call(0, 90));
    must(ledger.reserve(['t'], call(), NOON_MS));
    expect(denied(ledger.reserve(['t'], call(0, 20), NOON_MS))).toMatchObject({
      dimension: 'budget_usd',
      available: 10,
      waitable: false,
      retry_after_ms: 12 * HOUR_MS,
    });
  });

  test('nonsense amounts and accounts are assertions', () => {
    const ledger = new AccountLedger();
    for (const tokens of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => ledger.reserve(['t'], call(tokens), NOON_MS)).toThrow('safe integers');
    }
    expect(() => ledger.reserve([], call(), NOON_MS)).toThrow('1 to 8');
    expect(() => ledger.reserve(['a', 'b', 'a'], call(), NOON_MS)).toThrow('once');
    expect(() => ledger.seed('t', '10.3.2026', call())).toThrow('YYYY-MM-DD');
  });
});

describe('debt', () => {
  test('an actual above the estimate is shown', () => {
    const ledger = new AccountLedger();
    ledger.setLimits('t', { usd_nanos_per_day: 1_000 });
    ledger.settle(must(ledger.reserve(['t'], call(0, 1_000), NOON_MS)), call(0, 1_700));
    const snapshot = ledger.snapshot('t', NOON_MS);
    expect(snapshot?.remaining.budget_usd_nanos).toBe(-700);
    expect(snapshot?.debt.usd_nanos).toBe(700);
  });

  test('shrinking is allowed even in debt', () => {
    const ledger = new AccountLedger();
    const reservation = must(ledger.reserve(['t'], call(100), NOON_MS));
    ledger.setLimits('t', { max_tokens: 10 });
    expect(ledger.adjust(reservation, call(50)).ok).toBe(true);
    expect(denied(ledger.adjust(reservation, call(51))).dimension).toBe('window_tokens');
    expect(ledger.snapshot('t', NOON_MS)?.remaining.window_tokens).toBe(-40);
  });
});

describe('days', () => {
  test('a call is charged to the day on which it began', () => {
    const ledger = new AccountLedger();
    ledger.setLimits('t', { tokens_per_day: 100 });
    const late = must(ledger.reserve(['t'], call(60), NOON_MS));
    const next_ms = NOON_MS + 24 * HOUR_MS;
    must(ledger.reserve(['t'], call(100), next_ms));
    ledger.settle(late, call(70));
    expect(ledger.snapshot('t', next_ms)).toMatchObject({
      day: '2026-03-11',
      used: { tokens: 0 },
      held: { tokens: 100 },
    });
    expect(ledger.snapshot('t', NOON_MS)).toMatchObject({ day: '2026-03-10', used: { tokens: 70 } });
  });

  test('a clock that jumps years ahead and back does not lose or freeze the budget', () => {
    const ledger = new AccountLedger();
    ledger.setLimits('t', { tokens_per_day: 100 });
    ledger.settle(must(ledger.reserve(['t'], call(60), NOON_MS)), call(60));
    must(ledger.reserve(['t'], call(90), NOON_MS + 9_000 * 24 * HOUR_MS));
    const next_ms = NOON_MS + 24 * HOUR_MS;
    expect(ledger.reserve(['t'], call(60), next_ms).ok).toBe(true);
    expect(ledger.reserve(['t'], call(60), NOON_MS).ok).toBe(false);
  });

  test('nor does one that jumps years back', () => {
    const ledger = new AccountLedger();
    ledger.setLimits('t', { tokens_per_day: 100 });
    ledger.reserve(['t'], call(60), NOON_MS - 24 * HOUR_MS);
    expect(ledger.reserve(['t'], call(60), NOON_MS).ok).toBe(true);
    ledger.reserve(['t'], call(60), NOON_MS - 10_000 * HOUR_MS);
    expect(ledger.reserve(['t'], call(60), NOON_MS).ok).toBe(false);
  });

  test('seeds of the two newest days count, in any order', () => {
    for (const days of [
      ['2026-03-08', '2026-03-09', '2026-03-10'],
      ['2026-03-10', '2026-03-08', '2026-03-09'],
    ]) {
      const ledger = new AccountLedger();
      for (const day of days) ledger.seed('t', day, call(Number(day.slice(-2))));
      ledger.seed('t', '2026-03-10', call(5));
      expect(ledger.snapshot('t', NOON_MS)?.used).toEqual({ calls: 2, tokens: 15, usd_nanos: 0 });
      expect(ledger.snapshot('t', NOON_MS - 24 * HOUR_MS)?.used.tokens).toBe(9);
      expect(ledger.snapshot('t', NOON_MS - 48 * HOUR_MS)?.used.tokens).toBe(0);
    }
  });
});

describe('accounts', () => {
  test('a changed limit tells before and after once', () => {
    const ledger = new AccountLedger();
    expect(ledger.setLimits('t', { max_parallel: 3 })).toMatchObject({
      before: { max_parallel: null },
      after: { max_parallel: 3, tokens_per_day: null },
    });
    expect(ledger.setLimits('t', { max_parallel: 3, max_tokens: undefined })).toBeUndefined();
  });

  test('the table is bounded: idle accounts without limits go first, oldest first; then new ones are refused', () => {
    const ledger = new AccountLedger(3);
    ledger.setLimits('limited', { max_parallel: 1 });
    ledger.release(must(ledger.reserve(['x'], call(), NOON_MS)));
    ledger.release(must(ledger.reserve(['y'], call(), NOON_MS)));
    ledger.release(must(ledger.reserve(['x'], call(), NOON_MS)));
    const busy = must(ledger.reserve(['z'], call(), NOON_MS));
    expect([...ledger.ids()]).toEqual(['limited', 'x', 'z']);
    const second = must(ledger.reserve(['x'], call(), NOON_MS));
    expect(denied(ledger.reserve(['new'], call(), NOON_MS))).toMatchObject({ dimension: 'accounts', limit: 3 });
    expect(ledger.setLimits('new', {})).toBeUndefined();
    expect([...ledger.ids()]).toEqual(['limited', 'x', 'z']);
    ledger.release(second);
    ledger.release(busy);
    expect(ledger.reserve(['x', 'new'], call(), NOON_MS).ok).toBe(true);
    expect([...ledger.ids()]).toEqual(['limited', 'x', 'new']);
  });

  test('an account that is given limits comes in beside one that lost them and is busy, and the room is made up for', () => {
    const ledger = new AccountLedger(1);
    ledger.setLimits('old', { max_parallel: 5 });
    const busy = must(ledger.reserve(['old'], call(), NOON_MS));
    expect(ledger.setLimits('old', {})).toMatchObject({ before: { max_parallel: 5 }, after: { max_parallel: null } });
    expect(ledger.setLimits('new', { max_parallel: 1 })).toMatchObject({ after: { max_parallel: 1 } });
    must(ledger.reserve(['new'], call(), NOON_MS));
    expect(denied(ledger.reserve(['new'], call(), NOON_MS)).dimension).toBe('window_calls');
    ledger.release(busy);
    expect(denied(ledger.reserve(['other'], call(), NOON_MS)).dimension).toBe('accounts');
    expect([...ledger.ids()]).toEqual(['new']);
  });

  test('one reservation never drops an account that it is about to use', () => {
    const ledger = new AccountLedger(1);
    expect(denied(ledger.reserve(['a', 'b'], call(), NOON_MS)).dimension).toBe('accounts');
    expect(ledger.reserve(['b'], call(), NOON_MS).ok).toBe(true);
  });
});

describe('affordable', () => {
  const price = (arbitrary: [number, number, number, number]): Price => ({
    in_usd_micros_per_mtok: arbitrary[0],
    out_usd_micros_per_mtok: arbitrary[1],
    reasoning_usd_micros_per_mtok: arbitrary[2],
    cached_in_usd_micros_per_mtok: 0,
    cache_write_usd_micros_per_mtok: 0,
    per_request_usd_nanos: arbitrary[3],
  });
  const rate = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 100_000_000 }));

  test('is exactly the largest output whose reservation fits', () => {
    fc.assert(
      fc.property(
        fc.tuple(rate, rate, rate, fc.integer({ min: 0, max: 10_000 })).map(price),
        fc.integer({ min: 0, max: 5_000 }),
        fc.integer({ min: 0, max: 4_000_000 }),
        fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 40_000_000_000 })),
        (charged, in_tokens, tokens_left, usd_left) => {
          const ledger = new AccountLedger();
          ledger.setLimits('t', { tokens_per_day: tokens_left, usd_nanos_per_day: usd_left });
          const fits = (out: number): boolean => {
            const demand = call(in_tokens + out, reservedUsdNanos(charged, in_tokens, out));
            const result = ledger.reserve(['t'], demand, NOON_MS);
            if (result.ok) ledger.release(result.reservation);
            return result.ok;
          };
          const out = ledger.affordable(['t'], charged, in_tokens, NOON_MS);
          if (out > 0) expect(fits(out)).toBe(true);
          expect(fits(out + 1)).toBe(false);
        },
      ),
      { seed: 5, numRuns: 500 },
    );
  });

  test('what a call holds itself is no other call’s: a further attempt has the room of one that ended', () => {
    const ledger = new AccountLedger();
    ledger.setLimits('t', { tokens_per_day: 1_000, usd_nanos_per_day: 100_000 });
    must(ledger.reserve(['t'], call(100, 10_000), NOON_MS));
    const reservation = must(ledger.reserve(['t'], call(600, 60_000), NOON_MS));
    const charged = price([100_000, 100_000, 100_000, 0]);
    expect(ledger.affordable(['t'], charged, 50, NOON_MS)).toBe(250);
    const own = (tokens: number, usd_nanos: number) => ({ reservation, kept: { tokens, usd_nanos } });
    const affordable = (tokens: number, usd_nanos: number) =>
      ledger.affordable(['t'], charged, 50, NOON_MS, Number.POSITIVE_INFINITY, own(tokens, usd_nanos));
    expect(affordable(0, 0)).toBe(850);
    expect(affordable(70, 0)).toBe(780);
    expect(affordable(0, 30_000)).toBe(550);
    expect(ledger.adjust(reservation, call(50 + 850, 90_000)).ok).toBe(true);
    expect(affordable(0, 0)).toBe(850);
    expect(denied(ledger.adjust(reservation, call(50 + 851, 90_100))).dimension).toBe('budget_usd');
  });

  test('a reservation has the budget of its own day, also when it grows on the next', () => {
    const ledger = new AccountLedger();
    ledger.setLimits('t', { tokens_per_day: 1_000 });
    const reservation = must(ledger.reserve(['t'], call(900), NOON_MS));
    const tomorrow_ms = NOON_MS + 24 * HOUR_MS;
    expect(reservation.day).toBe(dayNumber(NOON_MS));
    expect(ledger.affordable(['t'], undefined, 0, tomorrow_ms)).toBe(1_000);
    const own = { reservation, kept: { tokens: 900, usd_nanos: 0 } };
    expect(ledger.affordable(['t'], undefined, 0, tomorrow_ms, undefined, own)).toBe(100);
  });

  test('a full window does not make an answer shorter', () => {
    const ledger = new AccountLedger();
    ledger.setLimits('t', { max_tokens: 100, max_usd_micros: 1 });
    expect(ledger.affordable(['t'], price([1, 1, 1, 0]), 90, NOON_MS)).toBe(Number.POSITIVE_INFINITY);
  });

  test('the request own cap counts, and nothing limits an unlimited account', () => {
    const ledger = new AccountLedger();
    const charged = price([1_000_000, 2_000_000, 2_000_000, 0]);
    expect(ledger.affordable(['t'], charged, 10, NOON_MS)).toBe(Number.POSITIVE_INFINITY);
    expect(ledger.affordable(['t'], undefined, 10, NOON_MS, 5)).toBe(Number.POSITIVE_INFINITY);
    expect(ledger.affordable(['t'], charged, 10, NOON_MS, 30_000)).toBe(10);
    expect(ledger.affordable(['t'], charged, 10, NOON_MS, 9_000)).toBe(0);
  });
});
