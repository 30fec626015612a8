import type { UsageFilter } from '@atp-router/ledger';
import { utcDay } from '@atp-router/kernel';
import type { SqlQueries } from '../driver.ts';
import { Conditions } from './conditions.ts';

const DAY_MS = 86_400_000;

/** Times from `from_ms` on and before `until_ms`. */
export interface Span {
  readonly from_ms: number;
  readonly until_ms: number;
}

/**
 * Where in time calls that match a filter can be, newest first. Calls are indexed by their start alone; the daily sums
 * say on which days a tenant or a model had any, so that a question about a rare one does not read all the others.
 */
export async function spansOf(queries: SqlQueries, filter: UsageFilter): Promise<readonly Span[]> {
  const { tenant, model, from_ms = 0, until_ms = Number.MAX_SAFE_INTEGER } = filter;
  if (tenant === undefined && model === undefined) return [{ from_ms, until_ms }];
  const where = new Conditions();
  where.equal({ tenant, model });
  where.add('calls > 0');
  where.add('day >= ?', dayText(from_ms));
  where.add('day <= ?', dayText(until_ms));
  const sql = `SELECT DISTINCT day FROM usage_daily ${where} ORDER BY day DESC`;
  const days = (await queries.query(sql, where.params)).map((row) => Date.parse(`${row['day']}T00:00:00Z`));
  return joinDays(days)
    .map((span) => ({ from_ms: Math.max(from_ms, span.from_ms), until_ms: Math.min(until_ms, span.until_ms) }))
    .filter((span) => span.from_ms < span.until_ms);
}

/** Days that follow each other as one span; `days` are their starts, newest first. */
function joinDays(days: readonly number[]): Span[] {
  const spans: Span[] = [];
  for (const from_ms of days) {
    const later = spans.at(-1);
    if (later?.from_ms === from_ms + DAY_MS) spans[spans.length - 1] = { from_ms, until_ms: later.until_ms };
    else spans.push({ from_ms, until_ms: from_ms + DAY_MS });
  }
  return spans;
}

/** `utcDay` within the years that have four digits, whatever the time. */
function dayText(time_ms: number): string {
  return utcDay(Math.min(Math.max(0, time_ms), Date.UTC(9999, 11, 31)));
}
