import type { Machine } from './machine.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import type { Spread } from './stats.ts';
import { type Aim, aims, type Row, remarks } from './summary.ts';
import type { MissingTarget } from './target.ts';

export interface Settings {
  readonly rounds: number;
  readonly seconds: number;
  readonly pin: boolean;
  readonly started_at: string;
  readonly commands: Readonly<Record<string, string>>;
}

/** The whole report as Markdown; the console shows the same text. */
export function renderReport(
  rows: readonly Row[],
  machine: Machine,
  settings: Settings,
  missing: readonly MissingTarget[],
): string {
  const parts = [
    '# Bench report',
    header(machine, settings, missing),
    ...SCENARIOS.flatMap((scenario) => section(scenario, rows)),
    ...aimSection(aims(rows)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function header(machine: Machine, settings: Settings, missing: readonly MissingTarget[]): string {
  const { rounds, seconds, pin, started_at, commands } = settings;
  return [
    `- ${started_at}; ${rounds} interleaved rounds of ${seconds} s per run${pin ? '; target pinned to core 0, load to core 1' : ''}`,
    `- ${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, TCP ${machine.congestion_control}`,
    `- Node ${machine.node}, ${machine.go}${machine.nginx === null ? '' : `, ${machine.nginx}`}`,
    ...Object.entries(commands).map(([name, command]) => `- ${name}: \`${command}\``),
    ...missing.map((one) => `- ${one.name}: not measured: ${one.missing.split('\n')[0] ?? ''}`),
  ].join('\n');
}

function section(scenario: Scenario, all: readonly Row[]): readonly string[] {
  const rows = all.filter((row) => row.scenario === scenario.id);
  if (rows.length === 0) return [];
  const notes = rows.flatMap((row) =>
    [...decisions(row), ...remarks(row)].map((text) => `- **${row.target}**: ${text}`),
  );
  return [
    `## ${scenario.id}: ${scenario.title}`,
    table(absoluteHead(scenario), rows.map(absoluteCells)),
    table(RATIO_HEAD, rows.map(ratioCells)),
    ...(notes.length > 0 ? [notes.join('\n')] : []),
  ];
}

function decisions({ decision_p50_us: p50, decision_p99_us: p99 }: Row): readonly string[] {
  return p50 === null || p99 === null ? [] : [`decision time: median ${number(p50)} µs, p99 ${number(p99)} µs`];
}

function absoluteHead({ unit }: Scenario): readonly string[] {
  const latency = unit === 'chunk' ? ' of a chunk' : '';
  return [
    'target',
    `${unit}s/s`,
    `p50${latency} µs`,
    'p99 µs',
    'p99.9 µs',
    `CPU µs/${unit}`,
    'peak RSS MiB',
    'target CPU',
    'generator CPU',
    'upstream CPU',
    'other CPU',
    'errors',
  ];
}

function absoluteCells(row: Row): readonly string[] {
  const kept = row.rounds_kept_up === null || row.rounds_kept_up === row.rounds;
  return [
    row.target,
    `${number(row.units_per_s)}${kept ? '' : ' (not sustained)'}`,
    number(row.p50_us),
    number(row.p99_us),
    number(row.p999_us),
    number(row.cpu_us_per_unit),
    number(row.rss_peak_bytes / 2 ** 20),
    percent(row.target_share),
    percent(row.generator_share_max),
    percent(row.upstream_share_max),
    percent(row.other_share),
    String(row.errors),
  ];
}

const RATIO_HEAD: readonly string[] = [
  'target',
  'added p50 µs',
  'throughput ÷ bare',
  'CPU ÷ bare',
  'p50 ÷ bare',
  'p99 ÷ bare',
  'throughput ÷ nginx',
  'CPU ÷ nginx',
];

function ratioCells(row: Row): readonly string[] {
  return [
    row.target,
    range(row.added_p50_us, number),
    range(row.vs_bare?.throughput ?? null, ratio),
    range(row.vs_bare?.cpu ?? null, ratio),
    range(row.vs_bare?.p50 ?? null, ratio),
    range(row.vs_bare?.p99 ?? null, ratio),
    range(row.vs_nginx?.throughput ?? null, ratio),
    range(row.vs_nginx?.cpu ?? null, ratio),
  ];
}

function aimSection(found: readonly Aim[]): readonly string[] {
  if (found.length === 0) return [];
  const lines = found.map((aim) => `- ${aim.reached ? 'reached' : 'MISSED'}: ${aim.text}: ${ratio(aim.value)}`);
  return ['## Aims', lines.join('\n')];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_cell, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function range(value: Spread | null, show: (value: number) => string): string {
  return value === null ? '–' : `${show(value.median)} (${show(value.min)}–${show(value.max)})`;
}

/** Three significant digits below a thousand, whole numbers above. */
function number(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '–';
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
