import { CallSums, type LedgerBase, OpenCalls } from '@atp-router/ledger';
import { isBehind, type JournalPlace } from './batch.ts';
import { CALL_SELECT, callOf } from './calls.ts';
import type { SqlQueries, SqlRow } from './driver.ts';
import type { ProjectionPosition } from './position.ts';
import { addSums, writeOpenCalls, writeOperatorChange } from './write.ts';

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
  const [before] = await tx.query('SELECT * FROM journal_position WHERE node_id = $1', [node_id]);
  const pruned = String(before?.['pruned_before_day'] ?? '');
  const counted = countedOf(before);
  for (const table of [
    'calls',
    'consensus_sessions',
    'learnings',
    'shadow_comparisons',
    'idempotency',
    'events_recent',
  ]) {
    await tx.query(`DELETE FROM ${table} WHERE node_id = $1 AND epoch > $2`, [node_id, start.epoch]);
  }
  for (const table of ['open_calls', 'kills', 'entities', 'journal_position']) {
    await tx.query(`DELETE FROM ${table} WHERE node_id = $1`, [node_id]);
  }
  await tx.query('DELETE FROM route_daily WHERE node_id = $1 AND epoch > $2 AND day >= $3', [
    ...[node_id, start.epoch, pruned],
  ]);
  await sumAgain(tx, node_id, pruned);
  if (base !== undefined) await writeBase(tx, node_id, base);
  await tx.query(
    `INSERT INTO journal_position
       (node_id, epoch, seq, file_offset, chain, pruned_before_day, counted_epoch, counted_seq, believed_ms)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      ...[node_id, start.epoch, start.seq, start.offset, start.chain, pruned],
      ...[counted.epoch, counted.seq, Number(before?.['believed_ms'] ?? 0)],
    ],
  );
}

/** The furthest that the sums ever got: a rebuild may itself be cut short by another one. */
function countedOf(before: SqlRow | undefined): JournalPlace {
  if (before === undefined) return { epoch: 0, seq: 0 };
  const position = { epoch: Number(before['epoch']), seq: Number(before['seq']) };
  const counted = { epoch: Number(before['counted_epoch']), seq: Number(before['counted_seq']) };
  return isBehind(position, counted) ? position : counted;
}

const DAY_MS = 86_400_000;

/** Rows that are read at once: some megabytes. */
const PAGE_ROWS = 2_000;

async function sumAgain(tx: SqlQueries, node_id: string, pruned_before_day: string): Promise<void> {
  const from = [node_id, pruned_before_day];
  await tx.query('DELETE FROM usage_daily WHERE node_id = $1 AND day >= $2', from);
  await tx.query('DELETE FROM budget_daily WHERE node_id = $1 AND day >= $2', from);
  const sums = new CallSums();
  // Those of the day before that are left waited over midnight and are charged to the first day that is made anew.
  let after_ms = pruned_before_day === '' ? 0 : Date.parse(pruned_before_day) - DAY_MS;
  let after_id = '';
  for (;;) {
    const rows = await tx.query(
      `SELECT call_id, started_ms, ${CALL_SELECT} FROM calls WHERE node_id = $1 AND (started_ms, call_id) > ($2, $3)
       ORDER BY started_ms, call_id LIMIT ${PAGE_ROWS}`,
      [node_id, after_ms, after_id],
    );
    for (const row of rows) {
      const call = callOf(row);
      if (sums.dayOf(call) >= pruned_before_day) sums.add(call);
    }
    const last = rows.at(-1);
    if (last === undefined) break;
    after_ms = Number(last['started_ms']);
    after_id = String(last['call_id']);
  }
  await addSums(tx, node_id, sums);
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
