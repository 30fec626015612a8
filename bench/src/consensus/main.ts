import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { measureResults } from './results.ts';
import { measureStreams } from './streams.ts';
import type { Size } from './views.ts';

const USAGE = `usage: npm run consensus -w bench -- [--rounds N] [--most]
--rounds N   interleaved rounds for 8 lanes of 10 findings (default 60); larger sizes have fewer, smaller ones as many
--most       only the most that a policy can bring together, 64 lanes of 200 long findings, in one round`;

/** Aims: from the last answer of 8 lanes of 10 findings to the result; each chunk of a streaming merge. */
const RESULT_MS = 5;
const CHUNK_US = 1_000;
const AIMED = { lanes: 8, findings: 10 };
/** The limits of a fan-out and of the findings that are read of an answer; claims of a paragraph. */
const MOST = { lanes: 64, findings: 200, words: 150 };

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '60' }, most: { type: 'boolean' }, help: { type: 'boolean' } },
});
const rounds = Number(values.rounds);
if (values.help || !Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(values.help ? 0 : 2);
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const load = loadavg()[0] ?? Number.NaN;
print(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, load ${load.toFixed(1)}`);

if (values.most) {
  const { lanes, findings, words } = MOST;
  printResults(`${lanes} lanes of ${findings} findings of ${words} words`, MOST, { rounds: 1, warm_up: 0 });
} else {
  printAll();
}

function printAll(): void {
  for (const lanes of [3, 8, 32]) {
    for (const findings of [1, 10, 100]) {
      const own = Math.max(3, Math.round((rounds * 80) / Math.max(80, lanes * findings)));
      printResults(`${lanes} lanes of ${findings} findings`, { lanes, findings }, { rounds: own });
    }
  }
  printStreams();
}

function printResults(title: string, size: Size, { rounds: own, warm_up }: { rounds: number; warm_up?: number }): void {
  const is_aimed = size.lanes === AIMED.lanes && size.findings === AIMED.findings;
  print(`\n### ${title}, last final to result, ${own === 1 ? 'one round' : `${own} rounds`}\n`);
  print(`| | median ms | slowest ms | CPU ms | ÷ concatenation |${is_aimed ? ' aim |' : ''}`);
  print(`|---|---:|---:|---:|---:|${is_aimed ? '---|' : ''}`);
  for (const { name, median_ms, slowest_ms, cpu_ms, per_concatenation } of measureResults(size, own, warm_up)) {
    const aim = is_aimed ? ` ${median_ms < RESULT_MS ? 'reached' : `missed, ${RESULT_MS} ms`} |` : '';
    print(
      `| ${name} | ${median_ms.toFixed(3)} | ${slowest_ms.toFixed(3)} | ${cpu_ms.toFixed(3)} | ${per_concatenation.toFixed(1)} |${aim}`,
    );
  }
}

function printStreams(): void {
  print('\n### streaming merge, each chunk of 24 characters\n');
  print(
    '| lanes, characters each | | chunks | told | median µs | p99 µs | slowest µs | CPU µs | aim |\n|---|---|---:|---:|---:|---:|---:|---:|---|',
  );
  for (const [lanes, chars, is_other] of [
    [3, 4_096, false],
    [8, 4_096, false],
    [8, 4_096, true],
    [8, 32_768, false],
    [8, 32_768, true],
    [32, 8_192, true],
  ] as const) {
    for (const row of measureStreams(lanes, chars, is_other)) {
      const said = `${lanes} × ${chars}${is_other ? ', each in other type' : ''}`;
      const aim = row.median_us < CHUNK_US ? 'reached' : `missed, ${CHUNK_US} µs`;
      print(
        `| ${said} | ${row.name} | ${row.chunks} | ${row.told} | ${row.median_us.toFixed(1)} | ${row.p99_us.toFixed(1)} | ${row.slowest_us.toFixed(1)} | ${row.cpu_us.toFixed(1)} | ${aim} |`,
      );
    }
  }
}
