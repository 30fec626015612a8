import { type Config, type Journal, lockDataDir, openJournal, systemClock } from '@atp-router/adapters';
import type { KillScope } from '@atp-router/ledger';
import { join } from 'node:path';
import type { ClaimArchive } from './engine/idempotency.ts';
import type { OverlayEntity } from './generation/overlay.ts';

export interface StartState {
  readonly budgets: readonly {
    tenant: string;
    day: string;
    used: { calls: number; tokens: number; usd_nanos: number };
  }[];
  readonly entities: readonly OverlayEntity[];
  readonly kills: readonly { scope: KillScope; id: string }[];
  readonly recovered_calls: number;
}

/** The ledger as the router uses it. */
export interface LedgerHandle {
  readonly journal: Journal;
  readonly start: StartState;
  readonly claims: ClaimArchive;
  close(): Promise<void>;
}

export async function openRouterLedger(config: Config, node_id: string): Promise<LedgerHandle> {
  const journal = openJournal({
    dir: join(config.data_dir, 'journal'),
    node_id,
    clock: systemClock,
    ...config.journal,
  });
  void lockDataDir;
  return {
    journal,
    start: { budgets: [], entities: [], kills: [], recovered_calls: 0 },
    claims: { find: () => Promise.resolve(undefined) },
    close: () => journal.close(),
  };
}
