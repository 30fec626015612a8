import { cpus, loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { sliceOptions } from '../slice-options.ts';
import { median } from '../stats.ts';
import { type Ball, ballOf, Client, compressedFrame, Server } from './peer.ts';
import type { Subject } from './server.ts';

const USAGE = `usage: npm run connections -w bench -- [--rounds N] [--slice-ms N] [--idle N]
  --rounds N    interleaved rounds (default 9)
  --slice-ms N  length of one run (default 500)
  --idle N      idle connections whose memory is measured (default 8000; needs as many open files; 0: none)`;

const { rounds, slice_ms, idle } = sliceOptions(USAGE, 500);

const SUBJECTS: readonly Subject[] = ['bare', 'json', 'cbor'];
/** Connections, and frames that each has under way. */
const LOADS = [
  { name: '16 connections, 32 frames each', connections: 16, window: 32 },
  { name: '64 connections, 1 frame each', connections: 64, window: 1 },
] as const;
type Load = (typeof LOADS)[number];

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const grouped = (value: number): string => Math.round(value).toLocaleString('en-US');
const mib = (bytes: number): string => (bytes / 1_048_576).toFixed(1);

interface Run {
  readonly per_second: number;
  readonly cpu_us_per_frame: number;
}

/** Frames that came back within a slice, and what they cost the server. */
async function run(server: Server, load: Load): Promise<Run> {
  const ball = ballOf(server.subject);
  const clients: Client[] = [];
  for (let i = 0; i < load.connections; i += 1) clients.push(await Client.open(server.port));
  let frames = 0;
  const before = await server.usage();
  const started = performance.now();
  for (const client of clients) play(client, ball, load.window, () => (frames += 1));
  await delay(slice_ms);
  const counted = frames;
  const seconds = (performance.now() - started) / 1_000;
  for (const client of clients) client.socket.destroy();
  const after = await server.usage();
  return { per_second: counted / seconds, cpu_us_per_frame: (after.cpu_us - before.cpu_us) / counted };
}

/** Keeps `window` frames under way: what came back in one read goes out again in one write. */
function play(client: Client, ball: Ball, window: number, count: () => void): void {
  let rest = 0;
  client.onBytes = (bytes) => {
    rest += bytes;
    const back = Math.floor(rest / ball.back_bytes);
    rest -= back * ball.back_bytes;
    for (let i = 0; i < back; i += 1) count();
    if (back > 0) client.socket.write(back === 1 ? ball.sent : Buffer.concat(new Array<Buffer>(back).fill(ball.sent)));
  };
  client.socket.write(Buffer.concat(new Array<Buffer>(window).fill(ball.sent)));
}

async function compare(servers: readonly Server[], load: Load): Promise<void> {
  const runs = servers.map((): Run[] => []);
  for (let round = -1; round < rounds; round += 1) {
    for (const [i, server] of servers.entries()) {
      const one = await run(server, load);
      if (round >= 0) runs[i]?.push(one);
    }
  }
  print(
    `\n### ${load.name}\n\n| | frames/s | CPU µs per frame | frames/s of one core | CPU ÷ bare |\n|---|---:|---:|---:|---:|`,
  );
  for (const [i, server] of servers.entries()) {
    const own = runs[i] ?? [];
    const cpu = median(own.map((one) => one.cpu_us_per_frame));
    const ratio = median(own.map((one, round) => one.cpu_us_per_frame / (runs[0]?.[round]?.cpu_us_per_frame ?? 0)));
    const rate = median(own.map((one) => one.per_second));
    print(`| ${server.subject} | ${grouped(rate)} | ${cpu.toFixed(1)} | ${grouped(1e6 / cpu)} | ${ratio.toFixed(2)} |`);
  }
}

/** Memory of connections over which one frame went each way, and then nothing. */
async function idleMemory(subject: Subject, is_compressed: boolean): Promise<void> {
  const server = await Server.start(subject);
  const sent = is_compressed ? compressedFrame() : ballOf(subject).sent;
  const before = await server.usage();
  const clients: Client[] = [];
  for (let i = 0; i < idle; i += 1) {
    const client = await Client.open(server.port, is_compressed);
    client.socket.write(sent);
    clients.push(client);
  }
  await delay(1_000);
  const after = await server.usage();
  const each = (kind: 'rss_bytes' | 'heap_bytes'): string => ((after[kind] - before[kind]) / idle / 1_024).toFixed(1);
  print(
    `| ${subject}${is_compressed ? ', compressed' : ''} | ${mib(before.rss_bytes)} | ${mib(after.rss_bytes)} | ${each('rss_bytes')} | ${each('heap_bytes')} |`,
  );
  for (const client of clients) client.socket.destroy();
  server.stop();
}

const load_now = loadavg()[0] ?? Number.NaN;
print(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, load ${load_now.toFixed(1)}`,
);
const servers: Server[] = [];
for (const subject of SUBJECTS) servers.push(await Server.start(subject));
for (const load of LOADS) await compare(servers, load);
for (const server of servers) server.stop();
if (idle > 0) {
  print(`\n### ${grouped(idle)} idle connections\n`);
  print('| | MiB before | MiB with them | KiB each | KiB each, JavaScript and buffers |\n|---|---:|---:|---:|---:|');
  for (const is_compressed of [false, true]) {
    for (const subject of ['bare', 'json'] as const) await idleMemory(subject, is_compressed);
  }
}
