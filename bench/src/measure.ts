import { ANSWER_MARK } from './bodies.ts';
import { type Buckets, quantileBetween } from './decisions.ts';
import { generate, type LoadReport, type NativeTools } from './native.ts';
import { cpuBetweenUs, machineBusyUs, peakRssBytes, resetPeakRss, snapshotCpu } from './procfs.ts';
import type { BodyKind, Scenario, ScenarioId } from './scenarios.ts';
import { STREAM_CHUNKS } from './scenarios.ts';
import type { RunningTarget, TargetName } from './target.ts';

/** Opens connections and refills caches before each measured run; its results are dropped. */
const PRELUDE_SECONDS = 0.4;

export interface Bench {
  readonly tools: NativeTools;
  readonly upstream_pid: number;
  readonly bodies: Readonly<Record<BodyKind, string>>;
  readonly load_prefix: readonly string[];
}

/** One measured run. Shares are CPU time over wall time: 1 is one core. */
export interface Sample {
  readonly scenario: ScenarioId;
  readonly target: TargetName;
  readonly round: number;
  /** Requests, or chunks where the scenario counts these. */
  readonly units: number;
  readonly units_per_s: number;
  readonly p50_us: number;
  readonly p99_us: number;
  readonly p999_us: number;
  readonly cpu_us_per_unit: number;
  readonly target_share: number;
  readonly generator_share: number;
  readonly upstream_share: number;
  /** Everything else on the machine, this runner included. */
  readonly other_share: number;
  readonly rss_peak_bytes: number;
  readonly errors: number;
  /** Of the target's own account; null where it keeps none. */
  readonly decision_p50_us: number | null;
  readonly decision_p99_us: number | null;
  /** Open loop only: whether the offered rate was sustained. */
  readonly kept_up: boolean | null;
  readonly load: LoadReport;
}

function loadOf(bench: Bench, target: RunningTarget, scenario: Scenario, seconds: number): Promise<LoadReport> {
  return generate(bench.tools, {
    url: target.url(scenario.body),
    headers: target.headers,
    body_path: bench.bodies[scenario.body],
    flags: scenario.flags,
    seconds,
    expect: scenario.body === 'plain' ? ANSWER_MARK : '',
    prefix: bench.load_prefix,
  });
}

/** Load that nobody measures: lets the target compile its code and open its connections. */
export async function warmUp(bench: Bench, target: RunningTarget, scenario: Scenario, seconds: number): Promise<void> {
  await loadOf(bench, target, scenario, seconds);
}

export async function measure(
  bench: Bench,
  target: RunningTarget,
  scenario: Scenario,
  round: number,
  seconds: number,
): Promise<Sample> {
  await loadOf(bench, target, scenario, PRELUDE_SECONDS);
  resetPeakRss(target.pid);
  const decided_before = await target.decisions?.();
  const before = observe(bench, target);
  const load = await loadOf(bench, target, scenario, seconds);
  const after = observe(bench, target);
  const decided_after = await target.decisions?.();

  const wall_us = after.at_us - before.at_us;
  const target_us = cpuBetweenUs(before.target, after.target);
  const upstream_us = cpuBetweenUs(before.upstream, after.upstream);
  const generator_us = load.cpu_s * 1e6;
  const known_us = generator_us + upstream_us + (target.pid === bench.upstream_pid ? 0 : target_us);
  const units = scenario.unit === 'chunk' ? (load.streams?.chunks ?? 0) : load.count;
  return {
    scenario: scenario.id,
    target: target.name,
    round,
    units,
    units_per_s: scenario.unit === 'chunk' ? units / load.wall_s : load.rps,
    ...quantiles(scenario, load),
    cpu_us_per_unit: units > 0 ? target_us / units : Number.NaN,
    target_share: target_us / wall_us,
    generator_share: load.cpu_s / load.wall_s,
    upstream_share: upstream_us / wall_us,
    other_share: Math.max(0, after.busy_us - before.busy_us - known_us) / wall_us,
    rss_peak_bytes: peakRssBytes(target.pid),
    errors: errorsOf(load),
    ...decisionsBetween(decided_before, decided_after),
    kept_up: load.open?.kept_up ?? null,
    load,
  };
}

/** Latency of a request; of a chunk from the upstream's stamp to its arrival, where chunks are counted. */
function quantiles(scenario: Scenario, load: LoadReport): Pick<Sample, 'p50_us' | 'p99_us' | 'p999_us'> {
  const { p50_us, p99_us, p999_us } =
    scenario.unit === 'chunk' ? (load.streams?.chunk_delay ?? load.latency) : load.latency;
  return { p50_us, p99_us, p999_us };
}

function decisionsBetween(
  before: Buckets | undefined,
  after: Buckets | undefined,
): Pick<Sample, 'decision_p50_us' | 'decision_p99_us'> {
  const of = (share: number): number | null =>
    before === undefined || after === undefined ? null : quantileBetween(before, after, share);
  return { decision_p50_us: of(0.5), decision_p99_us: of(0.99) };
}

/** A stream with too few chunks is as wrong as one that breaks. */
function errorsOf(load: LoadReport): number {
  const { streams } = load;
  const short = streams !== undefined && streams.streams > 0 && streams.chunks_min < STREAM_CHUNKS ? 1 : 0;
  return load.errors + load.non_2xx + short;
}

interface Observation {
  readonly at_us: number;
  readonly busy_us: number;
  readonly target: ReturnType<typeof snapshotCpu>;
  readonly upstream: ReturnType<typeof snapshotCpu>;
}

function observe(bench: Bench, target: RunningTarget): Observation {
  return {
    at_us: performance.now() * 1000,
    busy_us: machineBusyUs(),
    target: snapshotCpu(target.pid),
    upstream: snapshotCpu(bench.upstream_pid),
  };
}
