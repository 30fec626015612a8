import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addCounts,
  addUsage,
  addUsdNanos,
  COUNT_MAX,
  costUsdNanos,
  divideHalfUp,
  nanosToMicros,
  type Price,
  type Usage,
  USD_NANOS_MAX,
  usdToNanos,
} from '../src/index.ts';

const price = (over: Partial<Price> = {}): Price => ({
  in_usd_micros_per_mtok: 250_000,
  out_usd_micros_per_mtok: 2_000_000,
  cached_in_usd_micros_per_mtok: 25_000,
  cache_write_usd_micros_per_mtok: 312_500,
  reasoning_usd_micros_per_mtok: 2_000_000,
  per_request_usd_nanos: 0,
  ...over,
});
const usage = (over: Partial<Usage> = {}): Usage => ({
  in_tokens: 0,
  out_tokens: 0,
  cached_in_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0,
  ...over,
});

describe('costUsdNanos', () => {
  it('charges each kind of token once, at its own rate', () => {
    expect(costUsdNanos(usage({ in_tokens: 1_000_000 }), price())).toBe(250_000_000);
    expect(costUsdNanos(usage({ out_tokens: 1_000 }), price())).toBe(2_000_000);
    expect(costUsdNanos(usage({ in_tokens: 1_000, cached_in_tokens: 600, cache_write_tokens: 200 }), price())).toBe(
      (200 * 250_000 + 600 * 25_000 + 200 * 312_500) / 1_000,
    );
    const thinking = price({ reasoning_usd_micros_per_mtok: 4_000_000 });
    expect(costUsdNanos(usage({ out_tokens: 10, reasoning_tokens: 4 }), thinking)).toBe(6 * 2_000 + 4 * 4_000);
  });

  it('adds the fee of a request, also when no token was used', () => {
    expect(costUsdNanos(usage(), price({ per_request_usd_nanos: 500 }))).toBe(500);
  });

  it('is exact where floats are not, and rounds once, half up', () => {
    // 3 tokens at 0.075 USD/Mtok are 225 nanos; 1 token at 0.0005 USD/Mtok is half a nano.
    expect(costUsdNanos(usage({ in_tokens: 3 }), price({ in_usd_micros_per_mtok: 75_000 }))).toBe(225);
    expect(costUsdNanos(usage({ in_tokens: 1 }), price({ in_usd_micros_per_mtok: 500 }))).toBe(1);
    expect(costUsdNanos(usage({ in_tokens: 1 }), price({ in_usd_micros_per_mtok: 499 }))).toBe(0);
  });

  it('agrees with arbitrary precision over the whole allowed range', () => {
    const tokens = fc.integer({ min: 0, max: 1_000_000 });
    const rate = fc.integer({ min: 0, max: 900_000_000 });
    fc.assert(
      fc.property(tokens, tokens, rate, rate, (in_tokens, out_tokens, in_rate, out_rate) => {
        const p = price({ in_usd_micros_per_mtok: in_rate, out_usd_micros_per_mtok: out_rate });
        const exact = (BigInt(in_tokens) * BigInt(in_rate) + BigInt(out_tokens) * BigInt(out_rate) + 500n) / 1000n;
        expect(BigInt(costUsdNanos(usage({ in_tokens, out_tokens }), p))).toBe(exact);
      }),
      { seed: 1 },
    );
  });
});

describe('rounding and conversion', () => {
  it('knows one rule', () => {
    expect(divideHalfUp(1_499, 1_000)).toBe(1);
    expect(divideHalfUp(1_500, 1_000)).toBe(2);
    expect(nanosToMicros(12_500)).toBe(13);
    expect(nanosToMicros(0)).toBe(0);
  });

  it('takes dollars from headers exactly and refuses what cannot be counted', () => {
    expect(usdToNanos(2.5, 'x')).toBe(2_500_000_000);
    expect(usdToNanos(0.000000001, 'x')).toBe(1);
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY, 9_000_001]) {
      expect(() => usdToNanos(bad, 'x-atp-max-usd')).toThrow(/x-atp-max-usd/);
    }
  });

  it('adds usage field by field', () => {
    const a = usage({ in_tokens: 1, out_tokens: 2, cached_in_tokens: 3, cache_write_tokens: 4, reasoning_tokens: 5 });
    expect(addUsage(a, a)).toEqual(
      usage({ in_tokens: 2, out_tokens: 4, cached_in_tokens: 6, cache_write_tokens: 8, reasoning_tokens: 10 }),
    );
  });
});

it('sums stay where they can be written down and read again', () => {
  expect(addUsdNanos(USD_NANOS_MAX - 1, 2)).toBe(USD_NANOS_MAX);
  expect(addCounts(COUNT_MAX, COUNT_MAX)).toBe(COUNT_MAX);
  const full = usage({ in_tokens: COUNT_MAX, reasoning_tokens: COUNT_MAX - 1 });
  expect(addUsage(full, usage({ in_tokens: 5, out_tokens: 7, reasoning_tokens: 5 }))).toEqual(
    usage({ in_tokens: COUNT_MAX, out_tokens: 7, reasoning_tokens: COUNT_MAX }),
  );
  expect(Number.isSafeInteger(COUNT_MAX) && Number.isSafeInteger(USD_NANOS_MAX)).toBe(true);
});
