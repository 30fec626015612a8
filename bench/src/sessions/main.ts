import { cpus, loadavg } from 'node:os';
import { sliceOptions } from '../slice-options.ts';
import { median } from '../stats.ts';
import { idleSessions } from './idle.ts';
import { joined, lasting, type Way } from './joined.ts';
import { throughSockets } from './sockets.ts';

const USAGE = `usage: npm run sessions -w bench -- [--rounds N] [--slice-ms N] [--idle N] [--long-ms N]
  --rounds N    interleaved rounds (default 9)
  --slice-ms N  length of one run (default 1000)
  --idle N      idle sessions of a router whose memory is measured (default 8000; needs as many open files; 0: none)
  --long-ms N   length of the one long signed run (default 20000; 0: none)`;

const { rounds, slice_ms, idle, long_ms } = sliceOptions(USAGE, 1_000, 20_000);

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const grouped = (value: number): string => Math.round(value).toLocaleString('en-US');

const [load = Number.NaN] = loadavg();
print(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, load ${load.toFixed(1)}\n`,
);

print('### Two sessions in one thread\n\n| | frames/s, both directions |\n|---|---:|');
for (const is_signed of [false, true]) {
  for (const way of ['as they are', 'through CBOR'] satisfies Way[]) {
    const runs = Array.from({ length: rounds + 1 }, () => joined(way, is_signed, slice_ms)).slice(1);
    print(`| ${is_signed ? 'signed' : 'unsigned'}, frames ${way} | ${grouped(median(runs))} |`);
  }
}

if (long_ms > 0) {
  const { per_second, slowest } = lasting('through CBOR', long_ms);
  print(
    `\nOne signed session for ${grouped(long_ms / 1_000)} s: ${grouped(per_second)} frames/s, ${grouped(slowest)} in its slowest second`,
  );
}

print('\n### Through WebSockets, CBOR\n\n| | frames/s | frames/s of one core of the server |\n|---|---:|---:|');
for (const connections of [1, 16]) {
  for (const is_signed of [false, true]) {
    const runs = [];
    for (let round = 0; round < rounds; round += 1) runs.push(await throughSockets(connections, is_signed, slice_ms));
    const rate = median(runs.map(({ per_second }) => per_second));
    const per_core = median(runs.map(({ per_cpu_second }) => per_cpu_second));
    print(
      `| ${connections} sessions, ${is_signed ? 'signed' : 'unsigned'} | ${grouped(rate)} | ${grouped(per_core)} |`,
    );
  }
}

if (idle > 0) {
  print(
    `\n### ${grouped(idle)} idle sessions of a router\n\n| | MiB before | MiB with them | KiB each |\n|---|---:|---:|---:|`,
  );
  for (const is_kept of [true, false]) {
    const { before_mib, after_mib } = await idleSessions(idle, is_kept);
    const each_kib = ((after_mib - before_mib) * 1_024) / idle;
    const name = is_kept ? 'kept over a restart' : 'ending with the process';
    print(`| ${name} | ${before_mib.toFixed(1)} | ${after_mib.toFixed(1)} | ${each_kib.toFixed(1)} |`);
  }
}
