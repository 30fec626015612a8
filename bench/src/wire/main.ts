import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { fragmentSubjects } from './fragments.ts';
import { FRAMES } from './frames.ts';
import { measure, type Row } from './measure.ts';
import { type Sizes, subjectsOf } from './subjects.ts';

const USAGE = `usage: npm run wire -w bench -- [--rounds N]   interleaved rounds (default 400)`;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '400' }, help: { type: 'boolean' } } });
const rounds = Number(values.rounds);
if (values.help || !Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(values.help ? 0 : 2);
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const grouped = (value: number): string => Math.round(value).toLocaleString('en-US');

function table(title: string, sizes: Sizes | undefined, rows: readonly Row[]): void {
  const bytes =
    sizes === undefined
      ? ''
      : `: JSON ${grouped(sizes.json)} bytes, CBOR ${grouped(sizes.cbor)}, cbor-x ${grouped(sizes.cbor_x)}, protobuf ${grouped(sizes.protobuf)}, FlatBuffers ${grouped(sizes.flatbuffers)}`;
  print(
    `\n### ${title}${bytes}\n\n| | | per second | time ÷ reference | middle 80 % | reference |\n|---|---|---:|---:|---:|---|`,
  );
  for (const { subject, per_second, ratio } of rows) {
    const range = `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`;
    print(
      `| ${subject.group} | ${subject.name} | ${grouped(per_second)} | ${ratio.median.toFixed(2)} | ${range} | ${subject.reference} |`,
    );
  }
}

const base64 = 'fromBase64' in Uint8Array ? 'native' : 'in loops';
const load = loadavg()[0] ?? Number.NaN;
print(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, load ${load.toFixed(1)}, ${rounds} rounds, base64 ${base64}`,
);
for (const { name, frame, slice } of FRAMES) {
  const { subjects, sizes } = subjectsOf(frame);
  table(name, sizes, measure(subjects, slice, rounds));
}
table('fragments of 1 MiB', undefined, measure(fragmentSubjects(), 1, Math.min(rounds, 100)));
