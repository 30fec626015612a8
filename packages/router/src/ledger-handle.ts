import { type Config, type Journal, lockDataDir, openJournal, systemClock } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
import type { KillRow, UsageStore } from '@atp-router/ledger';
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
  readonly kills: readonly KillRow[];
  readonly recovered_calls: number;
}

/** The ledger as the router uses it. */
export interface LedgerHandle {
  readonly journal: Journal;
  readonly start: StartState;
  readonly claims: ClaimArchive;
  /** Usage records and their sums, as far as the projection has come. */
  readonly usage: UsageStore;
  /** Blocks that are in the journal and not yet in the tables. */
  readonly lag_blocks?: () => number;
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
    usage: { list: noTables, get: noTables, attempts: noTables, sums: noTables },
    close: () => journal.close(),
  };
}

function noTables(): Promise<never> {
  return Promise.reject(
    new AtpError('internal_error', 'Usage cannot be queried: this process has no tables to answer from.', {
      status: 503,
    }),
  );
}
