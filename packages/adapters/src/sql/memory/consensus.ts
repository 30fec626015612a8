import type { ConsensusFilter, ConsensusRow, ConsensusStore, LedgerFold } from '@atp-router/ledger';
import { pageLimit, parseCursor, usageCursor } from '../stores/usage.ts';

/** Reads a fold: what other stores are compared with. */
export function memoryConsensusStore(fold: LedgerFold): ConsensusStore {
  return {
    async list(filter, page) {
      const limit = pageLimit(page.limit);
      const after = page.after === undefined ? undefined : parseCursor(page.after);
      const found = [...fold.consensus.values()]
        .map(({ row }) => row)
        .filter((row) => matches(row, filter) && (after === undefined || isAfter(row, after)))
        .sort((a, b) => b.started_ms - a.started_ms || (a.call_id < b.call_id ? 1 : -1));
      const rows = found.slice(0, limit);
      const last = rows.at(-1);
      return found.length > limit && last !== undefined ? { rows, next: usageCursor(last) } : { rows };
    },
    get: async (call_id) => fold.consensus.get(call_id),
  };
}

function matches(row: ConsensusRow, filter: ConsensusFilter): boolean {
  const { from_ms, until_ms, ...equal } = filter;
  for (const [name, value] of Object.entries(equal)) {
    if (value !== undefined && row[name as keyof typeof equal] !== value) return false;
  }
  return (from_ms === undefined || row.started_ms >= from_ms) && (until_ms === undefined || row.started_ms < until_ms);
}

function isAfter(row: ConsensusRow, [started_ms, call_id]: readonly [number, string]): boolean {
  return row.started_ms < started_ms || (row.started_ms === started_ms && row.call_id < call_id);
}
