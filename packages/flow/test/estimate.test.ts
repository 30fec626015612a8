import { type Price, randomInt, seededRng, ZERO_USAGE } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { AccuracyWindow } from '../src/accuracy.ts';
import { LengthModel } from '../src/length-model.ts';
import { LogHistogram } from '../src/log-histogram.ts';
import { ByteModel, effectiveDemand, Estimator, type PromptSize, withGuard } from '../src/index.ts';

const HOUR_MS = 3_600_000;
const size = (ascii_bytes: number, other_bytes = 0, messages = 1): PromptSize => ({
  ascii_bytes,
  other_bytes,
  messages,
  tools: 0,
  images: 0,
});
const price: Price = {
  in_usd_micros_per_mtok: 1_000_000,
  out_usd_micros_per_mtok: 4_000_000,
  cached_in_usd_micros_per_mtok: 0,
  cache_write_usd_micros_per_mtok: 0,
  reasoning_usd_micros_per_mtok: 4_000_000,
  per_request_usd_nanos: 0,
};

describe('ByteModel', () => {
  test('starts at four bytes a token with margins for messages, tools and images', () => {
    const model = new ByteModel();
    expect(model.tokens({ ascii_bytes: 400, other_bytes: 0, messages: 2, tools: 0, images: 0 })).toBe(100 + 3 + 8);
    expect(model.tokens({ ascii_bytes: 400, other_bytes: 0, messages: 2, tools: 3, images: 1 })).toBe(111 + 24 + 1_200);
    expect(model.tokens({ ascii_bytes: 0, other_bytes: 0, messages: 0, tools: 0, images: 0 })).toBe(3);
  });

  test('finds the true rates of ASCII and other text from totals alone', () => {
    const rng = seededRng(4);
    const model = new ByteModel();
    for (let n = 0; n < 2_000; n += 1) {
      const ascii = randomInt(rng, 0, 8_000);
      const other = rng.next() < 0.5 ? 0 : randomInt(rng, 0, 8_000);
      model.observe(size(ascii, other), Math.round(ascii * 0.19 + other * 0.55 + 7));
    }
    expect(model.ascii_tokens_per_byte).toBeCloseTo(0.19, 2);
    expect(model.other_tokens_per_byte).toBeCloseTo(0.55, 1);
    expect(model.relative_variance).toBeLessThan(0.01);
  });

  test('absurd reports cannot push the rates out of their bounds, and true ones bring them back', () => {
    const model = new ByteModel();
    for (let n = 0; n < 500; n += 1) model.observe(size(1_000, 10), 1e9);
    expect(model.ascii_tokens_per_byte).toBeLessThanOrEqual(1);
    expect(model.other_tokens_per_byte).toBeLessThanOrEqual(2);
    for (const nonsense of [0, -5, Number.NaN]) model.observe(size(1_000), nonsense);
    for (let n = 0; n < 500; n += 1) model.observe(size(1_000), 1);
    expect(model.ascii_tokens_per_byte).toBeGreaterThanOrEqual(1 / 32);
    for (let n = 0; n < 500; n += 1) model.observe(size(4_000), 1_007);
    expect(model.ascii_tokens_per_byte).toBeCloseTo(0.25, 2);
  });

  test('prompts with images and tiny prompts teach nothing', () => {
    const model = new ByteModel();
    model.observe({ ...size(4_000), images: 1 }, 4_000);
    model.observe(size(10), 60);
    expect(model.samples).toBe(0);
    expect(model.ascii_tokens_per_byte).toBe(0.25);
  });
});

describe('LengthModel and LogHistogram', () => {
  test('mean, variance and p95 follow the answers, and follow a change', () => {
    const rng = seededRng(9);
    const model = new LengthModel();
    expect(model.p95_tokens()).toBeUndefined();
    for (let n = 0; n < 3_000; n += 1) model.observe(randomInt(rng, 100, 300));
    expect(model.mean_tokens).toBeGreaterThan(180);
    expect(model.mean_tokens).toBeLessThan(220);
    expect(Math.sqrt(model.variance)).toBeGreaterThan(40);
    expect(Math.sqrt(model.variance)).toBeLessThan(75);
    expect(model.p95_tokens()).toBeGreaterThanOrEqual(290);
    expect(model.p95_tokens()).toBeLessThan(290 * 1.2);
    for (let n = 0; n < 6_000; n += 1) model.observe(2_000);
    expect(model.mean_tokens).toBeCloseTo(2_000, 0);
    expect(model.p95_tokens()).toBeGreaterThanOrEqual(2_000);
  });

  test('a quantile is the upper edge of its bin; values outside count in the end bins', () => {
    const histogram = new LogHistogram(1, 4);
    expect(histogram.quantile(0.5)).toBeUndefined();
    for (const value of [0, 1, 2, 4, 1e9]) histogram.add(value);
    expect([0, 0.4, 0.6, 0.8, 1].map((q) => histogram.quantile(q))).toEqual([1, 1, 2, 4, 16]);
    histogram.halve();
    expect(histogram.total).toBe(1);
  });
});

