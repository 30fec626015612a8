import { AtpError } from '@atp-router/kernel';
import {
  type AttemptRow,
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
import type { SqlDriver, SqlValue } from '../driver.ts';
import { ATTEMPT, columnsOf, fromRow, USAGE, USAGE_DAY, USAGE_DAY_SUMS } from '../shape.ts';
import { bySum } from '../order.ts';

const USAGE_LIST = columnsOf(USAGE).join(', ');
const ATTEMPT_LIST = columnsOf(ATTEMPT).join(', ');
const GROUPS: readonly UsageGroup[] = ['day', 'tenant', 'model'];

/** Collects the conditions of a WHERE clause with their parameters. */
class Conditions {
  readonly params: SqlValue[] = [];
  readonly #parts: string[] = [];

  /** `sql` holds one `?` for each value. */
  add(sql: string, ...values: SqlValue[]): void {
    this.#parts.push(sql.replace(/\?/g, () => this.param(values.shift() ?? null)));
  }

  param(value: SqlValue): string {
    this.params.push(value);
    return `$${this.params.length}`;
  }

  equal(fields: Readonly<Record<string, SqlValue | undefined>>): void {
    for (const [name, value] of Object.entries(fields)) if (value !== undefined) this.add(`${name} = ?`, value);
  }

  toString(): string {
    return this.#parts.length === 0 ? '' : `WHERE ${this.#parts.join(' AND ')}`;
  }
}

/** Usage records of every node in the database. */
export function sqlUsageStore(driver: SqlDriver): UsageStore {
  return {
    list: (filter, page) => listUsage(driver, filter, page),
    async get(call_id: string): Promise<UsageRow | undefined> {
      const [row] = await driver.query(`SELECT ${USAGE_LIST} FROM usage WHERE call_id = $1`, [call_id]);
      return row && fromRow(USAGE, row);
    },
    async attempts(call_id: string): Promise<readonly AttemptRow[]> {
      const sql = `SELECT ${ATTEMPT_LIST} FROM attempts WHERE call_id = $1 ORDER BY n`;
      return (await driver.query(sql, [call_id])).map((row) => fromRow(ATTEMPT, row));
    },
    sums: (filter, group_by) => sumUsage(driver, filter, group_by),
  };
}

async function listUsage(
  driver: SqlDriver,
  filter: UsageFilter,
  page: { readonly limit: number; readonly after?: string },
): Promise<UsagePage> {
  const { tenant, key_id, model, outcome, from_ms, until_ms } = filter;
  const where = new Conditions();
  where.equal({ tenant, key_id, model, outcome });
  if (from_ms !== undefined) where.add('started_ms >= ?', from_ms);
  if (until_ms !== undefined) where.add('started_ms < ?', until_ms);
  if (page.after !== undefined) where.add('(started_ms, call_id) < (?, ?)', ...parseCursor(page.after));
  const limit = pageLimit(page.limit);
  const sql = `SELECT ${USAGE_LIST} FROM usage ${where} ORDER BY started_ms DESC, call_id DESC LIMIT ${limit + 1}`;
  const found = (await driver.query(sql, where.params)).map((row) => fromRow(USAGE, row));
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return found.length > limit && last !== undefined ? { rows, next: usageCursor(last) } : { rows };
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
  const sums = USAGE_DAY_SUMS.map((name) => `CAST(SUM(${name}) AS BIGINT) AS ${name}`);
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
    throw new AtpError('invalid_request', 'after is not a cursor: pass the "next" of an earlier page unchanged.', {
      param: 'after',
    });
  }
  return [Number(match[1]), match[2] ?? ''];
}
