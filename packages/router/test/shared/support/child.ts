import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bareEnv, bundledPath } from '@atp-router/adapters/testing';
import { onTestFinished } from 'vitest';
import { type SharedConfig, sectionsOf } from './routers.ts';

/** A router in a process of its own, ended when the test is over. */
export interface ChildRouter {
  readonly url: string;
  /** Ends the process at once. */
  kill(): Promise<void>;
  /** Ends it as an operator would. */
  stop(): Promise<void>;
}

export async function childRouter(dir: string, config: SharedConfig): Promise<ChildRouter> {
  const file = join(dir, 'atp.json');
  writeFileSync(file, JSON.stringify({ data_dir: join(dir, 'data'), listen: { port: 0 }, ...sectionsOf(config) }));
  const entry = bundledPath('test-router', new URL('./serve.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=atp-source', entry, file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: bareEnv(),
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  onTestFinished(() => end('SIGKILL'));
  const port = await listening(child);
  return { url: `http://127.0.0.1:${port}`, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}

function listening(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = '';
    let failed = '';
    child.stdout?.on('data', (data: Buffer) => {
      said += data.toString();
      const port = /listening (\d+)\n/.exec(said)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    child.stderr?.on('data', (data: Buffer) => {
      failed = (failed + data.toString()).slice(-4_000);
    });
    child.once('exit', (code) => reject(new Error(`the router ended with ${code}\n${failed}`)));
  });
}
