import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram, OTHER, PairTable } from '../../src/observe/instruments.ts';
import { MetricRegistry } from '../../src/observe/registry.ts';
import { own, samplesOf } from './support.ts';

describe('text format', () => {
  it('writes help, type and one line for each series', async () => {
    const registry = new MetricRegistry();
    const family = registry.counter({ name: 'atp_x_total', help: 'Things.', labels: ['a', 'b'] });
    family.series('1', '2').inc();
    family.series('1', '3').inc(2.5);
    expect(own(await registry.render())).toEqual([
      '# HELP atp_x_total Things.',
      '# TYPE atp_x_total counter',
      'atp_x_total{a="1",b="2"} 1',
      'atp_x_total{a="1",b="3"} 2.5',
    ]);
  });

  it('escapes what would end a label or a line', async () => {
    const registry = new MetricRegistry();
    registry
      .counter({ name: 'atp_x_total', help: 'a\nb\\c', labels: ['l'] })
      .series('q"uote\\back\nline')
      .inc();
    expect(own(await registry.render())).toEqual([
      '# HELP atp_x_total a\\nb\\\\c',
      '# TYPE atp_x_total counter',
      'atp_x_total{l="q\\"uote\\\\back\\nline"} 1',
    ]);
  });

  it('gives any label back as it was', async () => {
    const values = fc.uniqueArray(fc.string({ unit: 'binary' }), { minLength: 100, maxLength: 100 });
    const texts = fc.sample(values, { seed: 7, numRuns: 1 })[0] ?? [];
    const registry = new MetricRegistry();
    const family = registry.counter({ name: 'atp_x_total', help: 'x', labels: ['l'] });
    for (const text of texts) family.series(text).inc();
    const read = samplesOf(await registry.render(), 'atp_x_total');
    expect(read).toEqual(texts.map((text) => ({ labels: { l: text }, value: 1 })));
  });

  it('writes buckets cumulatively, with sum and count', async () => {
    const registry = new MetricRegistry();
    const histogram = registry
      .histogram({ name: 'atp_h_seconds', help: 'h', labels: ['l'], buckets: [0.1, 1, 10] })
      .series('x');
    for (const value of [0.1, 0.05, 0.5, 11, 12]) histogram.observe(value);
    expect(own(await registry.render()).slice(2)).toEqual([
      'atp_h_seconds_bucket{l="x",le="0.1"} 2',
      'atp_h_seconds_bucket{l="x",le="1"} 3',
      'atp_h_seconds_bucket{l="x",le="10"} 3',
      'atp_h_seconds_bucket{l="x",le="+Inf"} 5',
      'atp_h_seconds_sum{l="x"} 23.65',
      'atp_h_seconds_count{l="x"} 5',
    ]);
  });

  it('divides what is counted in a smaller unit', async () => {
    const registry = new MetricRegistry();
    registry.counter({ name: 'atp_c_usd_micros_total', help: 'c', divisor: 1_000 }).series().inc(1_234_567);
    expect(own(await registry.render()).at(-1)).toBe('atp_c_usd_micros_total 1234.567');
  });

  it('reads live values once for each scrape, and writes infinities as Prometheus does', async () => {
    const registry = new MetricRegistry();
    const seen: string[] = [];
    registry.beforeScrape(() => seen.push('before'));
    registry.live({
      ...{ name: 'atp_g', help: 'g', type: 'gauge', labels: ['l'] },
      read: () => {
        seen.push('read');
        const values = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
        return values.map((value, i) => ({ labels: [String(i)], value }));
      },
    });
    expect(own(await registry.render()).slice(2)).toEqual([
      'atp_g{l="0"} +Inf',
      'atp_g{l="1"} -Inf',
      'atp_g{l="2"} NaN',
    ]);
    expect(seen).toEqual(['before', 'read']);
  });

  it('carries the metrics of the process and its runtime', async () => {
    const text = await new MetricRegistry().render();
    expect(text).toMatch(/^process_cpu_seconds_total \d/m);
    expect(text).toMatch(/^nodejs_version_info\{version="v/m);
    expect(text.endsWith('\n')).toBe(true);
  });
});

describe('registration', () => {
  it('refuses a name twice and labels that do not fit', () => {
    const registry = new MetricRegistry();
    const family = registry.counter({ name: 'atp_x_total', help: 'x', labels: ['a'] });
    expect(() => registry.histogram({ name: 'atp_x_total', help: 'x', buckets: [1] })).toThrow('twice');
    expect(() => family.series('1', '2')).toThrow('2 values for the labels a');
  });

  it('is the same series for the same labels', () => {
    const family = new MetricRegistry().counter({ name: 'atp_x_total', help: 'x', labels: ['a'] });
    expect(family.series('1')).toBe(family.series('1'));
  });

  it('fails the scrape, not the process, when a value cannot be read', async () => {
    const registry = new MetricRegistry();
    const read = (): never => {
      throw new Error('closed');
    };
    registry.live({ name: 'atp_g', help: 'g', type: 'gauge', read });
    await expect(registry.render()).rejects.toThrow('closed');
  });
});

describe('histogram', () => {
  it('counts each value in the first bucket that holds it', () => {
    const values = fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { maxLength: 50 });
    fc.assert(
      fc.property(values, (observed) => {
        const histogram = new Histogram([1, 5, 10]);
        for (const value of observed) histogram.observe(value);
        const within = (low: number, high: number): number => observed.filter((v) => v > low && v <= high).length;
        const expected = [within(-1, 1), within(1, 5), within(5, 10), within(10, 20)];
        expect([...histogram.counts]).toEqual(expected);
        expect(histogram.sum).toBe(observed.reduce((sum, v) => sum + v, 0));
      }),
      { seed: 11 },
    );
  });
});

describe('label values that others choose', () => {
  it('stay within their limits, whoever names how many', () => {
    const names = fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 400 });
    fc.assert(
      fc.property(names, (pairs) => {
        const made = new Set<string>();
        const table = new PairTable(
          (first, second) => {
            expect(made.has(`${first} ${second}`)).toBe(false);
            made.add(`${first} ${second}`);
            return { count: 0 };
          },
          { per_first: 3, total: 20 },
        );
        for (const [first, second] of pairs) table.get(`t${first}`, `m${second}`).count += 1;
        expect(made.size).toBeLessThanOrEqual(21);
        for (const first of new Set(pairs.map(([one]) => `t${one}`))) {
          const own_names = [...made].filter((name) => name.startsWith(`${first} `) && !name.endsWith(OTHER));
          expect(own_names.length).toBeLessThanOrEqual(3);
        }
      }),
      { seed: 13 },
    );
  });

  it('beyond one first name share its rest, beyond all share one', () => {
    const table = new PairTable((first, second) => `${first}/${second}`, { per_first: 1, total: 3 });
    expect(table.get('a', 'x')).toBe('a/x');
    expect(table.get('a', 'y')).toBe('a/_other');
    expect(table.get('a', 'z')).toBe('a/_other');
    expect(table.get('a', 'x')).toBe('a/x');
    expect(table.get('b', 'x')).toBe('b/x');
    expect(table.get('c', 'x')).toBe('_other/_other');
    expect(table.get('d', 'x')).toBe('_other/_other');
  });
});
