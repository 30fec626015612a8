import type { Sample } from './measure.ts';
import { SCENARIOS, type ScenarioId } from './scenarios.ts';
import { differenceOfRounds, median, ratioOfRounds, type Spread } from './stats.ts';
import { TARGET_NAMES, type TargetName } from './target.ts';

/** From this share of one core on, the generator or the upstream may be what limits the result. */
export const LOAD_SHARE_MAX = 0.9;

/** Above this, other work on the machine took cores away: rates and tails suffer, CPU per unit hardly. */
const OTHER_SHARE_MAX = 0.25;

export interface Comparison {
  readonly throughput: Spread | null;
  readonly cpu: Spread | null;
  readonly p50: Spread | null;
  readonly p99: Spread | null;
}

/** Medians over the rounds of one scenario and target. */
export interface Row {
  readonly scenario: ScenarioId;
  readonly target: TargetName;
  readonly rounds: number;
  readonly units_per_s: number;
  readonly p50_us: number;
  readonly p99_us: number;
  readonly p999_us: number;
  readonly cpu_us_per_unit: number;
  /** The highest of all rounds. */
  readonly rss_peak_bytes: number;
  readonly target_share: number;
  /** The highest of all rounds, because one saturated round spoils its ratios. */
  readonly generator_share_max: number;
  readonly upstream_share_max: number;
  readonly other_share: number;
  readonly errors: number;
  /** Null for targets that do not tell. */
  readonly decision_p50_us: number | null;
  readonly decision_p99_us: number | null;
  /** Rounds in which the offered rate was sustained; null for a closed loop. */
  readonly rounds_kept_up: number | null;
  /** p50 minus the p50 of the upstream itself in the same round. */
  readonly added_p50_us: Spread | null;
  readonly vs_bare: Comparison | null;
  /** Of the router as several processes, against one. */
  readonly vs_router: Comparison | null;
  readonly vs_nginx: Comparison | null;
}

type Field = 'units_per_s' | 'cpu_us_per_unit' | 'p50_us' | 'p99_us';

/** One row for each scenario and target that has samples, in the order of the tables. */
export function summarize(samples: readonly Sample[]): readonly Row[] {
  return SCENARIOS.flatMap(({ id }) =>
    TARGET_NAMES.flatMap((target) => {
      const own = samples.filter((one) => one.scenario === id && one.target === target);
      return own.length === 0 ? [] : [rowOf(id, target, own, samples)];
    }),
  );
}

function rowOf(scenario: ScenarioId, target: TargetName, own: readonly Sample[], all: readonly Sample[]): Row {
  const of = (name: TargetName): readonly Sample[] =>
    name === target ? [] : all.filter((one) => one.scenario === scenario && one.target === name);
  const middle = (pick: (sample: Sample) => number): number => median(own.map(pick));
  const highest = (pick: (sample: Sample) => number): number => Math.max(...own.map(pick));
  return {
    scenario,
    target,
    rounds: own.length,
    units_per_s: middle((one) => one.units_per_s),
    p50_us: middle((one) => one.p50_us),
    p99_us: middle((one) => one.p99_us),
    p999_us: middle((one) => one.p999_us),
    cpu_us_per_unit: middle((one) => one.cpu_us_per_unit),
    rss_peak_bytes: highest((one) => one.rss_peak_bytes),
    target_share: middle((one) => one.target_share),
    generator_share_max: highest((one) => one.generator_share),
    upstream_share_max: highest((one) => one.upstream_share),
    other_share: middle((one) => one.other_share),
    errors: own.reduce((sum, one) => sum + one.errors, 0),
    decision_p50_us: middleOf(own, (one) => one.decision_p50_us),
    decision_p99_us: middleOf(own, (one) => one.decision_p99_us),
    rounds_kept_up: own.some((one) => one.kept_up === null) ? null : own.filter((one) => one.kept_up).length,
    added_p50_us: differenceOfRounds(byRound(own, 'p50_us'), byRound(of('direct'), 'p50_us')),
    vs_bare: compare(own, of('bare')),
    vs_router: target === 'workers2' ? compare(own, of('router')) : null,
    vs_nginx: compare(own, of('nginx')),
  };
}

