import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { bareEnv, programPath } from '@atp-router/adapters/testing';
import { onTestFailed, onTestFinished } from 'vitest';

/** Where no Ollama can be: the discard port. Without it the machine of whoever runs the tests would decide. */
const NO_OLLAMA = '127.0.0.1:9';

/** A folder that goes with the test. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'atp-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Started {
  readonly child: ChildProcess;
  /** Everything said so far. */
  out(): string;
  err(): string;
  /** Resolves when the pattern is in what was said on standard output or error; rejects when the process ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** Exit code, once it has ended. */
  ended(): Promise<number | null>;
}

/** Starts the real program in a folder, with nothing of this environment but the path. Killed with the test. */
export function start(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
  node_args: readonly string[] = [],
): Started {
  const child = spawn(process.execPath, ['--conditions=atp-source', ...node_args, programPath(), ...args], {
    cwd,
    env: { ...childEnv(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return follow(child, `atp ${args.join(' ')}`, () => child.kill('SIGKILL'));
}

function childEnv(): Record<string, string> {
  return { ...bareEnv(), OLLAMA_HOST: NO_OLLAMA };
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

function follow(child: Child, name: string, kill: () => void): Started {
  const said = { out: '', err: '' };
  const over = once(child, 'close').then(([code]) => code as number | null);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  onTestFailed(() => console.error(`${name} said:\n${said.out}\n${said.err}`));
  onTestFinished(async () => {
    kill();
    await over;
  });
  const says = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(said.out) ?? pattern.exec(said.err);
        if (found !== null) resolve(found);
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      over.then((code) => {
        look();
        reject(new Error(`ended with ${code} before ${pattern}:\n${said.out}\n${said.err}`));
      }, reject);
      look();
    });
  return { child, out: () => said.out, err: () => said.err, says, ended: () => over };
}

/** A router in a process of its own, once it listens. */
export async function startRouter(
  cwd: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  node_args: readonly string[] = [],
): Promise<Started & { readonly url: string }> {
  return whenListening(start(['serve', '--port', '0', ...args], cwd, env, node_args));
}

/** A router that `npm start` runs, in a process group of their own: the child is npm. */
export async function startThroughNpm(args: readonly string[]): Promise<Started & { readonly url: string }> {
  const child = spawn('npm', ['start', '--', '--port', '0', ...args], {
    cwd: join(import.meta.dirname, '../../../..'),
    // npm keeps logs at home, and would ask for a newer npm.
    env: { ...childEnv(), HOME: tempFolder(), npm_config_update_notifier: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const started = follow(child, 'npm start', () => signalGroup(child, 'SIGKILL'));
  return whenListening(started);
}

/** Sends a signal to a process and all that it started, as terminals and service managers do. */
export function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    // Without a process there is no group either, and -0 would be the own one.
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function whenListening(router: Started): Promise<Started & { readonly url: string }> {
  // What the start prints comes first, but through another pipe.
  await router.says(/(?:^|\n)ATP Router [\s\S]*\n\n$|(?:^|\n)\{"event":"listening".*\n/);
  const found = await router.says(/"url":"(https?:\/\/[^"]+)".*"msg":"listening"/);
  return { ...router, url: found[1] ?? '' };
}
