import type { LedgerFold, OpenCall } from '@atp-router/ledger';
import {
  sqlConsensusStore,
  sqlEntityStore,
  sqlUsageStore,
  type SqlQueries,
  type SqlRow,
  type SqlDriver,
} from '../../../src/sql/index.ts';

/** Everything that the tables of a node mean, in one comparable value. */
export interface Dump {
  readonly usage: readonly unknown[];
  readonly attempts: readonly unknown[];
  readonly consensus: readonly unknown[];
  readonly usage_days: readonly unknown[];
  readonly budget_days: readonly unknown[];
  readonly claims: readonly unknown[];
  readonly open_calls: readonly unknown[];
  readonly kills: readonly unknown[];
  readonly entities: readonly unknown[];
}

function sorted(values: Iterable<unknown>): unknown[] {
  const texts = [...values].map((value) => JSON.stringify(value, (_key, inner: unknown) => ordered(inner)));
  return texts.sort().map((text): unknown => JSON.parse(text));
}

/** Object keys in one order, so that equal rows give equal text. */
function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function dumpFold(fold: LedgerFold): Dump {
  return {
    usage: sorted(fold.usage.values()),
    attempts: sorted([...fold.attempts.values()].flat()),
    consensus: sorted(fold.consensus.values()),
    usage_days: sorted(fold.usage_days.values()),
    budget_days: sorted(fold.budget_days.values()),
    claims: sorted(fold.idempotency.values()),
    open_calls: sorted(fold.openCalls()),
    kills: sorted(fold.kills()),
    entities: sorted(fold.entities()),
  };
}

export async function dumpTables(driver: SqlDriver, node_id: string): Promise<Dump> {
  const usage = sqlUsageStore(driver);
  const entities = sqlEntityStore(driver, node_id);
  const rows = await allUsage(usage);
  const attempts = [];
  for (const { call_id } of rows) attempts.push(...(await usage.attempts(call_id)));
  const open = await select(driver, 'open_calls', node_id);
  return {
    usage: sorted(rows),
    attempts: sorted(attempts),
    consensus: sorted(await allSessions(driver, node_id)),
    usage_days: sorted(await usage.sums({}, ['day', 'tenant', 'model'])),
    budget_days: sorted((await select(driver, 'budget_daily', node_id)).map(without('node_id'))),
    claims: sorted((await select(driver, 'idempotency', node_id)).map(without('node_id', 'epoch'))),
    open_calls: sorted(open.map((row) => JSON.parse(String(row['state'])) as OpenCall)),
    kills: sorted(await entities.kills()),
    entities: sorted((await Promise.all((['tenant', 'key', 'model', 'provider'] as const).map(entities.list))).flat()),
  };
}

async function allUsage(usage: ReturnType<typeof sqlUsageStore>): Promise<{ call_id: string }[]> {
  const out = [];
  let after: string | undefined;
  do {
    const page = await usage.list({}, { limit: 1_000, ...(after !== undefined && { after }) });
    out.push(...page.rows);
    after = page.next;
  } while (after !== undefined);
  return out;
}

async function allSessions(driver: SqlDriver, node_id: string): Promise<unknown[]> {
  const { get } = sqlConsensusStore(driver);
  const rows = await select(driver, 'consensus_sessions', node_id);
  return Promise.all(rows.map((row) => get(String(row['call_id']))));
}

function select(queries: SqlQueries, table: string, node_id: string): Promise<readonly SqlRow[]> {
  return queries.query(`SELECT * FROM ${table} WHERE node_id = $1`, [node_id]);
}

function without(...names: string[]): (row: SqlRow) => unknown {
  return (row) => Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
}
