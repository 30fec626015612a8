import type { CallSums, OpenCalls, OperatorChange, RouteSums } from '@atp-router/ledger';
import type { ProjectionBatch } from './batch.ts';
import { type BulkInsert, bulkInsert, deleteMany, insertMany } from './bulk.ts';
import type { SqlQueries, SqlValue } from './driver.ts';
import {
  addUp,
  BUDGET_DAY,
  BUDGET_DAY_SUMS,
  CALL_COLUMNS,
  columnsOf,
  CONSENSUS_COLUMNS,
  ROUTE_DAY,
  ROUTE_DAY_SUMS,
  toValues,
  USAGE_DAY,
  USAGE_DAY_SUMS,
} from './shape.ts';

/** Entries of the operators' log that are kept for each node. Longer histories are in the journal. */
export const EVENTS_RECENT_MAX = 10_000;

const INSERT_CALLS: BulkInsert = bulkInsert('calls', CALL_COLUMNS, 'ON CONFLICT (call_id) DO NOTHING');
const INSERT_CONSENSUS: BulkInsert = bulkInsert(
  'consensus_sessions',
  CONSENSUS_COLUMNS,
  'ON CONFLICT (call_id) DO NOTHING',
);
const INSERT_LEARNINGS: BulkInsert = bulkInsert(
  'learnings',
  ['node_id', 'epoch', 'seq', 'type', 'call_id', 'at_ms', 'event'],
  'ON CONFLICT (node_id, epoch, seq) DO NOTHING',
);
const INSERT_SHADOWS: BulkInsert = bulkInsert(
  'shadow_comparisons',
  ['node_id', 'epoch', 'seq', 'challenger', 'champion', 'at_ms', 'event'],
  'ON CONFLICT (node_id, epoch, seq) DO NOTHING',
);
const PUT_FEEDBACK: BulkInsert = bulkInsert(
  'feedback',
  ['call_id', 'key_id', 'body_hash', 'state', 'claimed_ms', 'node_id'],
  'ON CONFLICT (call_id, key_id) DO UPDATE SET body_hash = excluded.body_hash, state = excluded.state',
);
const ADD_USAGE: BulkInsert = bulkInsert(
  'usage_daily',
  ['node_id', ...columnsOf(USAGE_DAY)],
  `ON CONFLICT (day, tenant, model, node_id) DO UPDATE SET ${addUp('usage_daily', USAGE_DAY_SUMS)}`,
);
const ADD_BUDGET: BulkInsert = bulkInsert(
  'budget_daily',
  ['node_id', ...columnsOf(BUDGET_DAY)],
  `ON CONFLICT (day, tenant, node_id) DO UPDATE SET ${addUp('budget_daily', BUDGET_DAY_SUMS)}`,
);
const ADD_ROUTES: BulkInsert = bulkInsert(
  'route_daily',
  ['node_id', 'epoch', ...columnsOf(ROUTE_DAY)],
  `ON CONFLICT (day, tenant, cluster, model, node_id, epoch) DO UPDATE SET ${addUp('route_daily', ROUTE_DAY_SUMS)}`,
);
const PUT_CLAIMS: BulkInsert = bulkInsert(
  'idempotency',
  ['node_id', 'scope_hash', 'body_hash', 'call_id', 'state', 'sealed', 'expires_ms', 'epoch'],
  `ON CONFLICT (node_id, scope_hash) DO UPDATE SET body_hash = excluded.body_hash, call_id = excluded.call_id,
   state = excluded.state, sealed = excluded.sealed, expires_ms = excluded.expires_ms, epoch = excluded.epoch`,
);
const INSERT_KILL: BulkInsert = bulkInsert('kills', ['node_id', 'scope', 'id', 'reason', 'set_by', 'since_ms']);
const INSERT_ENTITY: BulkInsert = bulkInsert('entities', [
  'node_id',
  'kind',
  'id',
  'value',
  'changed_by',
  'changed_ms',
]);
const INSERT_EVENTS: BulkInsert = bulkInsert('events_recent', [
  'node_id',
  'n',
  'epoch',
  'seq',
  'ts_ms',
  'type',
  'event',
]);
const PUT_OPEN_CALLS: BulkInsert = bulkInsert(
  'open_calls',
  ['node_id', 'call_id', 'state'],
  'ON CONFLICT (node_id, call_id) DO UPDATE SET state = excluded.state',
);

/** Writes what a batch gathered. `events_before` is the number of the last log entry so far. */
export async function writeBatch(
  tx: SqlQueries,
  node_id: string,
  batch: ProjectionBatch,
  events_before: number,
): Promise<void> {
  await countSuspects(tx, batch);
  await insertMany(tx, INSERT_CALLS, batch.calls);
  await insertMany(tx, INSERT_CONSENSUS, batch.consensus);
  await insertMany(tx, INSERT_LEARNINGS, batch.learnings);
  await insertMany(tx, INSERT_SHADOWS, batch.shadows);
  await insertMany(tx, PUT_FEEDBACK, [...batch.feedback.values()].flat());
  await addSums(tx, node_id, batch.sums);
  for (const [epoch, sums] of batch.routes) await addRoutes(tx, node_id, epoch, sums);
  await writeClaims(tx, node_id, batch);
  for (const change of batch.operator.values()) await writeOperatorChange(tx, node_id, change);
  await writeEvents(tx, node_id, batch, events_before);
}

