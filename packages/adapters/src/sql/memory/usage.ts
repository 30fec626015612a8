import {
  addUsageDays,
  type LedgerFold,
  merge,
  USAGE_SUMS_MAX,
  type UsageDay,
  type UsageFilter,
  type UsageRow,
  type UsageStore,
  usageDayKey,
} from '@atp-router/ledger';
import { bySum } from '../order.ts';
import { pageLimit, parseCursor, usageCursor } from '../stores/usage.ts';

/** Reads a fold: for tests and for tools that look at a journal without a database. */
export function memoryUsageStore(fold: LedgerFold): UsageStore {
  return {
    async list(filter, page) {
      const limit = pageLimit(page.limit);
      const after = page.after === undefined ? undefined : parseCursor(page.after);
      const all = [...fold.usage.values()].filter((row) => matches(row, filter)).sort(newestFirst);
      const found = all.filter((row) => after === undefined || isAfter(row, after));
      const rows = found.slice(0, limit);
      const last = rows.at(-1);
      return found.length > limit && last !== undefined ? { rows, next: usageCursor(last) } : { rows };
    },
    get: async (call_id) => fold.usage.get(call_id),
    attempts: async (call_id) => [...(fold.attempts.get(call_id) ?? [])].sort((a, b) => a.n - b.n),
    async sums(filter, group_by) {
      const sums = new Map<string, UsageDay>();
      for (const row of fold.usage_days.values()) {
        if (filter.tenant !== undefined && row.tenant !== filter.tenant) continue;
        if (filter.model !== undefined && row.model !== filter.model) continue;
        if (filter.from_day !== undefined && row.day < filter.from_day) continue;
        if (filter.until_day !== undefined && row.day > filter.until_day) continue;
        const kept = (name: 'tenant' | 'model' | 'day'): string => (group_by.includes(name) ? row[name] : '');
        const grouped = { ...row, tenant: kept('tenant'), model: kept('model'), day: kept('day') };
        merge(sums, usageDayKey(grouped), grouped, addUsageDays);
      }
      return [...sums.values()].sort(bySum).slice(-USAGE_SUMS_MAX);
    },
  };
}

function matches(row: UsageRow, filter: UsageFilter): boolean {
  const { tenant, key_id, model, outcome, from_ms, until_ms } = filter;
  if (tenant !== undefined && row.tenant !== tenant) return false;
  if (key_id !== undefined && row.key_id !== key_id) return false;
  if (model !== undefined && row.model !== model) return false;
  if (outcome !== undefined && row.outcome !== outcome) return false;
  if (from_ms !== undefined && row.started_ms < from_ms) return false;
  return until_ms === undefined || row.started_ms < until_ms;
}

function newestFirst(a: UsageRow, b: UsageRow): number {
  return b.started_ms - a.started_ms || (a.call_id < b.call_id ? 1 : -1);
}

function isAfter(row: UsageRow, [started_ms, call_id]: readonly [number, string]): boolean {
  return row.started_ms < started_ms || (row.started_ms === started_ms && row.call_id < call_id);
}
