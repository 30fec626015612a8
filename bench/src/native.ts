import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const BUILD_MS_MAX = 180_000;
const CONNECT_SECONDS_MAX = 5;
const GRACE_SECONDS = 3;
const OUTPUT_BYTES_MAX = 1024 * 1024;

export interface Latency {
  readonly count: number;
  readonly mean_us: number;
  readonly p50_us: number;
  readonly p90_us: number;
  readonly p99_us: number;
  readonly p999_us: number;
  readonly max_us: number;
}

/** What the generator prints; see `native/cmd/loadgen/report.go`. */
export interface LoadReport {
  readonly mode: string;
  readonly wall_s: number;
  readonly cpu_s: number;
  readonly count: number;
  readonly rps: number;
  readonly errors: number;
  readonly non_2xx: number;
  readonly first_error?: string;
  readonly latency: Latency;
  readonly open?: {
    readonly rate: number;
    readonly scheduled: number;
    readonly backlog_max: number;
    readonly backlog_at_end: number;
    readonly unsent: number;
    readonly kept_up: boolean;
    readonly send_lag: Latency;
  };
  readonly streams?: {
    readonly streams: number;
    readonly incomplete: number;
    readonly chunks: number;
    readonly chunks_min: number;
    readonly chunks_max: number;
    readonly first_chunk: Latency;
    readonly chunk_delay: Latency;
  };
}

export interface NativeTools {
  readonly upstream: string;
  readonly loadgen: string;
}

/** Builds the two Go programs into `bench/.bin`; Go's own cache makes a second build quick. */
export async function buildNative(bench: string): Promise<NativeTools> {
  const out = join(bench, '.bin');
  mkdirSync(out, { recursive: true });
  try {
    await run('go', ['build', '-trimpath', '-o', `${out}/`, './cmd/...'], {
      cwd: join(bench, 'native'),
      timeout: BUILD_MS_MAX,
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot build the load tools; Go 1.26 or later must be on the PATH (https://go.dev/dl)\n${why}`);
  }
  return { upstream: join(out, 'upstream'), loadgen: join(out, 'loadgen') };
}

export interface Load {
  readonly url: string;
  readonly headers: readonly string[];
  readonly body_path: string;
  readonly flags: readonly string[];
  readonly seconds: number;
  readonly expect: string;
  readonly prefix: readonly string[];
}

/** Runs the generator once and returns what it saw. It ends by itself; the timeout only guards against a defect. */
export async function generate(tools: NativeTools, load: Load): Promise<LoadReport> {
  const [file = '', ...args] = [
    ...load.prefix,
    tools.loadgen,
    ...load.flags,
    ...['-url', load.url, '-body', load.body_path, '-expect', load.expect],
    ...['-duration', `${load.seconds}s`, '-grace', `${GRACE_SECONDS}s`],
    ...load.headers.flatMap((header) => ['-header', header]),
  ];
  const seconds_max = load.seconds + CONNECT_SECONDS_MAX + GRACE_SECONDS + 5;
  const limits = { timeout: seconds_max * 1000, killSignal: 'SIGKILL', maxBuffer: OUTPUT_BYTES_MAX } as const;
  const { stdout } = await run(file, args, limits).catch((error: Error & { stderr?: string }) => {
    throw new Error(error.stderr?.trim() || error.message);
  });
  return JSON.parse(stdout) as LoadReport;
}
