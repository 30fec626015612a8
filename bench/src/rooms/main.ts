import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ANSWER_MARK, writeBodies } from '../bodies.ts';
import { verify } from '../http.ts';
import { buildNative, generate } from '../native.ts';
import { SCENARIOS } from '../scenarios.ts';
import { startRouter } from '../targets/router.ts';
import { startUpstream } from '../upstream.ts';
import { IDLE, readProfile, timeByRoom } from './profile.ts';

// Where the time of a request goes, by room: the router of the main bench under V8's sampling profiler, which slows what it watches.
const USAGE = `usage: npm run rooms -w bench -- [--scenario ID] [--seconds N] [--workers N] [--profiles DIR]
  --scenario ID  a scenario of plain requests (default open2k5)
  --seconds N    length of the load (default 30)
  --workers N    as so many processes (default 1)
  --profiles DIR where the profiles are left, for Chrome's or VS Code's viewer (default: nowhere)`;

/** Between samples; the profiler's own work is a tenth of that. */
const SAMPLE_US = 200;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'open2k5' },
    seconds: { type: 'string', default: '30' },
    workers: { type: 'string', default: '1' },
    profiles: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const scenario = SCENARIOS.find(({ id, body }) => id === values.scenario && body === 'plain');
const seconds = Number(values.seconds);
const workers = Number(values.workers);
if (values.help || scenario === undefined || !(seconds > 0) || !(Number.isInteger(workers) && workers > 0)) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(values.help ? 0 : 2);
}

const benchFolder = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'atp-rooms-'));
const profiles = values.profiles === undefined ? join(folder, 'profiles') : resolve(values.profiles);
const running: { stop(): Promise<void> }[] = [];
try {
  const tools = await buildNative(benchFolder);
  const { child, address } = await startUpstream(tools, [], (one) => running.push(one));
  const context = { upstream: address, upstream_pid: child.pid, folder, root: join(benchFolder, '..'), prefix: [] };
  const profiled = ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-interval=${SAMPLE_US}`];
  const router = await startRouter(context, workers, profiled);
  if ('missing' in router) throw new Error(router.missing);
  running.push(router);
  await verify(router);
  const load = await generate(tools, {
    ...{ url: router.url('plain'), headers: router.headers, body_path: writeBodies(folder).plain },
    ...{ flags: scenario.flags, seconds, expect: ANSWER_MARK, prefix: [] },
  });
  await router.stop();
  print(load.count, load.errors + load.non_2xx);
} finally {
  await Promise.all(running.map((one) => one.stop()));
  rmSync(folder, { recursive: true, force: true });
}

/** A column for each thread that did something for the requests, those of one process side by side. */
function print(requests: number, errors: number): void {
  const threads = readdirSync(profiles)
    .sort()
    .map((file) => timeByRoom(readProfile(join(profiles, file))))
    .filter((times) => busy_us(times) > requests);
  const rooms = [...new Set(threads.flatMap((times) => [...times.keys()]))].filter((room) => room !== IDLE);
  const each = (us: number): string => (us / requests).toFixed(1);
  const rows = rooms
    .map((room) => threads.map((times) => times.get(room) ?? 0))
    .map((times, index) => ({ room: rooms[index], times, sum: times.reduce((left, right) => left + right, 0) }))
    .sort((left, right) => right.sum - left.sum);
  const all = { room: 'all', times: threads.map(busy_us), sum: rows.reduce((sum, row) => sum + row.sum, 0) };
  const [load_1 = Number.NaN] = loadavg();
  const lines = [
    `${requests} requests of ${scenario?.id}, ${errors} errors; Node ${process.version}, ${cpus()[0]?.model}, ${cpus().length} cores, load ${load_1.toFixed(1)}`,
    'Microseconds of each thread per request:',
    '',
    `| room | all | ${threads.map((_, index) => `thread ${index + 1}`).join(' | ')} |`,
    `| --- |${' ---: |'.repeat(threads.length + 1)}`,
    ...[...rows, all].map(({ room, times, sum }) => `| ${room} | ${each(sum)} | ${times.map(each).join(' | ')} |`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function busy_us(times: ReadonlyMap<string, number>): number {
  return [...times].reduce((sum, [room, us]) => (room === IDLE ? sum : sum + us), 0);
}
