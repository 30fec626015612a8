import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { LEARNER_KINDS, type LearnerKind } from '@atp-router/routing';
import { weigh } from './memory.ts';
import { measureTimes } from './times.ts';

const USAGE = `usage: npm run routing -w bench -- [--rounds N] [--learners a,b]
--rounds N       interleaved rounds of 50 prompts (default 40)
--learners a,b   of ${LEARNER_KINDS.join(', ')} (default: default)`;

/** Aim: p99 of a decision, with the features of a prompt of 2,000 tokens. */
const DECIDE_US = 300;
const AIMED = { candidates: 30, name: 'decide, default' };

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    learners: { type: 'string', default: 'default' },
    help: { type: 'boolean' },
  },
});
const rounds = Number(values.rounds);
const asked = values.learners.split(',');
const kinds = LEARNER_KINDS.filter((kind): kind is LearnerKind => asked.includes(kind));
if (values.help || !Number.isInteger(rounds) || rounds < 1 || kinds.length < asked.length) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(values.help ? 0 : 2);
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const load = loadavg()[0] ?? Number.NaN;
print(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, load ${load.toFixed(1)}`);

for (const candidates of [4, 30, 300]) {
  print(`\n### ${candidates} candidates, prompts of 2,000 tokens, ${rounds} rounds\n`);
  print(
    '| | p50 µs | p99 µs | p99 µs, quicker of two | a second, by the median | aim |\n|---|---:|---:|---:|---:|---|',
  );
  for (const { name, p50_us, p99_us, undisturbed_us, per_second } of measureTimes(candidates, rounds, kinds)) {
    const is_aimed = candidates === AIMED.candidates && name === AIMED.name;
    const us = [p50_us, p99_us, undisturbed_us].map((one) => one?.toFixed(1) ?? '').join(' | ');
    print(`| ${name} | ${us} | ${per_second.toFixed(0)} | ${is_aimed ? aimOf(p99_us, undisturbed_us) : ''} |`);
  }
}

print('\n### memory\n\n| | bytes |\n|---|---:|');
for (const { name, bytes } of weigh()) print(`| ${name} | ${bytes.toFixed(0)} |`);

function aimOf(p99_us: number, undisturbed_us: number = p99_us): string {
  if (p99_us <= DECIDE_US) return `p99 ${DECIDE_US} µs: reached`;
  return undisturbed_us <= DECIDE_US
    ? `p99 ${DECIDE_US} µs: missed, reached undisturbed`
    : `p99 ${DECIDE_US} µs: missed`;
}