describe('AccuracyWindow', () => {
  test('MAPE, under-rate and p95 overage', () => {
    const window = new AccuracyWindow();
    expect(window.summary(0)).toBeUndefined();
    for (const [estimate, actual] of [
      [100, 100],
      [100, 120],
      [100, 125],
      [100, 50],
    ] as const) {
      window.record(estimate, actual, 0);
    }
    window.record(0, 10, 0);
    window.record(10, 0, 0);
    const summary = window.summary(0);
    expect(summary?.samples).toBe(4);
    expect(summary?.mape).toBeCloseTo((0 + 20 / 120 + 25 / 125 + 1) / 4);
    expect(summary?.under_rate).toBe(0.25);
    expect(summary?.p95_overage).toBeGreaterThanOrEqual(1.25);
    expect(summary?.p95_overage).toBeLessThan(1.25 * 1.2);
  });

  test('forgets after seven days, bucket by bucket', () => {
    const window = new AccuracyWindow();
    for (let hour = 0; hour < 24 * 20; hour += 1) window.record(100, 100, hour * HOUR_MS);
    expect(window.summary(24 * 20 * HOUR_MS - 1)?.samples).toBe(7 * 24);
    expect(window.summary((24 * 20 + 24) * HOUR_MS - 1)?.samples).toBe(6 * 24);
    expect(window.summary(24 * 30 * HOUR_MS)).toBeUndefined();
  });
});

describe('Estimator', () => {
  test('a first estimate says what it supposes', () => {
    const estimate = new Estimator().estimate({ model: 'm', size: size(400), max_out_tokens: 100 });
    expect(estimate).toMatchObject({ in_tokens: 107, out_tokens: 100, usd_micros: 0, confidence: 0 });
    expect(estimate.assumptions.length).toBe(3);
    expect('p95_tokens' in estimate).toBe(false);
  });

  test('calibrated, priced, with tools: every field of the record', () => {
    const estimator = new Estimator();
    for (let n = 0; n < 200; n += 1) {
      const usage = { ...ZERO_USAGE, in_tokens: 1_007, out_tokens: 500 };
      estimator.observe({ model: 'm', size: size(4_000), in_tokens: 900, out_tokens: 300, usage, complete: true }, 0);
    }
    const tool_costs = [{ tool: 'search', usd_micros: 10_000 }];
    const tool_tokens = [{ tool: 'search', tokens: 50 }];
    const estimate = estimator.estimate({ model: 'm', size: size(4_000), price, tool_costs, tool_tokens });
    expect(estimate.in_tokens).toBeGreaterThan(1_040);
    expect(estimate.in_tokens).toBeLessThan(1_070);
    expect(Math.abs(estimate.out_tokens - 500)).toBeLessThan(10);
    expect(estimate.usd_micros).toBe(estimate.in_tokens + estimate.out_tokens * 4 + 10_000);
    expect(estimate.p95_tokens).toBeGreaterThanOrEqual(estimate.in_tokens + 500);
    expect(estimate.p95_usd).toBe(estimate.in_tokens + ((estimate.p95_tokens ?? 0) - estimate.in_tokens) * 4 + 10_000);
    expect(estimate.variance.usd).toBeGreaterThan(0);
    expect(estimate.confidence).toBeGreaterThan(0.9);
    expect(estimate.assumptions).toEqual([]);
    const accuracy = estimator.accuracy('m', 0);
    expect(accuracy.input?.mape).toBeCloseTo(107 / 1_007);
    expect(accuracy.total?.under_rate).toBe(1);
    expect(accuracy.total?.samples).toBe(200);
  });

  test('the guarded length is the mean with the band of the tier, within what the request allows', () => {
    const estimator = new Estimator();
    const mean = estimator.outTokens('m');
    const [gold, silver, bronze] = (['gold', 'silver', 'bronze'] as const).map((q) =>
      estimator.guardedOutTokens('m', q),
    );
    expect([gold, silver, bronze]).toEqual([mean * 3, mean * 2, mean * 1.5]);
    expect(estimator.guardedOutTokens('m', 'gold', 100)).toBe(100);
  });

  test('a cut answer teaches the prompt but not the length', () => {
    const estimator = new Estimator();
    const usage = { ...ZERO_USAGE, in_tokens: 2_000, out_tokens: 9 };
    const before = estimator.outTokens('m');
    estimator.observe({ model: 'm', size: size(4_000), in_tokens: 1_000, out_tokens: 9, usage, complete: false }, 0);
    expect(estimator.outTokens('m')).toBe(before);
    expect(estimator.inTokens('m', size(4_000))).toBeGreaterThan(1_100);
    expect(estimator.accuracy('m', 0).total).toBeUndefined();
  });

  test('the table of models is bounded; what does not fit shares one state', () => {
    const estimator = new Estimator(2);
    const usage = { ...ZERO_USAGE, in_tokens: 2_000, out_tokens: 10 };
    for (const model of ['a', 'b', 'c', 'd']) {
      estimator.observe({ model, size: size(4_000), in_tokens: 1_000, out_tokens: 10, usage, complete: true }, 0);
    }
    expect([...estimator.models()]).toEqual(['a', 'b']);
    expect(estimator.inTokens('c', size(4_000))).toBe(estimator.inTokens('made up', size(4_000)));
    expect(estimator.inTokens('c', size(4_000))).toBeGreaterThan(estimator.inTokens('a', size(4_000)));
  });

  test('the guard band is 2, 1 and half a standard deviation', () => {
    expect(['gold' as const, 'silver' as const, 'bronze' as const].map((qos) => withGuard(100, 25, qos))).toEqual([
      110, 105, 102.5,
    ]);
    const estimate = { ...new Estimator().estimate({ model: 'm', size: size(400) }), usd_micros: 10 };
    const demand = effectiveDemand({ ...estimate, variance: { tokens: 0.01, usd: 0.25 } }, 'gold');
    expect(demand).toEqual({ tokens: estimate.in_tokens + estimate.out_tokens + 1, usd_nanos: 11_000 });
  });
});
