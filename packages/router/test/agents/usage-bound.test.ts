import { costUsdNanos, type JsonObject, nanosToMicros, type Price, ZERO_USAGE } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundOf, withinBound } from '../../src/atp/agents/usage-bound.ts';

const price = (input: number, output: number, more: Partial<Price> = {}): Price => ({
  ...{ in_usd_micros_per_mtok: input, out_usd_micros_per_mtok: output, reasoning_usd_micros_per_mtok: output },
  ...{
    cached_in_usd_micros_per_mtok: input,
    cache_write_usd_micros_per_mtok: input,
    per_request_usd_nanos: 0,
    ...more,
  },
});
const result = (in_tokens: number, out_tokens: number, more: object = {}): JsonObject => ({
  ...{ text: 'Hi', usage: { in_tokens, out_tokens, ...more } },
});
const CHEAP = price(1_000_000, 1_000_000);
const DEAR = price(10_000_000, 10_000_000);

describe('the bound of reported usage', () => {
  const expected = { tokens: 50, usd_micros: 0 };
  const estimate = { in_tokens: 10, out_tokens: 20, usd_micros: 0 };

  test('is the budget, where there is one', () => {
    const budget = { tokens: 9, usd_micros: 7 };
    expect(boundOf({ budget, expected }, estimate, [CHEAP])).toEqual(budget);
    expect(boundOf({ budget: { tokens: 9 }, expected }, estimate, [])).toEqual({ tokens: 9, usd_micros: Infinity });
  });

  test('is twice of what was expected or estimated, where there is none and somebody pays', () => {
    const tokens = (more: object): number =>
      boundOf({ budget: {}, expected }, { ...estimate, ...more }, [CHEAP]).tokens;
    expect(tokens({})).toBe(100);
    expect(tokens({ out_tokens: 90 })).toBe(200);
    expect(tokens({ p95_tokens: 300 })).toBe(600);
    expect(boundOf({ budget: {}, expected }, estimate, []).tokens).toBe(Infinity);
  });
});

describe('usage that is reported', () => {
  test('within the bound is left as it is, with all its parts', () => {
    const data = result(60, 40, { cached_in_tokens: 50, reasoning_tokens: 30 });
    expect(withinBound(data, { tokens: 100, usd_micros: 100 }, [CHEAP])).toEqual({ data, is_excess: false });
  });

  test('that is none is left to the router, which counts', () => {
    for (const usage of ['much', {}, { in_tokens: -1, out_tokens: 1 }, { in_tokens: 1, out_tokens: 1e300 }]) {
      const data = { text: 'Hi', usage } as JsonObject;
      expect(withinBound(data, { tokens: 1, usd_micros: 1 }, [CHEAP])).toEqual({ data, is_excess: false });
    }
  });

  test('that is within it at one price and above it at another is cut, and not called too much', () => {
    const { data, is_excess } = withinBound(result(0, 50), { tokens: 100, usd_micros: 100 }, [CHEAP, DEAR]);
    expect([data['usage'], is_excess]).toEqual([{ in_tokens: 0, out_tokens: 10 }, false]);
    expect(withinBound(result(0, 100), { tokens: 100, usd_micros: 99 }, [CHEAP, DEAR]).is_excess).toBe(true);
  });

  test('of tokens that cost nothing is left, whatever each request costs', () => {
    const each = price(0, 0, { per_request_usd_nanos: 500 });
    const { data } = withinBound(result(0, 0), { tokens: 10, usd_micros: 0 }, [each]);
    expect(data['usage']).toEqual({ in_tokens: 0, out_tokens: 0 });
  });

  test('whatever it is, comes to no more than the bound', () => {
    const count = fc.oneof(fc.nat({ max: 10_000 }), fc.maxSafeNat());
    const rate = fc.nat({ max: 100_000_000 });
    const any_price = fc
      .tuple(rate, rate, rate, rate, rate, fc.nat({ max: 2_000 }))
      .map(([input, output, cached, write, reasoning, each]) =>
        price(input, output, {
          ...{ cached_in_usd_micros_per_mtok: cached, cache_write_usd_micros_per_mtok: write },
          ...{ reasoning_usd_micros_per_mtok: reasoning, per_request_usd_nanos: each },
        }),
      );
    fc.assert(
      fc.property(
        fc.record({
          ...{ in_tokens: count, out_tokens: count, cached_in_tokens: count },
          ...{ cache_write_tokens: count, reasoning_tokens: count },
        }),
        fc.array(any_price, { maxLength: 3 }),
        fc.record({ tokens: fc.oneof(count, fc.constant(Infinity)), usd_micros: fc.nat({ max: 1_000_000 }) }),
        (usage, prices, bound) => {
          const { data } = withinBound({ text: '', usage }, bound, prices);
          const kept = data['usage'] as { in_tokens: number; out_tokens: number };
          expect(kept.in_tokens + kept.out_tokens).toBeLessThanOrEqual(bound.tokens);
          if (kept === usage) return;
          for (const one of prices) {
            const most = Math.max(bound.usd_micros, nanosToMicros(one.per_request_usd_nanos));
            expect(nanosToMicros(costUsdNanos({ ...ZERO_USAGE, ...kept }, one))).toBeLessThanOrEqual(most);
          }
        },
      ),
    );
  });
});
