import { AtpError } from '@atp-router/kernel';
import {
  USAGE_PAGE_MAX,
  USAGE_SUMS_MAX,
  type UsageDayFilter,
  type UsageFilter,
  type UsageGroup,
  type UsagePage,
  type UsageRow,
  type UsageStore,
  type UsageSum,
} from '@atp-router/ledger';
import { attemptsOf, CALL_SELECT, usageOf } from '../calls.ts';
import type { SqlDriver, SqlQueries, SqlRow } from '../driver.ts';
import { bySum } from '../order.ts';
import { fromRow, sumOf, USAGE_DAY, USAGE_DAY_SUMS } from '../shape.ts';
import { Conditions } from './conditions.ts';
import { type Span, spansOf } from './spans.ts';

const GROUPS: readonly UsageGroup[] = ['day', 'tenant', 'model'];

/** Usage records of every node in the database. */
export function sqlUsageStore(driver: SqlDriver): UsageStore {
  return {
    list: (filter, page) => listUsage(driver, filter, page),
    get: async (call_id) => (await callRows(driver, call_id)).map(usageOf)[0],
    attempts: async (call_id) => (await callRows(driver, call_id)).flatMap(attemptsOf),
    sums: (filter, group_by) => sumUsage(driver, filter, group_by),
  };
}

function callRows(queries: SqlQueries, call_id: string): Promise<readonly SqlRow[]> {
  return queries.query(`SELECT ${CALL_SELECT} FROM calls WHERE call_id = $1`, [call_id]);
}

async function listUsage(
  driver: SqlDriver,
  filter: UsageFilter,
  page: { readonly limit: number; readonly after?: string },
): Promise<UsagePage> {
  const after = page.after === undefined ? undefined : parseCursor(page.after);
  const limit = pageLimit(page.limit);
  const found: UsageRow[] = [];
  const { until_ms = Number.MAX_SAFE_INTEGER } = filter;
  const before_ms = after === undefined ? until_ms : Math.min(until_ms, after[0] + 1);
  for (const span of await spansOf(driver, { ...filter, until_ms: before_ms })) {
    const rows = await rowsWithin(driver, { ...filter, ...span }, after, limit + 1 - found.length);
    for (const row of rows) found.push(usageOf(row));
    if (found.length > limit) break;
  }
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return found.length > limit && last !== undefined ? { rows, next: usageCursor(last) } : { rows };
}

function rowsWithin(
  queries: SqlQueries,
  { tenant, key_id, model, outcome, from_ms, until_ms }: UsageFilter & Span,
  after: readonly [number, string] | undefined,
  limit: number,
): Promise<readonly SqlRow[]> {
  const where = new Conditions();
  where.equal({ tenant, key_id, model, outcome });
  where.add('started_ms >= ?', from_ms);
  where.add('started_ms < ?', until_ms);
  if (after !== undefined) where.add('(started_ms, call_id) < (?, ?)', ...after);
  const order = `ORDER BY started_ms DESC, call_id DESC LIMIT ${limit}`;
  return queries.query(`SELECT ${CALL_SELECT} FROM calls ${where} ${order}`, where.params);
}

async function sumUsage(
  driver: SqlDriver,
  filter: UsageDayFilter,
  group_by: readonly UsageGroup[],
): Promise<readonly UsageSum[]> {
  const { tenant, model, from_day, until_day } = filter;
  const where = new Conditions();
  where.equal({ tenant, model });
  if (from_day !== undefined) where.add('day >= ?', from_day);
  if (until_day !== undefined) where.add('day <= ?', until_day);
  const groups = GROUPS.filter((name) => group_by.includes(name));
  const names = GROUPS.map((name) => (groups.includes(name) ? name : `'' AS ${name}`));
  const sums = USAGE_DAY_SUMS.map(sumOf);
  const grouped = groups.length === 0 ? 'HAVING COUNT(*) > 0' : `GROUP BY ${groups.join(', ')}`;
  const newest = groups.includes('day') ? 'ORDER BY day DESC' : '';
  const sql = `SELECT ${[...names, ...sums].join(', ')} FROM usage_daily ${where} ${grouped} ${newest} LIMIT ${USAGE_SUMS_MAX}`;
  const rows = await driver.query(sql, where.params);
  return rows.map((row) => fromRow(USAGE_DAY, row)).sort(bySum);
}

/** Cuts a wished page size to what is allowed. */
export function pageLimit(wished: number): number {
  return Math.max(1, Math.min(USAGE_PAGE_MAX, Math.floor(wished)));
}

/** The `after` that continues behind a row. */
export function usageCursor(row: Pick<UsageRow, 'started_ms' | 'call_id'>): string {
  return `${row.started_ms}.${row.call_id}`;
}

export function parseCursor(cursor: string): [number, string] {
  const match = /^([0-9]{1,15})\.(.{1,256})$/.exec(cursor);
  if (match === null) {
    // In the words of the admin API, where cursors come from.
    throw new AtpError('invalid_request', '"cursor" must be the next_cursor of an earlier answer, unchanged.', {
      param: 'cursor',
    });
  }
  return [Number(match[1]), match[2] ?? ''];
}
