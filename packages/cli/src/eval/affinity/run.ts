import { type Cli, show } from '../../commands/context.ts';
import { type Column, table } from '../../print/table.ts';
import { printable } from '../../print/text.ts';
import { type PlacerName, placersOf } from './placers.ts';
import { hitRateBound, type Simulated, simulate } from './simulate.ts';
import { readTraces, type Trace } from './trace.ts';

export interface AffinityOptions {
  readonly data: string;
  readonly targets: number;
  readonly cacheBlocks: number;
  readonly ttl: number;
  readonly prefill: number;
  readonly decode: number;
  readonly seed: number;
  readonly json?: boolean;
}

interface TraceReport {
  readonly trace: string;
  readonly requests: number;
  readonly blocks: number;
  /** Blocks that could be there whatever the caches hold, of all. */
  readonly hit_rate_bound: number;
  readonly placed: readonly (Simulated & { readonly placer: PlacerName })[];
}

export interface AffinityReport {
  readonly version: 1;
  readonly options: Readonly<Record<string, number>>;
  readonly traces: readonly TraceReport[];
}

/** How often prompts meet a warm cache, by who says where they go. */
export async function evalAffinity(cli: Cli, options: AffinityOptions): Promise<void> {
  const traces = await readTraces(cli.terminal.cwd, options.data);
  const { targets, cacheBlocks: cache_blocks, ttl: ttl_s, prefill, decode, seed } = options;
  const report: AffinityReport = {
    version: 1,
    options: { targets, cache_blocks, ttl_s, prefill, decode, seed },
    traces: traces.map((trace) => traceReport(trace, options)),
  };
  show(cli, options, report, () => printed(report));
}

function traceReport(trace: Trace, options: AffinityOptions): TraceReport {
  const { targets, cacheBlocks: cache_blocks, prefill: prefill_per_s, decode: decode_per_s } = options;
  const ttl_ms = options.ttl * 1_000;
  const facts = { targets, cache_blocks, ttl_ms, prefill_per_s, decode_per_s };
  return {
    trace: trace.name,
    requests: trace.requests.length,
    blocks: trace.requests.reduce((all, { blocks }) => all + blocks.length, 0),
    hit_rate_bound: hitRateBound(trace, facts),
    placed: placersOf(facts, options.seed).map(([placer, one]) => ({ placer, ...simulate(trace, facts, one) })),
  };
}

const COLUMNS: readonly Column[] = [
  ['PLACED BY', 'placer'],
  ['HITS', (row) => digits(row['hit_rate'])],
  ['READ ANEW', (row) => digits(row['cold_rate'])],
  ['WORK, MAX/MEAN', (row) => digits(row['work_max_over_mean'])],
  ['REQUESTS, MAX/MEAN', (row) => digits(row['requests_max_over_mean'])],
  ['IN FLIGHT, MAX', 'in_flight_max'],
];

function printed({ options, traces }: AffinityReport): string {
  const { targets, cache_blocks, ttl_s, prefill, decode } = options;
  return [
    `${targets} targets that keep ${cache_blocks} blocks for ${ttl_s} s, read ${prefill} and write ${decode} tokens a second\n`,
    ...traces.map(
      ({ trace, requests, blocks, hit_rate_bound, placed }) =>
        `\n${printable(trace)}: ${requests} requests, ${blocks} blocks; hits at most ${digits(hit_rate_bound)}\n${table(
          placed.map((one) => ({ ...one })),
          COLUMNS,
        )}`,
    ),
  ].join('');
}

function digits(value: unknown): string {
  return typeof value === 'number' ? value.toFixed(3) : '-';
}
