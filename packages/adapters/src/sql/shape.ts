import { COUNT_MAX } from '@atp-router/kernel';
import type { BudgetDay, RouteDay, UsageDay } from '@atp-router/ledger';
import type { SqlRow, SqlValue } from './driver.ts';

/** How a field of a row is kept. `optional_*` columns may be NULL; a `flag` is 0 or 1. */
export type ColumnKind = 'text' | 'integer' | 'flag' | 'optional_text' | 'optional_integer';

/** The columns of a row type, in the order in which statements name them. */
export type Shape<T> = { readonly [field in keyof T]-?: ColumnKind };

export function columnsOf<T>(shape: Shape<T>): string[] {
  return Object.keys(shape);
}

export function toValues<T extends object>(shape: Shape<T>, row: T): SqlValue[] {
  const fields = row as Record<string, SqlValue | boolean>;
  return Object.keys(shape).map((name) => {
    const value = fields[name];
    return typeof value === 'boolean' ? Number(value) : (value ?? null);
  });
}

export function fromRow<T>(shape: Shape<T>, row: SqlRow): T {
  const out: Record<string, SqlValue | boolean> = {};
  for (const [name, kind] of Object.entries<ColumnKind>(shape)) out[name] = fromColumn(kind, row[name] ?? null);
  return out as T;
}

function fromColumn(kind: ColumnKind, value: SqlValue): SqlValue | boolean {
  if (kind === 'flag') return Number(value) !== 0;
  if (value === null) return null;
  return kind === 'integer' || kind === 'optional_integer' ? Number(value) : String(value);
}

const TOKENS = {
  in_tokens: 'integer',
  out_tokens: 'integer',
  cached_in_tokens: 'integer',
  cache_write_tokens: 'integer',
  reasoning_tokens: 'integer',
} as const;

/** The columns of `calls`: what questions filter and order by, and the whole record as JSON. */
export const CALL_COLUMNS: readonly string[] = [
  'call_id',
  'node_id',
  'epoch',
  'tenant',
  'key_id',
  'model',
  'outcome',
  'started_ms',
  'record',
];

/** The columns of `consensus_sessions`: the same, and the sealed texts. */
export const CONSENSUS_COLUMNS: readonly string[] = [
  'call_id',
  'node_id',
  'epoch',
  'tenant',
  'policy',
  'strategy',
  'outcome',
  'started_ms',
  'record',
  'sealed',
];

export const USAGE_DAY: Shape<UsageDay> = {
  day: 'text',
  tenant: 'text',
  model: 'text',
  calls: 'integer',
  errors: 'integer',
  attempts: 'integer',
  ...TOKENS,
  cost_usd_nanos: 'integer',
  energy_millijoules: 'integer',
  co2e_micrograms: 'integer',
  calls_without_energy: 'integer',
  calls_without_co2e: 'integer',
};

export const BUDGET_DAY: Shape<BudgetDay> = {
  day: 'text',
  tenant: 'text',
  calls: 'integer',
  tokens: 'integer',
  cost_usd_nanos: 'integer',
};

export const ROUTE_DAY: Shape<RouteDay> = {
  day: 'text',
  tenant: 'text',
  cluster: 'text',
  model: 'text',
  calls: 'integer',
  failed: 'integer',
  spent_usd_nanos: 'integer',
  baseline_usd_nanos: 'integer',
  tried_usd_nanos: 'integer',
  regret_usd_nanos: 'integer',
  energy_millijoules: 'integer',
  co2e_micrograms: 'integer',
  calls_without_energy: 'integer',
  calls_without_co2e: 'integer',
  words: 'integer',
  right_bp: 'integer',
  gap_bp: 'integer',
  gap_squared_bp: 'integer',
  weight_bp: 'integer',
  weight_squared_bp: 'integer',
};

/** The columns that add up, as `table.a + excluded.a` assignments of an upsert. */
export function addUp(table: string, columns: readonly string[]): string {
  return columns.map((name) => `${name} = ${capped(`${table}.${name}`, `excluded.${name}`)}`).join(', ');
}

/** The sum of two counts, at most `COUNT_MAX`, as the folds add up: beyond 2^53 drivers refuse to read a number. */
export function capped(a: string, b: string): string {
  return `CASE WHEN ${a} > ${COUNT_MAX} - ${b} THEN ${COUNT_MAX} ELSE ${a} + ${b} END`;
}

/**
 * The sum over rows of a column, at most `COUNT_MAX`. It is made of what does not overflow, which is a double in SQLite and
 * exact up to there, and a decimal in Postgres.
 */
export function sumOf(column: string): string {
  const sum = `SUM(${column} * 1.0)`;
  return `CAST(CASE WHEN ${sum} > ${COUNT_MAX} THEN ${COUNT_MAX} ELSE ${sum} END AS BIGINT) AS ${column}`;
}

export const USAGE_DAY_SUMS: readonly string[] = columnsOf(USAGE_DAY).slice(3);
export const BUDGET_DAY_SUMS: readonly string[] = columnsOf(BUDGET_DAY).slice(2);
export const ROUTE_DAY_SUMS: readonly string[] = columnsOf(ROUTE_DAY).slice(4);
