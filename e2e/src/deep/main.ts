import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { utcDay } from '@atp-router/kernel';
import { chaos } from './chaos.ts';
import { conformance } from './conformance.ts';
import { kills } from './kills.ts';
import type { Part, PartResult } from './part.ts';
import { properties } from './properties.ts';
import { renderReport } from './report.ts';
import { sessions } from './sessions.ts';
import { soak } from './soak.ts';
import { streams } from './streams.ts';

const PARTS: Readonly<Record<string, Part>> = { properties, sessions, conformance, kills, chaos, streams, soak };

const USAGE = `npm run verify:deep -- [--only properties,sessions,conformance,kills,chaos,streams,soak] [--seed N] [--short]

Runs the long checks and writes docs/reports/<day>-deep.md. With --short or --only nothing is written; the report goes
to stdout.
`;

/** What was asked for, as a reader can type it again. */
function commandOf(only: string | undefined, seed: number, short: boolean): string {
  const flags = [only === undefined ? '' : `--only ${only}`, `--seed ${seed}`, short ? '--short' : ''];
  return `npm run verify:deep -- ${flags.filter((flag) => flag !== '').join(' ')}`;
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
  return { name, command: commandOf(name, seed, short), seconds, ...result };
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    short: { type: 'boolean', default: false },
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
const report = renderReport(day, commandOf(values.only, seed, values.short), results);
if (values.short || values.only !== undefined) process.stdout.write(report);
else {
  const folder = new URL('../../../docs/reports/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${day}-deep.md`, folder), report);
}
process.exit(results.every((result) => result.problems.length === 0) ? 0 : 1);
