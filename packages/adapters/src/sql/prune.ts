import type { SqlDriver } from './driver.ts';
import { addUp, columnsOf, ROUTE_DAY, ROUTE_DAY_SUMS, sumOf } from './shape.ts';

const DAY_MS = 86_400_000;

/**
 * Removes records of calls, sessions and comparisons of days before `before_day` and keys that expired by `now_ms`, `limit` rows of each at most. The
 * day is stored first: sums of days from which something is missing must never be made anew from the records.
 */
export async function pruneTables(
  driver: SqlDriver,
  node_id: string,
  before_day: string,
  now_ms: number,
  limit: number,
): Promise<boolean> {
  const sql = 'UPDATE journal_position SET pruned_before_day = $2 WHERE node_id = $1 AND pruned_before_day < $2';
  await driver.query(sql, [node_id, before_day]);
  const before_ms = Date.parse(`${before_day}T00:00:00Z`);
  await joinRoutes(driver, node_id, before_day);
  const calls = await pruneCalls(driver, node_id, before_ms, limit);
  const sessions = await driver.query(
    `DELETE FROM consensus_sessions WHERE call_id IN (SELECT call_id FROM consensus_sessions
     WHERE started_ms < $2 AND node_id = $1 ORDER BY started_ms, call_id LIMIT $3) RETURNING call_id`,
    [node_id, before_ms, limit],
  );
  const shadows = await driver.query(
    `DELETE FROM shadow_comparisons WHERE node_id = $1 AND (epoch, seq) IN (SELECT epoch, seq FROM shadow_comparisons
     WHERE at_ms < $2 AND node_id = $1 ORDER BY at_ms, epoch, seq LIMIT $3) RETURNING seq`,
    [node_id, before_ms, limit],
  );
  const keys = await driver.query(
    `DELETE FROM idempotency WHERE node_id = $1 AND expires_ms <= $2 AND scope_hash IN
     (SELECT scope_hash FROM idempotency WHERE node_id = $1 AND expires_ms <= $2 LIMIT $3) RETURNING scope_hash`,
    [node_id, now_ms, limit],
  );
  return calls === limit || sessions.length === limit || shadows.length === limit || keys.length === limit;
}

/** Whose files they were is of no use for days that are not made anew. */
async function joinRoutes(driver: SqlDriver, node_id: string, before_day: string): Promise<void> {
  const keys = columnsOf(ROUTE_DAY).slice(0, -ROUTE_DAY_SUMS.length).join(', ');
  const old = 'node_id = $1 AND day < $2 AND epoch > 0';
  await driver.transaction(async (tx) => {
    await tx.query(
      `INSERT INTO route_daily (node_id, epoch, ${keys}, ${ROUTE_DAY_SUMS.join(', ')})
       SELECT node_id, 0, ${keys}, ${ROUTE_DAY_SUMS.map(sumOf).join(', ')} FROM route_daily WHERE ${old} GROUP BY node_id, ${keys}
       ON CONFLICT (day, tenant, cluster, model, node_id, epoch) DO UPDATE SET ${addUp('route_daily', ROUTE_DAY_SUMS)}`,
      [node_id, before_day],
    );
    await tx.query(`DELETE FROM route_daily WHERE ${old}`, [node_id, before_day]);
  });
}

/** A call that waited over midnight is charged to the day behind its start, whose sums may still be made anew from it. */
async function pruneCalls(driver: SqlDriver, node_id: string, before_ms: number, limit: number): Promise<number> {
  const old = `SELECT call_id FROM calls WHERE started_ms < $2 AND node_id = $1
     AND (started_ms < $3 OR record NOT LIKE '%"budget_day":%') ORDER BY started_ms, call_id LIMIT $4`;
  const params = [node_id, before_ms, before_ms - DAY_MS, limit];
  return (await driver.query(`DELETE FROM calls WHERE call_id IN (${old}) RETURNING call_id`, params)).length;
}
