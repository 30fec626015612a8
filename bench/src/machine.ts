import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What the numbers were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly congestion_control: string;
  readonly node: string;
  readonly go: string;
  readonly nginx: string | null;
}

export async function describeMachine(nginx: string | undefined): Promise<Machine> {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown CPU',
    cores: all.length,
    kernel: release(),
    congestion_control: readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim(),
    node: process.version,
    go: (await output('go', ['version'])) ?? 'Go unknown',
    nginx: nginx === undefined ? null : await output(nginx, ['-v']),
  };
}

/** First line that the command writes, wherever it writes it; null when it cannot run. */
async function output(file: string, args: readonly string[]): Promise<string | null> {
  try {
    const { stdout, stderr } = await run(file, [...args], { timeout: 10_000 });
    return `${stdout}${stderr}`.trim().split('\n')[0] ?? null;
  } catch {
    return null;
  }
}
