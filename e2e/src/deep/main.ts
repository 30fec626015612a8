import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { utcDay } from '@atp-router/kernel';
import { chaos } from './chaos.ts';
import { conformance } from './conformance.ts';
import { consensus } from './consensus.ts';
import { credit } from './credit.ts';
import { flow } from './flow.ts';
import { kills } from './kills.ts';
import type { Part, PartResult } from './part.ts';
import { processes } from './processes.ts';
import { properties } from './properties.ts';
import { renderReport } from './report.ts';
import { sessions } from './sessions.ts';
import { soak } from './soak.ts';
import { streams } from './streams.ts';

// Hundreds of processes that are started read the same sources: each is compiled once.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'atp-router-compiled');

const PARTS: Readonly<Record<string, Part>> = {
  ...{ properties, flow, credit, sessions, consensus, conformance },
  ...{ kills, processes, chaos, streams, soak },
};

const USAGE = `npm run verify:deep -- [--only ${Object.keys(PARTS).join(',')}] [--seed N] [--short] [--write]

Runs the long checks and writes docs/reports/<day>-deep.md. With --short or --only nothing is written; the report goes
to stdout. With --only and --write, what the report of the day says of these parts is replaced.
`;

/** What was asked for, as a reader can type it again. */
function commandOf(only: string | undefined, seed: number, short: boolean): string {
  const flags = [only === undefined ? '' : `--only ${only}`, `--seed ${seed}`, short ? '--short' : ''];
  return `npm run verify:deep -- ${flags.filter((flag) => flag !== '').join(' ')}`;
}

/** What was checked: its commit, and whether there was more. */
function commitNow(): string {
  const git = (...args: readonly string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'packages', 'e2e', 'conformance');
  return `${git('rev-parse', '--short', 'HEAD')}${changed === '' ? '' : ', with changes'}`;
}

async function runPart(name: string, part: Part, seed: number, short: boolean): Promise<PartResult> {
  const started_ms = Date.now();
  const say = (line: string): void => void process.stderr.write(`${name}: ${line}\n`);
  say('begins');
  const result = await part({ seed, short, say }).catch((error: unknown) => ({
    facts: [],
    problems: [error instanceof Error ? error.message : String(error)],
  }));
  const seconds = (Date.now() - started_ms) / 1_000;
  say(result.problems.length === 0 ? 'passed' : `FAILED: ${result.problems[0]}`);
  return { name, command: commandOf(name, seed, short), commit: commitNow(), seconds, ...result };
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    short: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const names = values.only?.split(',') ?? Object.keys(PARTS);
const unknown = names.find((name) => PARTS[name] === undefined);
if (values.help || unknown !== undefined) {
  process.stderr.write(unknown === undefined ? USAGE : `no such part: ${unknown}\n\n${USAGE}`);
  process.exit(unknown === undefined ? 0 : 2);
}
const seed = Number(values.seed);
const results: PartResult[] = [];
for (const name of names) {
  const part = PARTS[name];
  if (part !== undefined) results.push(await runPart(name, part, seed, values.short));
}
const day = utcDay(Date.now());
const file = new URL(`../../../docs/reports/${day}-deep.md`, import.meta.url);
const earlier = values.write && values.only !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : '';
const report = renderReport(day, commandOf(values.only, seed, values.short), results, earlier);
if (values.short || (values.only !== undefined && !values.write)) process.stdout.write(report);
else {
  mkdirSync(new URL('.', file), { recursive: true });
  writeFileSync(file, report);
}
process.exit(results.every((result) => result.problems.length === 0) ? 0 : 1);
