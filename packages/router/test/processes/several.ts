import type { ProcessRole, RouterOptions } from '@atp-router/router';
import { onTestFinished } from 'vitest';
import { configOf, dataDir, type Running, start } from '../admin/harness.ts';

/** A router that is several, all in this process: each listens at a port of its own. */
export interface Several {
  readonly owner: Running;
  readonly workers: readonly Running[];
  readonly data_dir: string;
  /** Starts worker `n` from 1, or starts it again. */
  startWorker(n: number, incarnation: number): Promise<Running>;
  startOwner(epoch: number): Promise<Running>;
}

type More = Readonly<Record<string, unknown>>;

/** An owner and its workers, for one test. */
export async function startSeveral(
  more: More = {},
  count = 2,
  options: Partial<Omit<RouterOptions, 'config'>> = {},
): Promise<Several> {
  const data_dir = dataDir();
  const started: Running[] = [];
  // Workers first, as the supervisor does: what they have goes back to their owner.
  onTestFinished(async () => {
    for (const one of started.reverse()) await one.stop();
  });
  const startAs = async (process: ProcessRole): Promise<Running> => {
    const running = await start({ config: configOf(data_dir, { workers: count, ...more }), ...options, process });
    started.push(running);
    return running;
  };
  const startWorker = (n: number, incarnation: number): Promise<Running> => startAs({ kind: 'worker', n, incarnation });
  const startOwner = (epoch: number): Promise<Running> => startAs({ kind: 'owner', epoch, workers: [] });
  const owner = await startOwner(1);
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  const workers = await Promise.all(numbers.map((n) => startWorker(n, 1)));
  return { owner, workers, data_dir, startWorker, startOwner };
}
