import type { Config } from '@atp-router/adapters';
import type { ProcessRole } from '@atp-router/router';
import { onTestFinished } from 'vitest';
import { configOf, dataDir, type Running, type StartOptions, start } from '../../admin/harness.ts';

/** An owner and its workers, as `atp serve --workers` starts them, but in the process of the test. */
export interface Processes {
  readonly owner: Running;
  readonly workers: readonly Running[];
  readonly config: Config;
  /** Another start of the same role: what was there before has ended. */
  startOwner(): Promise<Running>;
  startWorker(n: number): Promise<Running>;
}

export async function startProcesses(
  count: number,
  more: Readonly<Record<string, unknown>> = {},
  options: Partial<Omit<StartOptions, 'config'>> = {},
): Promise<Processes> {
  const config = configOf(dataDir(), { workers: count, ...more });
  let incarnation = 1;
  const incarnations = new Map<number, number>();
  const open = async (process: ProcessRole): Promise<Running> => {
    const running = await start({ config, process, ...options });
    onTestFinished(() => running.stop());
    return running;
  };
  const startOwner = (): Promise<Running> => {
    incarnation += 1;
    const workers = [...incarnations].map(([n, its]) => ({ n, incarnation: its }));
    return open({ kind: 'owner', epoch: incarnation, workers });
  };
  const startWorker = (n: number): Promise<Running> => {
    incarnation += 1;
    incarnations.set(n, incarnation);
    return open({ kind: 'worker', n, incarnation });
  };
  const owner = await startOwner();
  const workers: Running[] = [];
  for (let n = 1; n <= count; n += 1) workers.push(await startWorker(n));
  return { owner, workers, config, startOwner, startWorker };
}
