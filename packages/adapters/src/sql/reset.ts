import { type LedgerBase, OpenCalls } from '@atp-router/ledger';
import type { SqlQueries } from './driver.ts';
import type { ProjectionPosition } from './position.ts';
import { BUDGET_DAY_SUMS, USAGE_DAY_SUMS } from './shape.ts';
import { writeOpenCalls, writeOperatorChange } from './write.ts';

/**
 * Takes the tables of a node back to its base. Records of epochs up to the base stay: their journal files are gone, the
 * rows are all that is left of them. Daily sums are made anew from the rows that stay, except those of days whose rows
 * were pruned.
 */
export async function resetToBase(
  tx: SqlQueries,
  node_id: string,
  base: LedgerBase | undefined,
  start: ProjectionPosition,
): Promise<void> {
  const sql = 'SELECT pruned_before_day FROM journal_position WHERE node_id = $1';
  const pruned = String((await tx.query(sql, [node_id]))[0]?.['pruned_before_day'] ?? '');
  for (const table of ['usage', 'attempts', 'idempotency', 'events_recent']) {
    await tx.query(`DELETE FROM ${table} WHERE node_id = $1 AND epoch > $2`, [node_id, start.epoch]);
  }
  for (const table of ['open_calls', 'kills', 'entities', 'journal_position']) {
    await tx.query(`DELETE FROM ${table} WHERE node_id = $1`, [node_id]);
  }
  await sumAgain(tx, node_id, pruned);
  if (base !== undefined) await writeBase(tx, node_id, base);
  await tx.query(
    `INSERT INTO journal_position (node_id, epoch, seq, file_offset, chain, pruned_before_day)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [node_id, start.epoch, start.seq, start.offset, start.chain, pruned],
  );
}

async function sumAgain(tx: SqlQueries, node_id: string, pruned_before_day: string): Promise<void> {
  const from = [node_id, pruned_before_day];
  await tx.query('DELETE FROM usage_daily WHERE node_id = $1 AND day >= $2', from);
  await tx.query('DELETE FROM budget_daily WHERE node_id = $1 AND day >= $2', from);
  await tx.query(
    `INSERT INTO usage_daily (node_id, day, tenant, model, ${USAGE_DAY_SUMS.join(', ')})
     SELECT node_id, day, tenant, model, ${USAGE_DAY_SUMS.map(castSum).join(', ')} FROM (
       SELECT node_id, day, tenant, model, 1 AS calls, CASE WHEN outcome = 'ok' THEN 0 ELSE 1 END AS errors,
         0 AS attempts, 0 AS in_tokens, 0 AS out_tokens, 0 AS cached_in_tokens, 0 AS cache_write_tokens,
         0 AS reasoning_tokens, 0 AS cost_usd_nanos
       FROM usage WHERE node_id = $1 AND day >= $2
       UNION ALL
       SELECT a.node_id, u.day, u.tenant, a.model, 0, 0, 1, a.in_tokens, a.out_tokens, a.cached_in_tokens,
         a.cache_write_tokens, a.reasoning_tokens, a.cost_usd_nanos
       FROM attempts a JOIN usage u ON u.call_id = a.call_id WHERE a.node_id = $1 AND u.day >= $2
     ) AS parts GROUP BY node_id, day, tenant, model`,
    from,
  );
  await tx.query(
    `INSERT INTO budget_daily (node_id, day, tenant, ${BUDGET_DAY_SUMS.join(', ')})
     SELECT node_id, day, tenant, COUNT(*), CAST(SUM(in_tokens + out_tokens) AS BIGINT),
       CAST(SUM(cost_usd_nanos) AS BIGINT)
     FROM usage WHERE node_id = $1 AND day >= $2 GROUP BY node_id, day, tenant`,
    from,
  );
}

function castSum(name: string): string {
  return `CAST(SUM(${name}) AS BIGINT)`;
}

async function writeBase(tx: SqlQueries, node_id: string, base: LedgerBase): Promise<void> {
  const open = new OpenCalls(base.open_calls);
  const ids = new Set(base.open_calls.map((call) => call.head.call_id));
  await writeOpenCalls(tx, node_id, open, ids, new Set());
  for (const row of base.kills) {
    await writeOperatorChange(tx, node_id, { table: 'kills', key: '', scope: row.scope, id: row.id, row });
  }
  for (const row of base.entities) {
    await writeOperatorChange(tx, node_id, { table: 'entities', key: '', kind: row.kind, id: row.id, row });
  }
}
