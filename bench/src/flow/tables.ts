import { QOS_TIERS } from '@atp-router/kernel';
import { ms, percent, waitP99_ms } from './aims.ts';
import { bronzeHeld, jainOf, quantile, type Row, tierRows, usedWhileWaiting } from './findings.ts';
import type { Meter, TenantCount } from './meter.ts';
import type { ThroughputRow } from './throughput.ts';

/** One workload under one policy. */
export interface Result {
  readonly load: string;
  readonly policy: string;
  readonly meter: Meter;
}

/** Rows of tiers. Tokens are per virtual second. */
export function tierTable(results: readonly Result[]): string {
  const head = ['load', 'policy', 'tier', 'calls', 'refused', 'stopped', 'wait p50 ms', 'p99 ms'];
  const tokens = ['offered', 'done', 'finished', 'wasted'];
  return table(
    [...head, ...tokens],
    results.flatMap(({ load, policy, meter }) => tierRows(meter).map((row) => [load, policy, ...cells(row)])),
  );
}

function cells(row: Row): string[] {
  return [
    row.name,
    grouped(row.asked),
    percent(row.refused),
    percent(row.stopped),
    ms(row.p50_ms),
    ms(row.p99_ms),
    grouped(row.offered_tokens_per_s),
    grouped(row.done_tokens_per_s),
    grouped(row.finished_tokens_per_s),
    grouped(row.wasted_tokens_per_s),
  ];
}

/** What is judged of whole runs. */
export function runTable(results: readonly Result[]): string {
  return table(
    [
      'load',
      'policy',
      'used while work waits',
      'bronze holds while it waits',
      "Jain's index: gold",
      'silver',
      'bronze',
    ],
    results.map(({ load, policy, meter }) => [
      load,
      policy,
      optional(usedWhileWaiting(meter), percent),
      optional(bronzeHeld(meter), percent),
      ...QOS_TIERS.map((qos) => optional(jainOf(meter, qos), (jain) => jain.toFixed(4))),
    ]),
  );
}

/** A line for each tenant: of each policy the p99 of its wait, and what was finished of the tokens that it asked for. */
export function tenantTable(results: readonly Result[]): string {
  const [first] = results;
  const rows = [...(first?.meter.tenants.keys() ?? [])].map((tenant) => [
    tenant.id,
    ...results.map(({ meter }) => {
      const count = meter.tenants.get(tenant);
      if (count === undefined) return '–';
      return `${ms(waitP99_ms([count]))}; ${percent(count.finished_tokens / count.offered_tokens)}`;
    }),
  ]);
  return table(['tenant', ...results.map(({ policy }) => policy)], rows);
}

/** Of the well-behaved tenants beside one that floods. */
export function floodTable(results: readonly Result[]): string {
  return table(
    ['flood', 'policy', 'refused', 'wait p50 ms', 'wait p99 ms', 'whole p99 ms', 'finished of what they asked for'],
    results.map(({ load, policy, meter }) => {
      const others = othersOf(meter);
      const waits_ms = others.flatMap((count) => count.waits_ms);
      const sum = (field: 'refused' | 'finished_tokens' | 'offered_tokens'): number =>
        others.reduce((total, count) => total + count[field], 0);
      return [
        load,
        policy,
        grouped(sum('refused')),
        ms(quantile(waits_ms, 0.5)),
        ms(quantile(waits_ms, 0.99)),
        ms(wholeP99_ms(meter)),
        percent(sum('finished_tokens') / sum('offered_tokens')),
      ];
    }),
  );
}

export function othersOf(meter: Meter): TenantCount[] {
  return [...meter.tenants.values()].filter(({ tenant }) => tenant.id !== 'flood');
}

/** From arrival to the end of the answer. */
export function wholeP99_ms(meter: Meter): number {
  return quantile(
    othersOf(meter).flatMap(({ whole_ms }) => whole_ms),
    0.99,
  );
}

export function throughputTable(rows: readonly ThroughputRow[]): string {
  return table(
    ['tenants', 'queue', '', 'operations/s', 'of processor time', 'pairs/s', 'time ÷ baseline'],
    rows.map((row) => [
      grouped(row.tenants),
      row.queue,
      row.name,
      grouped(row.operations_per_s),
      grouped(row.operations_per_cpu_s),
      grouped(row.operations_per_s / 2),
      row.ratio.toFixed(1),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_cell, i) => (i < 3 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function optional(value: number | undefined, show: (value: number) => string): string {
  return value === undefined ? '–' : show(value);
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
