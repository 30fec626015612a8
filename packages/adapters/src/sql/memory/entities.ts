import type { EntityStore, LedgerFold } from '@atp-router/ledger';
import { byEntity, byKill } from '../order.ts';

/** Reads a fold: for tests and for tools that look at a journal without a database. */
export function memoryEntityStore(fold: LedgerFold): EntityStore {
  return {
    list: async (kind) =>
      fold
        .entities()
        .filter((row) => row.kind === kind)
        .sort(byEntity),
    get: async (kind, id) => fold.entities().find((row) => row.kind === kind && row.id === id),
    kills: async () => fold.kills().sort(byKill),
  };
}
