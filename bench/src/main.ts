import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeBodies } from './bodies.ts';
import { verify } from './http.ts';
import { describeMachine } from './machine.ts';
import type { Bench, Sample } from './measure.ts';
import { buildNative } from './native.ts';
import { type Options, parseOptions, USAGE, UsageError } from './options.ts';
import { renderReport, type Settings } from './report.ts';
import { runRounds } from './rounds.ts';
import { SCENARIOS } from './scenarios.ts';
import { summarize } from './summary.ts';
import type { MissingTarget, RunningTarget, TargetContext, TargetName } from './target.ts';
import { startBare } from './targets/bare.ts';
import { startDirect } from './targets/direct.ts';
import { findNginx, startNginx } from './targets/nginx.ts';
import { startRouter } from './targets/router.ts';
import { startUpstream } from './upstream.ts';

type Start = (context: TargetContext) => Promise<RunningTarget | MissingTarget>;

const START: Readonly<Record<TargetName, Start>> = {
  direct: startDirect,
  nginx: startNginx,
  bare: startBare,
  router: (context) => startRouter(context),
  workers2: (context) => startRouter(context, 2),
};

const benchFolder = join(import.meta.dirname, '..');
const root = join(benchFolder, '..');
const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const options = parseOptions(process.argv.slice(2));
  if (process.platform !== 'linux') throw new Error('the bench reads proc(5) and uses epoll: it runs on Linux only');
  say('building the load tools');
  const tools = await buildNative(benchFolder);
  const folder = mkdtempSync(join(tmpdir(), 'atp-bench-'));
  const running: { stop(): Promise<void> }[] = [];
  const cleanUp = async (): Promise<void> => {
    await Promise.all(running.splice(0).map((one) => one.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
  }
  try {
    const { child, address } = await startUpstream(tools, prefix(options, 1), (one) => running.push(one));
    const bench: Bench = {
      tools,
      upstream_pid: child.pid,
      bodies: writeBodies(folder),
      load_prefix: prefix(options, 1),
    };
    const { targets, missing } = await startTargets(options, folder, address, child.pid, running);
    const started_at = new Date().toISOString();
    const scenarios = SCENARIOS.filter((one) => options.scenarios.includes(one.id));
    const { samples, failed } = await runRounds({ ...options, scenarios }, bench, targets, say);
    await publish(options, samples, targets, [...missing, ...failed], started_at);
    if (failed.length > 0) process.exitCode = 1;
  } finally {
    await cleanUp();
  }
}

function prefix(options: Options, core: number): readonly string[] {
  return options.pin ? ['taskset', '-c', String(core)] : [];
}

async function startTargets(
  options: Options,
  folder: string,
  upstream: string,
  upstream_pid: number,
  running: { stop(): Promise<void> }[],
): Promise<{ targets: readonly RunningTarget[]; missing: readonly MissingTarget[] }> {
  const targets: RunningTarget[] = [];
  const missing: MissingTarget[] = [];
  for (const name of options.targets) {
    const own = join(folder, name);
    mkdirSync(own);
    const started = await START[name]({ upstream, upstream_pid, folder: own, root, prefix: prefix(options, 0) });
    if ('missing' in started) {
      if (options.targets_explicit) throw new UsageError(`--targets ${name}: ${started.missing}`);
      say(`${name}: left out, ${started.missing}`);
      missing.push(started);
      continue;
    }
    running.push(started);
    await verify(started);
    targets.push(started);
  }
  return { targets, missing };
}

async function publish(
  options: Options,
  samples: readonly Sample[],
  targets: readonly RunningTarget[],
  missing: readonly MissingTarget[],
  started_at: string,
): Promise<void> {
  const machine = await describeMachine(findNginx());
  const rows = summarize(samples);
  const settings: Settings = {
    rounds: options.rounds,
    seconds: options.seconds,
    pin: options.pin,
    started_at,
    commands: Object.fromEntries(targets.map((one) => [one.name, one.command])),
  };
  const report = renderReport(rows, machine, settings, missing);
  process.stdout.write(report);
  if (options.report_path !== undefined) save(options.report_path, report);
  if (options.json_path !== undefined) {
    save(options.json_path, `${JSON.stringify({ machine, settings, missing, rows, samples }, null, 2)}\n`);
  }
}

function save(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  say(`wrote ${path}`);
}

try {
  await main();
} catch (error) {
  say(
    error instanceof UsageError ? `${error.message}\n${USAGE}` : String(error instanceof Error ? error.stack : error),
  );
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
