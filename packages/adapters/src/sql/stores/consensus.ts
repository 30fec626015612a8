import type { ConsensusFilter, ConsensusPage, ConsensusRow, ConsensusStore } from '@atp-router/ledger';
import type { SqlDriver, SqlRow } from '../driver.ts';
import { Conditions } from './conditions.ts';
import { pageLimit, parseCursor, usageCursor } from './usage.ts';

/** Sessions of every node in the database. */
export function sqlConsensusStore(driver: SqlDriver): ConsensusStore {
  return {
    list: (filter, page) => listSessions(driver, filter, page),
    async get(call_id) {
      const [row] = await driver.query('SELECT record, sealed FROM consensus_sessions WHERE call_id = $1', [call_id]);
      return row && { row: rowOf(row), sealed: String(row['sealed']) };
    },
  };
}

async function listSessions(
  driver: SqlDriver,
  { tenant, policy, strategy, outcome, from_ms, until_ms }: ConsensusFilter,
  page: { readonly limit: number; readonly after?: string },
): Promise<ConsensusPage> {
  const limit = pageLimit(page.limit);
  const where = new Conditions();
  where.equal({ tenant, policy, strategy, outcome });
  if (from_ms !== undefined) where.add('started_ms >= ?', from_ms);
  if (until_ms !== undefined) where.add('started_ms < ?', until_ms);
  if (page.after !== undefined) where.add('(started_ms, call_id) < (?, ?)', ...parseCursor(page.after));
  const order = `ORDER BY started_ms DESC, call_id DESC LIMIT ${limit + 1}`;
  const found = await driver.query(`SELECT record FROM consensus_sessions ${where} ${order}`, where.params);
  const rows = found.slice(0, limit).map(rowOf);
  const last = rows.at(-1);
  return found.length > limit && last !== undefined ? { rows, next: usageCursor(last) } : { rows };
}

function rowOf(row: SqlRow): ConsensusRow {
  return JSON.parse(String(row['record'])) as ConsensusRow;
}