/** Adds to the sums of days that the tables hold. */
export async function addSums(tx: SqlQueries, node_id: string, sums: CallSums): Promise<void> {
  await insertMany(
    tx,
    ADD_USAGE,
    sums.usage().flatMap((row) => [node_id, ...toValues(USAGE_DAY, row)]),
  );
  await insertMany(
    tx,
    ADD_BUDGET,
    sums.budgets().flatMap((row) => [node_id, ...toValues(BUDGET_DAY, row)]),
  );
}

async function addRoutes(tx: SqlQueries, node_id: string, epoch: number, sums: RouteSums): Promise<void> {
  const rows = sums.days().flatMap((row) => [node_id, epoch, ...toValues(ROUTE_DAY, row)]);
  await insertMany(tx, ADD_ROUTES, rows);
}

/** An end without an open call is a repetition, unless the call has no usage record at all. */
async function countSuspects(tx: SqlQueries, batch: ProjectionBatch): Promise<void> {
  if (batch.suspects.length === 0) return;
  const ended = batch.endedCalls();
  for (const suspect of batch.suspects) {
    const { call_id } = suspect.end;
    if (ended.has(call_id)) continue;
    const known = await tx.query('SELECT call_id FROM calls WHERE call_id = $1', [call_id]);
    if (known.length > 0) continue;
    ended.add(call_id);
    batch.addSuspect(suspect);
  }
}

async function writeClaims(tx: SqlQueries, node_id: string, batch: ProjectionBatch): Promise<void> {
  for (const { scope_hash, call_id } of batch.releases) {
    await tx.query(
      `DELETE FROM idempotency WHERE node_id = $1 AND scope_hash = $2 AND call_id = $3 AND state = 'running'`,
      [node_id, scope_hash, call_id],
    );
  }
  const removed: string[] = [];
  const rows: SqlValue[] = [];
  for (const [scope_hash, row] of batch.claims) {
    if (row === null) removed.push(scope_hash);
    else rows.push(node_id, scope_hash, row.body_hash, row.call_id, row.state, row.sealed, row.expires_ms, row.epoch);
  }
  await deleteMany(tx, 'idempotency', 'scope_hash', node_id, removed);
  await insertMany(tx, PUT_CLAIMS, rows);
}

export async function writeOperatorChange(tx: SqlQueries, node_id: string, change: OperatorChange): Promise<void> {
  if (change.table === 'kills') {
    await tx.query('DELETE FROM kills WHERE node_id = $1 AND scope = $2 AND id = $3', [
      node_id,
      change.scope,
      change.id,
    ]);
    if (change.row === null) return;
    const { scope, id, reason, by, since_ms } = change.row;
    const values = [node_id, scope, id, reason, by, since_ms];
    await insertMany(tx, INSERT_KILL, values);
    return;
  }
  await tx.query('DELETE FROM entities WHERE node_id = $1 AND kind = $2 AND id = $3', [
    node_id,
    change.kind,
    change.id,
  ]);
  if (change.row === null) return;
  const { kind, id, value, by, changed_ms } = change.row;
  const values = [node_id, kind, id, JSON.stringify(value), by, changed_ms];
  await insertMany(tx, INSERT_ENTITY, values);
}

async function writeEvents(tx: SqlQueries, node_id: string, batch: ProjectionBatch, before: number): Promise<void> {
  if (batch.events.length === 0) return;
  const kept = batch.events.slice(-EVENTS_RECENT_MAX);
  const last = before + batch.events.length;
  const rows = kept.flatMap((event, i) => {
    const n = last - kept.length + i + 1;
    return [node_id, n, event.epoch, event.seq, event.ts_ms, event.type, event.event];
  });
  await insertMany(tx, INSERT_EVENTS, rows);
  await tx.query('DELETE FROM events_recent WHERE node_id = $1 AND n <= $2', [node_id, last - EVENTS_RECENT_MAX]);
}

/** Brings the table of open calls up to date; calls that opened and ended since the last time never touch it. */
export async function writeOpenCalls(
  tx: SqlQueries,
  node_id: string,
  open: OpenCalls,
  changed: ReadonlySet<string>,
  stored: Set<string>,
): Promise<void> {
  const gone: string[] = [];
  const rows: SqlValue[] = [];
  for (const call_id of changed) {
    const call = open.get(call_id);
    if (call !== undefined) {
      rows.push(node_id, call_id, JSON.stringify(call));
      stored.add(call_id);
    } else if (stored.delete(call_id)) gone.push(call_id);
  }
  await deleteMany(tx, 'open_calls', 'call_id', node_id, gone);
  await insertMany(tx, PUT_OPEN_CALLS, rows);
}
