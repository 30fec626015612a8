import { utcDay } from '@atp-router/kernel';
import {
  type BudgetDay,
  budgetDayOf,
  type EntityRow,
  type IdempotencyRow,
  type KillRow,
  type OpenCall,
} from '@atp-router/ledger';
import type { RecentEvent } from './batch.ts';
import type { SqlQueries, SqlRow } from './driver.ts';
import { byEntity, byKill } from './order.ts';
import { BUDGET_DAY, BUDGET_DAY_SUMS, columnsOf, fromRow, type Shape, sumOf } from './shape.ts';
import { entityRow, killRow } from './stores/entities.ts';

const CLAIM: Shape<IdempotencyRow> = {
  scope_hash: 'text',
  body_hash: 'text',
  call_id: 'text',
  state: 'text',
  sealed: 'text',
  expires_ms: 'integer',
};

const EVENT: Shape<RecentEvent> = {
  node_id: 'text',
  epoch: 'integer',
  seq: 'integer',
  ts_ms: 'integer',
  type: 'text',
  event: 'text',
};

/** Most keys that a start hands over; older ones are asked for one by one. */
export const START_CLAIMS_MAX = 10_000;

/** Most entries of the operators' log in one answer. */
const EVENTS_MAX = 1_000;

/** A claim without its stored outcome, which may be large and is asked for when it is needed. */
export type ClaimHead = Omit<IdempotencyRow, 'sealed'>;

/** What the tables know that a router needs before it serves its first call. */
export interface TablesStart {
  /** The UTC days whose totals follow, oldest first: see `startDays`. */
  readonly budget_days: readonly string[];
  /** Totals of these days, also of other nodes in the same database. */
  readonly budgets: readonly BudgetDay[];
  readonly open_calls: readonly OpenCall[];
  readonly entities: readonly EntityRow[];
  readonly kills: readonly KillRow[];
  /** The newest keys that have not expired. */
  readonly claims: readonly ClaimHead[];
}

/** Whose calls count in the totals of a day: of all nodes in the database, of one alone, or of all but some. */
export type DaySumsOf =
  | { readonly kind: 'all' }
  | { readonly kind: 'only'; readonly node_id: string }
  | { readonly kind: 'without'; readonly node_ids: readonly string[] };

export async function readStart(
  queries: SqlQueries,
  node_id: string,
  now_ms: number,
  sums_of: DaySumsOf = { kind: 'all' },
): Promise<TablesStart> {
  const open = await queries.query('SELECT state FROM open_calls WHERE node_id = $1', [node_id]);
  const entities = await queries.query('SELECT * FROM entities WHERE node_id = $1', [node_id]);
  const kills = await queries.query('SELECT * FROM kills WHERE node_id = $1', [node_id]);
  const claims = await queries.query(
    `SELECT scope_hash, body_hash, call_id, state, '' AS sealed, expires_ms FROM idempotency
     WHERE node_id = $1 AND expires_ms > $2 ORDER BY expires_ms DESC LIMIT ${START_CLAIMS_MAX}`,
    [node_id, now_ms],
  );
  const open_calls = open.map((row) => JSON.parse(String(row['state'])) as OpenCall).sort(byStart);
  const budget_days = await startDays(queries, open_calls, now_ms);
  const budgets: BudgetDay[] = [];
  for (const day of budget_days) budgets.push(...(await readBudgets(queries, day, sums_of)));
  return {
    budget_days,
    budgets,
    open_calls,
    entities: entities.map(entityRow).sort(byEntity),
    kills: kills.map(killRow).sort(byKill),
    claims: claims.map(claimHead),
  };
}

const DAY_MS = 86_400_000;

/**
 * The two days (accounts hold no more) that a router may have to know although its clock may be wrong for now: the
 * present one, and the newest with a record if that is later (a machine whose clock is not set yet), else the day
 * before (a clock that is set back over midnight).
 */
async function startDays(
  queries: SqlQueries,
  open_calls: readonly OpenCall[],
  now_ms: number,
): Promise<readonly string[]> {
  const today = utcDay(now_ms);
  const [row] = await queries.query('SELECT MAX(day) AS day FROM budget_daily');
  const days = [String(row?.['day'] ?? ''), ...open_calls.map(({ head }) => budgetDayOf(head))];
  const newest = [...days, today].sort().at(-1) ?? today;
  return newest > today ? [today, newest] : [utcDay(Math.max(0, now_ms - DAY_MS)), today];
}

function byStart(a: OpenCall, b: OpenCall): number {
  return a.head.started_ms - b.head.started_ms || (a.head.call_id < b.head.call_id ? -1 : 1);
}

function claimHead(row: SqlRow): ClaimHead {
  const { sealed: _sealed, ...head } = fromRow(CLAIM, row);
  return head;
}

/** What each tenant used on one UTC day, summed over all nodes. */
export async function readBudgets(
  queries: SqlQueries,
  day: string,
  sums_of: DaySumsOf = { kind: 'all' },
): Promise<readonly BudgetDay[]> {
  const { sql, params } = nodesOf(sums_of);
  const sums = BUDGET_DAY_SUMS.map(sumOf).join(', ');
  const rows = await queries.query(
    `SELECT day, tenant, ${sums} FROM budget_daily WHERE day = $1${sql} GROUP BY day, tenant`,
    [day, ...params],
  );
  return rows.map((row) => fromRow(BUDGET_DAY, row)).sort((a, b) => (a.tenant < b.tenant ? -1 : 1));
}

/** As a condition; its parameters begin with `$2`. */
function nodesOf(of: DaySumsOf): { readonly sql: string; readonly params: readonly string[] } {
  if (of.kind === 'only') return { sql: ' AND node_id = $2', params: [of.node_id] };
  if (of.kind === 'all' || of.node_ids.length === 0) return { sql: '', params: [] };
  const marks = of.node_ids.map((_, i) => `$${i + 2}`).join(', ');
  return { sql: ` AND node_id NOT IN (${marks})`, params: of.node_ids };
}

/**
 * A key as a node knows it, or one of its workers (`<node>.w<n>`) that had a journal of their own: of those none runs now, so
 * that one of theirs that is running was interrupted.
 */
export async function findClaim(
  queries: SqlQueries,
  node_id: string,
  scope_hash: string,
): Promise<IdempotencyRow | undefined> {
  const columns = columnsOf(CLAIM).join(', ');
  const own = `SELECT ${columns} FROM idempotency WHERE node_id = $1 AND scope_hash = $2`;
  const [row] = await queries.query(own, [node_id, scope_hash]);
  if (row !== undefined) return fromRow(CLAIM, row);
  const workers = `SELECT ${columns} FROM idempotency WHERE scope_hash = $1 AND node_id IN
    (SELECT node_id FROM journal_position WHERE substr(node_id, 1, length($2)) = $2) ORDER BY expires_ms DESC LIMIT 1`;
  const [other] = await queries.query(workers, [scope_hash, `${node_id}.w`]);
  if (other === undefined) return undefined;
  const claim = fromRow(CLAIM, other);
  return claim.state === 'running' ? { ...claim, state: 'interrupted' } : claim;
}

/** The operators' log of a node, newest first. */
export async function readEvents(queries: SqlQueries, node_id: string, limit: number): Promise<readonly RecentEvent[]> {
  const sql = `SELECT ${columnsOf(EVENT).join(', ')} FROM events_recent WHERE node_id = $1 ORDER BY n DESC LIMIT $2`;
  const rows = await queries.query(sql, [node_id, Math.max(1, Math.min(EVENTS_MAX, Math.floor(limit)))]);
  return rows.map((row) => fromRow(EVENT, row));
}