function middleOf(own: readonly Sample[], pick: (sample: Sample) => number | null): number | null {
  const told = own.flatMap((one) => pick(one) ?? []);
  return told.length === 0 ? null : median(told);
}

function byRound(samples: readonly Sample[], field: Field): ReadonlyMap<number, number> {
  return new Map(samples.map((one) => [one.round, one[field]]));
}

function compare(own: readonly Sample[], reference: readonly Sample[]): Comparison | null {
  if (reference.length === 0) return null;
  const ratio = (field: Field): Spread | null => ratioOfRounds(byRound(own, field), byRound(reference, field));
  return {
    throughput: ratio('units_per_s'),
    cpu: ratio('cpu_us_per_unit'),
    p50: ratio('p50_us'),
    p99: ratio('p99_us'),
  };
}

/** What a reader must know before believing a row; empty when nothing. */
export function remarks(row: Row): readonly string[] {
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  const found: string[] = [];
  if (row.generator_share_max >= LOAD_SHARE_MAX) {
    found.push(`generator at ${percent(row.generator_share_max)} of a core: it may be the limit`);
  }
  if (row.upstream_share_max >= LOAD_SHARE_MAX && row.target !== 'direct') {
    found.push(`upstream at ${percent(row.upstream_share_max)} of a core: it may be the limit`);
  }
  if (row.other_share > OTHER_SHARE_MAX) {
    found.push(`other work used ${percent(row.other_share)} of a core: trust CPU per unit more than rates and tails`);
  }
  if (row.errors > 0) found.push(`${row.errors} errors`);
  if (row.rounds_kept_up !== null && row.rounds_kept_up < row.rounds) {
    const failed = row.rounds - row.rounds_kept_up;
    found.push(`did not sustain the rate in ${failed} of ${row.rounds} rounds (latencies include the backlog)`);
  }
  return found;
}

export interface Aim {
  readonly text: string;
  readonly value: number;
  readonly reached: boolean;
}

function cpuRatio(row: Row | undefined, reference: Row | undefined): number | undefined {
  return row && reference && row.cpu_us_per_unit / reference.cpu_us_per_unit;
}

/** The aims of the project for the router, as far as the rows tell; empty when it did not run. */
export function aims(rows: readonly Row[]): readonly Aim[] {
  const row = (scenario: ScenarioId, target: TargetName = 'router'): Row | undefined =>
    rows.find((one) => one.scenario === scenario && one.target === target);
  const judge = (text: string, value: number | undefined, right: (value: number) => boolean): readonly Aim[] =>
    value === undefined ? [] : [{ text, value, reached: right(value) }];
  return [
    ...judge(
      'throughput at 64 connections ≥ 0.75 × bare proxy',
      row('closed64')?.vs_bare?.throughput?.median,
      (value) => value >= 0.75,
    ),
    ...judge('added p50 at one connection ≤ 200 µs', row('closed1')?.added_p50_us?.median, (value) => value <= 200),
    ...judge(
      'CPU per request as two workers at 5,000/s ≤ 1.1 × as one process at 2,500/s (a process that is busier is cheaper)',
      cpuRatio(row('open5k', 'workers2'), row('open2k5')),
      (value) => value <= 1.1,
    ),
    ...judge(
      'CPU per request as two workers ≤ 1.1 × as one process, both at 5,000/s',
      row('open5k', 'workers2')?.vs_router?.cpu?.median,
      (value) => value <= 1.1,
    ),
    ...judge('decision time ≤ 20 µs', row('closed64')?.decision_p50_us ?? undefined, (value) => value <= 20),
    ...judge(
      'CPU per streamed chunk ≤ 1.5 × bare proxy',
      row('streams300')?.vs_bare?.cpu?.median,
      (value) => value <= 1.5,
    ),
  ];
}
