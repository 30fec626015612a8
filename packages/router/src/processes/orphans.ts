import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AtpError } from '@atp-router/kernel';
import { openRouterLedger } from '../ledger-handle.ts';
import { embeddedStoreOf, type Seat, workerDir, workerNode } from './seat.ts';

/** Says that nothing of a journal is left to settle. A worker that starts in the directory removes it. */
const SETTLED = 'settled';

/**
 * Settles what workers left whom nobody starts any more: their calls that were open are interrupted, and the tables have all of
 * their journals. Before the totals of a day are read. Throws when one of them is alive after all.
 */
export async function settleOrphans(
  { role, config, secrets, shared_dir }: Seat,
  onProblem: (problem: AtpError) => void,
): Promise<void> {
  if (role.kind === 'worker') {
    rmSync(join(config.data_dir, SETTLED), { force: true });
    return;
  }
  const workers = role.kind === 'owner' ? config.workers : 0;
  for (const n of orphansIn(shared_dir, workers)) {
    const data_dir = workerDir(shared_dir, n);
    const place = { store: embeddedStoreOf(config, shared_dir) };
    const node_id = workerNode(secrets.node_id, n);
    const ledger = await openRouterLedger({ ...config, data_dir }, node_id, onProblem, undefined, place);
    await ledger.close();
    writeFileSync(join(data_dir, SETTLED), '', { mode: 0o600 });
  }
}

function orphansIn(shared_dir: string, workers: number): readonly number[] {
  const dir = join(shared_dir, 'workers');
  if (!existsSync(dir)) return [];
  const found = readdirSync(dir).map(Number);
  return found.filter(
    (n) => Number.isSafeInteger(n) && n > workers && !existsSync(join(workerDir(shared_dir, n), SETTLED)),
  );
}
