import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MetricFamily, parseMetrics, writeMetrics } from '../../src/observe/exposition.ts';
import { countsOf, mergeMetrics, type ProcessMetrics } from '../../src/observe/merge-metrics.ts';
import { GAUGE_RULES } from '../../src/observe/merge-rules.ts';
import { MetricRegistry } from '../../src/observe/registry.ts';

function said(process: string, lines: readonly string[]): ProcessMetrics {
  return { process, families: parseMetrics(lines.join('\n')) };
}

function merged(...all: readonly ProcessMetrics[]): string[] {
  const lines = writeMetrics(mergeMetrics(all)).split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

describe('metrics of several processes', () => {
  test('counters and histograms are added up by name and labels', () => {
    const one = ['# TYPE c_total counter', 'c_total{a="x"} 1.5', 'c_total{a="y } {"} 2'];
    const two = ['# TYPE c_total counter', 'c_total{a="x"} 2', 'c_total{a="z"} 1'];
    const hist = (counts: readonly number[]): string[] => [
      '# TYPE h_seconds histogram',
      `h_seconds_bucket{le="1"} ${counts[0]}`,
      `h_seconds_bucket{le="+Inf"} ${counts[1]}`,
      `h_seconds_sum ${counts[2]}`,
      `h_seconds_count ${counts[1]}`,
    ];
    const result = merged(said('owner', [...one, ...hist([1, 3, 9])]), said('worker:1', [...two, ...hist([2, 2, 1])]));
    expect(result).toEqual([
      ...['c_total{a="x"} 3.5', 'c_total{a="y } {"} 2', 'c_total{a="z"} 1'],
      ...['h_seconds_bucket{le="1"} 3', 'h_seconds_bucket{le="+Inf"} 5', 'h_seconds_sum 10', 'h_seconds_count 5'],
    ]);
  });

  test('gauges follow their rules', () => {
    const of = (values: readonly number[]): string[] =>
      ['atp_sessions', 'atp_kill_switches', 'atp_ready', 'atp_breaker_state', 'atp_flow_exhaustion_minutes'].flatMap(
        (name, i) => [`# TYPE ${name} gauge`, `${name} ${values[i]}`],
      );
    const workers = [said('worker:1', of([2, 9, 0, 2, 30])), said('worker:2', of([3, 9, 1, 0, 60]))];
    expect(merged(...workers, said('owner', of([0, 1, 1, 0, 20])))).toEqual([
      ...['atp_sessions 5', 'atp_kill_switches 1', 'atp_ready 0', 'atp_breaker_state 2'],
      'atp_flow_exhaustion_minutes 10',
    ]);
  });

  test('what is of a process, or has no rule, is told apart by a label', () => {
    const of = (n: number): string[] => [
      '# TYPE process_x gauge',
      `process_x ${n}`,
      '# TYPE new gauge',
      `new{a="b"} ${n}`,
    ];
    expect(merged(said('owner', of(1)), said('worker:10', of(2)), said('worker:2', of(3)))).toEqual([
      ...['process_x{process="owner"} 1', 'process_x{process="worker:2"} 3', 'process_x{process="worker:10"} 2'],
      ...['new{process="owner",a="b"} 1', 'new{process="worker:2",a="b"} 3', 'new{process="worker:10",a="b"} 2'],
    ]);
  });

  test('are one, whatever order they come in', () => {
    const names = ['c_total', 'atp_sessions', 'atp_kill_switches', 'atp_ready', 'atp_breaker_state', 'process_x'];
    const family = fc.record({
      name: fc.constantFrom(...names, 'atp_flow_exhaustion_minutes'),
      labels: fc.uniqueArray(fc.constantFrom('', '{a="1"}', '{a="2"}'), { maxLength: 3 }),
      value: fc.double({ min: 0, max: 1e9, noNaN: true }),
    });
    const process = fc.uniqueArray(family, { selector: ({ name }) => name });
    const processes = fc.array(process, { minLength: 1, maxLength: 5 });
    const input = processes.chain((all) => {
      const parts = all.map((families, i): ProcessMetrics => {
        const made = families.map(({ name, labels, value }): MetricFamily => {
          const samples = new Map(labels.map((text, n) => [`${name}${text}`, value / (n + 1)]));
          return { name, type: name === 'c_total' ? 'counter' : 'gauge', help: 'Words.', samples };
        });
        return { process: i === 0 ? 'owner' : `worker:${i}`, families: made };
      });
      return fc.tuple(fc.constant(parts), fc.shuffledSubarray(parts, { minLength: parts.length }));
    });
    fc.assert(
      fc.property(input, ([parts, shuffled]) => {
        const text = writeMetrics(mergeMetrics(parts));
        expect(writeMetrics(mergeMetrics(shuffled))).toBe(text);
        expect(writeMetrics(parseMetrics(text))).toBe(text);
      }),
    );
  });

  test('counts outlive their process, and nothing else does', () => {
    const lines = ['# TYPE a_total counter', 'a_total 4', '# TYPE atp_sessions gauge', 'atp_sessions 2'];
    const more = ['# TYPE process_cpu_seconds_total counter', 'process_cpu_seconds_total 3'];
    const { families } = said('worker:1', [...lines, ...more]);
    const gone: ProcessMetrics = { process: 'gone', families: countsOf(families) };
    expect(merged(gone, said('worker:1', ['# TYPE a_total counter', 'a_total 1']))).toEqual(['a_total 5']);
  });

  test('a text that a registry writes is read without a loss', async () => {
    const registry = new MetricRegistry();
    registry
      .counter({ name: 'a_total', help: 'With \\ and\nlines.', labels: ['x'] })
      .series('"q" \\ {}\n')
      .inc(3);
    registry
      .histogram({ name: 'h', help: 'Seconds.', buckets: [0.1, 1] })
      .series()
      .observe(0.5);
    registry.live({ name: 'g', type: 'gauge', help: 'None.', read: () => [{ labels: [], value: Infinity }] });
    const text = (await registry.render()).replaceAll(/ Nan$/gm, ' NaN');
    expect(writeMetrics(parseMetrics(text)).split('\n')).toEqual(
      text.split('\n').filter((line, i, all) => {
        return line !== '' || i === all.length - 1;
      }),
    );
  });

  test('rules are for names of gauges', () => {
    expect(
      Object.keys(GAUGE_RULES).filter((name) => !/^atp_[a-z0-9_]+$/.test(name) || name.endsWith('_total')),
    ).toEqual([]);
  });
});
