import { costUsdNanos, type JsonObject, nanosToMicros, type Price, ZERO_USAGE } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withinBound } from '../../src/atp/agents/usage-bound.ts';

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

const BUDGETED = (tokens: number, usd_micros: number, one?: Price) => ({
  ...{ budget: { tokens, usd_micros }, billable: { tokens, usd_micros, out_tokens: tokens } },
  ...(one && { price: one }),
});

describe('usage that is reported', () => {
  test('within the bound is left as it is, with all its parts', () => {
    const data = result(60, 40, { cached_in_tokens: 50, reasoning_tokens: 30 });
    expect(withinBound(data, BUDGETED(100, 100, CHEAP), undefined)).toEqual({ data, is_excess: false });
  });

  test('that is none is left to the router, which counts', () => {
    for (const usage of ['much', {}, { in_tokens: -1, out_tokens: 1 }, { in_tokens: 1, out_tokens: 1e300 }]) {
      const data = { text: 'Hi', usage } as JsonObject;
      expect(withinBound(data, BUDGETED(1, 1, CHEAP), undefined)).toEqual({ data, is_excess: false });
    }
  });

  test('above the budget is cut, and called too much, whatever was announced', () => {
    const estimate = { in_tokens: 0, out_tokens: 1_000, usd_micros: 0 };
    const { data, is_excess } = withinBound(result(0, 50), BUDGETED(100, 100, DEAR), estimate);
    expect([data['usage'], is_excess]).toEqual([{ in_tokens: 0, out_tokens: 10 }, true]);
  });

  test('where there is no budget is cut to what the router expected, and called too much when more than twice was announced', () => {
    const caller = { budget: {}, billable: { tokens: 100, usd_micros: 100, out_tokens: 100 }, price: CHEAP };
    const of = (used: number, estimated: number, p95_tokens?: number) => {
      const estimate = { in_tokens: 0, out_tokens: estimated, usd_micros: 0, ...(p95_tokens && { p95_tokens }) };
      const { data, is_excess } = withinBound(result(0, used), caller, estimate);
      return [(data['usage'] as { out_tokens: number }).out_tokens, is_excess];
    };
    expect(of(100, 1)).toEqual([100, false]);
    expect(of(101, 1)).toEqual([100, true]);
    expect(of(1_000, 500)).toEqual([100, false]);
    expect(of(1_001, 500)).toEqual([100, true]);
    expect(of(1_001, 300, 501)).toEqual([100, false]);
  });

  test('within a budget for the day, and above what the router expected, is cut to that', () => {
    const caller = { budget: { tokens: 10_000, usd_micros: 10_000 }, price: CHEAP };
    const billable = { tokens: 100, usd_micros: 100, out_tokens: 100 };
    const of = (used: number, out_tokens: number) => {
      const estimate = { in_tokens: 0, out_tokens, usd_micros: 0 };
      const { data, is_excess } = withinBound(result(0, used), { ...caller, billable }, estimate);
      return [(data['usage'] as { out_tokens: number }).out_tokens, is_excess];
    };
    expect(of(1_000, 10)).toEqual([100, true]);
    expect(of(1_000, 500)).toEqual([100, false]);
    expect(of(10_001, 9_999)).toEqual([100, true]);
  });

  test('where nobody pays is left as it is', () => {
    const data = result(0, 1_000_000_000);
    expect(withinBound(data, { budget: {} }, undefined)).toEqual({ data, is_excess: false });
  });

  test('of tokens that cost nothing is left, whatever each request costs', () => {
    const each = price(0, 0, { per_request_usd_nanos: 500 });
    const { data } = withinBound(result(0, 0), BUDGETED(10, 0, each), undefined);
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
        any_price,
        fc.record({ tokens: count, usd_micros: fc.nat({ max: 1_000_000 }), out_tokens: count }),
        fc.record({ in_tokens: count, out_tokens: count, usd_micros: count }),
        (usage, one, billable, estimate) => {
          const { data } = withinBound({ text: '', usage }, { budget: {}, billable, price: one }, estimate);
          const kept = data['usage'] as { in_tokens: number; out_tokens: number };
          expect(kept.in_tokens + kept.out_tokens).toBeLessThanOrEqual(billable.tokens);
          if (kept === usage) return;
          const most = Math.max(billable.usd_micros, nanosToMicros(one.per_request_usd_nanos));
          expect(nanosToMicros(costUsdNanos({ ...ZERO_USAGE, ...kept }, one))).toBeLessThanOrEqual(most);
        },
      ),
    );
  });
});
