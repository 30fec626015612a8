import { describe, expect, test } from 'vitest';
import type { Machine } from '../src/machine.ts';
import type { Sample } from '../src/measure.ts';
import type { Latency } from '../src/native.ts';
import { renderReport, type Settings } from '../src/report.ts';
import { aims, remarks, summarize } from '../src/summary.ts';

const latency: Latency = { count: 1, mean_us: 1, p50_us: 1, p90_us: 1, p99_us: 1, p999_us: 1, max_us: 1 };

function sample(part: Partial<Sample> & Pick<Sample, 'scenario' | 'target' | 'round'>): Sample {
  return {
    units: 1000,
    units_per_s: 1000,
    p50_us: 100,
    p99_us: 200,
    p999_us: 300,
    cpu_us_per_unit: 50,
    target_share: 0.5,
    generator_share: 0.2,
    upstream_share: 0.1,
    other_share: 0,
    rss_peak_bytes: 10 * 2 ** 20,
    errors: 0,
    decision_p50_us: null,
    decision_p99_us: null,
    kept_up: null,
    load: { mode: 'closed', wall_s: 1, cpu_s: 0.2, count: 1000, rps: 1000, errors: 0, non_2xx: 0, latency },
    ...part,
  };
}

const closed: readonly Sample[] = [1, 2, 3].flatMap((round) => [
  sample({ scenario: 'closed64', target: 'bare', round, units_per_s: 10_000 * round, cpu_us_per_unit: 80 }),
  sample({ scenario: 'closed64', target: 'router', round, units_per_s: 8_000 * round, cpu_us_per_unit: 100 }),
  sample({ scenario: 'closed1', target: 'direct', round, p50_us: 20 }),
  sample({ scenario: 'closed1', target: 'router', round, p50_us: 230 + round }),
]);

describe('summarize', () => {
  const rows = summarize(closed);

  test('has one row for each scenario and target, in the order of the tables', () => {
    expect(rows.map((row) => `${row.scenario} ${row.target}`)).toEqual([
      'closed64 bare',
      'closed64 router',
      'closed1 direct',
      'closed1 router',
    ]);
  });

  test('compares with the bare proxy round by round, and never with itself', () => {
    const [bare, router] = rows;
    expect(bare?.vs_bare).toBeNull();
    expect(router?.vs_bare?.throughput).toEqual({ median: 0.8, min: 0.8, max: 0.8 });
    expect(router?.vs_bare?.cpu?.median).toBe(1.25);
    expect(router?.vs_nginx).toBeNull();
  });

  test('added latency is over the upstream itself', () => {
    expect(rows[3]?.added_p50_us).toEqual({ median: 212, min: 211, max: 213 });
    expect(rows[2]?.added_p50_us).toBeNull();
  });

  test('takes medians of rates but the worst of shares, memory and errors', () => {
    const two = [
      sample({ scenario: 'open1k', target: 'bare', round: 1, rss_peak_bytes: 5, errors: 2, kept_up: true }),
      sample({ scenario: 'open1k', target: 'bare', round: 2, generator_share: 0.95, errors: 1, kept_up: false }),
    ];
    const [row] = summarize(two);
    expect(row).toMatchObject({
      errors: 3,
      generator_share_max: 0.95,
      rss_peak_bytes: 10 * 2 ** 20,
      rounds_kept_up: 1,
    });
  });
});

describe('remarks', () => {
  const remarksOf = (part: Partial<Sample>): string =>
    summarize([sample({ scenario: 'open5k', target: 'bare', round: 1, ...part })])
      .flatMap(remarks)
      .join('; ');

  test('say nothing about a clean row', () => {
    expect(remarksOf({ kept_up: true })).toBe('');
  });

  test('flag a saturated generator or upstream from 90 % of a core on', () => {
    expect(remarksOf({ generator_share: 0.9 })).toMatch(/generator at 90 % of a core/);
    expect(remarksOf({ upstream_share: 0.97 })).toMatch(/upstream at 97 %/);
    expect(remarksOf({ upstream_share: 0.89, generator_share: 0.89 })).toBe('');
    expect(remarksOf({ upstream_share: 0.97, target: 'direct' })).toBe('');
  });

  test('flag errors, a missed rate and a busy machine', () => {
    expect(remarksOf({ errors: 4 })).toBe('4 errors');
    expect(remarksOf({ kept_up: false })).toMatch(/did not sustain the rate in 1 of 1 rounds/);
    expect(remarksOf({ other_share: 0.8 })).toMatch(/other work used 80 % of a core/);
  });
});

describe('aims', () => {
  test('are judged on the medians of ratios', () => {
    expect(aims(summarize(closed)).map(({ value, reached }) => [value, reached])).toEqual([
      [0.8, true],
      [212, false],
    ]);
  });

  test('are silent without the router', () => {
    expect(aims(summarize(closed.filter((one) => one.target !== 'router')))).toEqual([]);
  });
});

test('the report is Markdown whose tables have cells for every column', () => {
  const machine: Machine = {
    cpu: 'CPU',
    cores: 2,
    kernel: '6',
    congestion_control: 'cubic',
    node: 'v24',
    go: 'go1.26',
    nginx: null,
  };
  const settings: Settings = { rounds: 3, seconds: 4, pin: true, started_at: 'now', commands: { bare: 'node x' } };
  const text = renderReport(summarize(closed), machine, settings, [{ name: 'nginx', missing: 'not installed' }]);
  expect(text).toContain('- nginx: not measured: not installed');
  expect(text).toContain('0.80 (0.80–0.80)');
  expect(text).toContain('MISSED: added p50 at one connection ≤ 200 µs: 212.00');
  const blocks = text.split('\n\n').filter((block) => block.startsWith('|'));
  expect(blocks).toHaveLength(4);
  for (const block of blocks) {
    expect(new Set(block.split('\n').map((line) => line.split('|').length)).size).toBe(1);
  }
});
