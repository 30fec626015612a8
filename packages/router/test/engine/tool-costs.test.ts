import type { HostedTool } from '@atp-router/dialects';
import { reservedUsdNanos } from '@atp-router/flow';
import { costUsdNanos, type HostedUses, type Price, type Usage } from '@atp-router/kernel';
import { hostedToolPrices } from '@atp-router/providers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Attempt } from '../../src/engine/attempt.ts';
import { reservedPrice } from '../../src/engine/hosted-tools.ts';
import { recordOf } from '../../src/engine/records.ts';
import type { Target } from '../../src/engine/target.ts';

const rate = fc.integer({ min: 0, max: 900_000_000 });
const count = fc.integer({ min: 0, max: 2_000_000 });
const price: fc.Arbitrary<Price> = fc.record({
  in_usd_micros_per_mtok: rate,
  out_usd_micros_per_mtok: rate,
  cached_in_usd_micros_per_mtok: rate,
  cache_write_usd_micros_per_mtok: rate,
  reasoning_usd_micros_per_mtok: rate,
  per_request_usd_nanos: fc.integer({ min: 0, max: 1_000_000_000 }),
});
const usage: fc.Arbitrary<Usage> = fc.record({
  in_tokens: count,
  out_tokens: count,
  cached_in_tokens: count,
  cache_write_tokens: count,
  reasoning_tokens: count,
});
/** Whole micro-dollars of one use, as the configuration has them. */
const micros = fc.integer({ min: 0, max: 100_000_000 });
const uses = fc.integer({ min: 0, max: 10_000 });

const targetOf = (own: Price | undefined, usd_micros: number): Target =>
  ({
    model: { id: 'm', price: own },
    provider: { id: 'p' },
    description: { dialect: { id: 'anthropic-messages' } },
    tool_prices: hostedToolPrices('anthropic', { web_search: usd_micros / 1e6 }),
  }) as unknown as Target;

const attemptOf = (target: Target, used: Usage, hosted_uses: HostedUses | undefined, status: number): Attempt =>
  ({
    spec: { n: 1, turn: 1, kind: 'primary', target, in_tokens: 1, started_mono_ms: 0, hosted_tools: [] },
    ...{ usage: used, hosted_uses, is_complete: true, upstream_status: status, counted_out_tokens: 0 },
  }) as unknown as Attempt;

const OK = { outcome: 'ok', error: undefined, now_mono_ms: 1, intensity: undefined } as const;

test('an attempt costs its tokens and its tools, to the nano-dollar', () => {
  fc.assert(
    fc.property(price, usage, micros, uses, (own, used, usd_micros, web_search) => {
      const attempt = attemptOf(targetOf(own, usd_micros), used, { web_search }, 200);
      const record = recordOf(attempt, OK, 0);
      expect(record.tools_usd_nanos ?? 0).toBe(usd_micros * 1_000 * web_search);
      expect(record.cost_usd_nanos).toBe(costUsdNanos(used, own) + usd_micros * 1_000 * web_search);
      const refused = recordOf(
        attemptOf(targetOf(own, usd_micros), used, { web_search }, 500),
        { ...OK, outcome: 'error', error: 'x' },
        0,
      );
      expect([refused.cost_usd_nanos, refused.tools_usd_nanos]).toEqual([0, undefined]);
    }),
  );
});

test('a reservation holds what the declared uses will cost', () => {
  fc.assert(
    fc.property(price, micros, fc.integer({ min: 1, max: 100 }), count, count, (own, usd_micros, max_uses, i, o) => {
      const target = targetOf(own, usd_micros);
      const raw = { type: 'web_search_20250305', max_uses };
      const hosted_tools: HostedTool[] = [{ type: raw.type, origin: 'anthropic-messages', raw }];
      const reserved = reservedPrice(target, { hosted_tools });
      expect(reservedUsdNanos(reserved as Price, i, o)).toBe(
        reservedUsdNanos(own, i, o) + usd_micros * 1_000 * max_uses,
      );
    }),
  );
});

test('a request without such tools, or with those of another shape, is reserved at the very price of its model', () => {
  const own = fc.sample(price, 1)[0];
  const target = targetOf(own, 10_000);
  expect(reservedPrice(target, { hosted_tools: undefined })).toBe(own);
  const foreign: HostedTool = { type: 'web_search', origin: 'openai-responses', raw: {} };
  expect(reservedPrice(target, { hosted_tools: [foreign] })).toBe(own);
});

test('the tools of a model without a price have prices of their own', () => {
  const target = targetOf(undefined, 10_000);
  const search: HostedTool = { type: 'web_search', origin: 'anthropic-messages', raw: {} };
  const reserved = reservedPrice(target, { hosted_tools: [search] });
  expect(reservedUsdNanos(reserved as Price, 1_000, 1_000)).toBe(10_000_000);
  const used: Usage = fc.sample(usage, 1)[0] as Usage;
  expect(recordOf(attemptOf(target, used, { web_search: 2 }, 200), OK, 0).cost_usd_nanos).toBe(20_000_000);
});
