import type { HostedTool } from '@atp-router/dialects';
import { USD_NANOS_MAX } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { expectedUsdNanos, hostedToolCosts, hostedToolPrices, hostedUsesUsdNanos } from '../src/index.ts';

const tool = (type: string, raw: object = {}): HostedTool => ({
  type,
  origin: 'anthropic-messages',
  raw: { type, ...raw },
});

describe('expected costs of hosted tools', () => {
  test('dates in names do not matter, uses do', () => {
    const searches = [tool('web_search_20250305', { max_uses: 3 }), tool('web_fetch_20250910')];
    expect(hostedToolCosts(searches, hostedToolPrices('anthropic'))).toEqual([
      { tool: 'web_search', usd_micros: 30_000 },
      { tool: 'web_fetch', usd_micros: 0 },
    ]);
    expect(expectedUsdNanos(searches, hostedToolPrices('anthropic'))).toBe(30_000_000);
    expect(hostedToolCosts([tool('web_search_preview_2025_03_11')], hostedToolPrices('openai'))).toEqual([
      { tool: 'web_search_preview', usd_micros: 10_000 },
    ]);
  });

  test('the search option of Chat Completions is a web search', () => {
    expect(hostedToolCosts([tool('web_search_options')], hostedToolPrices('openai'))).toEqual([
      { tool: 'web_search', usd_micros: 10_000 },
    ]);
  });

  test("the operator's table wins; what nobody priced costs nothing", () => {
    const prices = hostedToolPrices('anthropic', { web_search: 0.000007 });
    expect(hostedToolCosts([tool('web_search'), tool('new_tool')], prices)).toEqual([
      { tool: 'web_search', usd_micros: 7 },
      { tool: 'new_tool', usd_micros: 0 },
    ]);
  });

  test('names that every object knows are no tools', () => {
    for (const name of ['constructor', 'toString', '__proto__'])
      expect(expectedUsdNanos([tool(name)], hostedToolPrices('openai'))).toBe(0);
  });

  test("a client's number of uses is bounded, and one that is none counts as one", () => {
    const prices = hostedToolPrices('anthropic');
    expect(expectedUsdNanos([tool('web_search', { max_uses: 1e9 })], prices)).toBe(100 * 10_000_000);
    for (const max_uses of [0, -1, 1.5, '3', null])
      expect(expectedUsdNanos([tool('web_search', { max_uses })], prices)).toBe(10_000_000);
  });
});

describe('costs of reported uses', () => {
  test('uses times price, summed over the tools', () => {
    const prices = hostedToolPrices('openai');
    expect(hostedUsesUsdNanos({ web_search: 3, file_search: 2, unknown: 9 }, [], prices)).toBe(35_000_000);
    expect(hostedUsesUsdNanos({ web_search: 3 }, [], hostedToolPrices('ollama'))).toBe(0);
  });

  test('a variant that was declared has its own price', () => {
    const prices = hostedToolPrices('openai', { web_search_preview: 0.025 });
    expect(hostedUsesUsdNanos({ web_search: 2 }, [tool('web_search_preview_2025_03_11')], prices)).toBe(50_000_000);
    expect(hostedUsesUsdNanos({ web_search: 2 }, [tool('web_search'), tool('web_search_preview')], prices)).toBe(
      20_000_000,
    );
    // Nobody priced the variant: that of the tool itself is nearer than nothing.
    expect(hostedUsesUsdNanos({ web_search: 2 }, [tool('web_search_deep')], prices)).toBe(20_000_000);
  });

  test('sums stay within what a counter holds', () => {
    const prices = hostedToolPrices('openai', { web_search: 900_000 });
    expect(hostedUsesUsdNanos({ web_search: 1e12 }, [], prices)).toBe(USD_NANOS_MAX);
  });
});
