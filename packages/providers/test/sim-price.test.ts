import { describe, expect, test } from 'vitest';
import { simPrice } from '../src/index.ts';

describe('prices', () => {
  const PRICES = { in_usd_per_mtok: { p50: 1, p95: 10 }, out_usd_per_mtok: { p50: 4, p95: 4 } };

  test('follow from seed and model, and are spread as they are told to be', () => {
    expect(simPrice(7, 'm1', PRICES)).toEqual(simPrice(7, 'm1', PRICES));
    expect(simPrice(7, 'm1', PRICES)).not.toEqual(simPrice(8, 'm1', PRICES));
    const drawn = Array.from({ length: 2_000 }, (_, i) => simPrice(1, `m${i}`, PRICES));
    const share = (limit: number): number => drawn.filter((one) => one.in_usd_per_mtok <= limit).length / drawn.length;
    expect(share(1)).toBeCloseTo(0.5, 1);
    expect(share(10)).toBeCloseTo(0.95, 1);
    expect(new Set(drawn.map((one) => one.out_usd_per_mtok))).toEqual(new Set([4]));
  });

  test('of nothing are nothing', () => {
    const nothing = { p50: 0, p95: 0 };
    expect(simPrice(1, 'm', { in_usd_per_mtok: nothing, out_usd_per_mtok: nothing })).toEqual({
      in_usd_per_mtok: 0,
      out_usd_per_mtok: 0,
    });
  });
});
