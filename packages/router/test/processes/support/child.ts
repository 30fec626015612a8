import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { serialize } from 'node:v8';
import type { Config } from '@atp-router/adapters';
import { bareEnv, bundledPath } from '@atp-router/adapters/testing';
import { onTestFinished } from 'vitest';

export interface ChildWorker {
  readonly url: string;
  /** Ends the process at once. */
  kill(): Promise<void>;
}

/** A worker in a process of its own, which can die as processes do. */
export async function childWorker(config: Config, n: number): Promise<ChildWorker> {
  const file = join(config.data_dir, `child-${n}`);
  writeFileSync(file, serialize(config));
  const entry = bundledPath('test-worker', new URL('./serve.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=atp-source', entry, file, String(n)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: bareEnv(),
  });
  const exited = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  for await (const line of createInterface(child.stdout)) {
    const port = /^listening (\d+)$/.exec(line)?.[1];
    if (port !== undefined) return { url: `http://127.0.0.1:${port}`, kill };
  }
  throw new Error('The worker ended before it took calls.');
}
