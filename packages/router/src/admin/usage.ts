import { AtpError, nanosToMicros } from '@atp-router/kernel';
import {
  USAGE_SUMS_MAX,
  type UsageDayFilter,
  type UsageFilter,
  type UsageGroup,
  type UsageRow,
  type UsageStore,
  type UsageSum,
} from '@atp-router/ledger';
import { type Cell, csv } from './csv.ts';
import { PAGE_QUERY, pageLimit } from './page.ts';
import type { AdminParts } from './parts.ts';
import type { Query } from './query.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, ok } from './routes.ts';

const GROUPS: readonly UsageGroup[] = ['tenant', 'model', 'day'];
const OUTCOMES = ['ok', 'error', 'cancelled', 'interrupted'] as const;
const DAY_MS = 86_400_000;

const MEASURES = [
  'calls',
  'errors',
  'attempts',
  'in_tokens',
  'out_tokens',
  'cached_in_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'cost_usd_micros',
  'energy_joules',
  'co2e_mg',
  'calls_without_energy',
  'calls_without_co2e',
] as const;

/** `/usage` and `/usage/records`: what was used, from the tables that follow the journal. */
export function addUsage(routes: AdminRoutes, parts: AdminParts): void {
  const { usage } = parts.ledger;
  const filters = ['tenant', 'model', 'from', 'to'];
  routes.get('/usage', [...filters, 'group_by', 'format'], (request) => sums(request, usage));
  routes.get('/usage/records', [...filters, 'key_id', 'outcome', ...PAGE_QUERY], (request) => records(request, usage));
}

async function sums(request: AdminRequest, usage: UsageStore): Promise<AdminReply> {
  const { query } = request;
  const { tenant, model, from, to } = range(query);
  const group_by = query.list('group_by', GROUPS) ?? GROUPS;
  const as_csv = wantsCsv(request);
  const filter: UsageDayFilter = {
    ...(tenant === undefined ? {} : { tenant }),
    ...(model === undefined ? {} : { model }),
    ...(from === undefined ? {} : { from_day: from }),
    ...(to === undefined ? {} : { until_day: to }),
  };
  const found = await usage.sums(filter, group_by);
  // In the order of the contract, whatever the order of the question.
  const columns = GROUPS.filter((group) => group_by.includes(group));
  const rows = found.map((sum) => sumView(sum, columns));
  if (!as_csv) return ok({ group_by: columns, data: rows, truncated: found.length >= USAGE_SUMS_MAX });
  const names = [...columns, ...MEASURES];
  const cells = rows.map((row) => names.map((name): Cell => row[name] ?? null));
  return {
    kind: 'file',
    content_type: 'text/csv; charset=utf-8; header=present',
    name: 'usage.csv',
    text: csv(names, cells),
  };
}

function wantsCsv(request: AdminRequest): boolean {
  const format = request.query.oneOf('format', ['json', 'csv']);
  if (format !== undefined) return format === 'csv';
  return /(^|[\s,])text\/csv\b/.test(request.exchange.header('accept') ?? '');
}

function sumView(sum: UsageSum, columns: readonly UsageGroup[]): Readonly<Record<string, string | number>> {
  const row: Record<string, string | number> = {};
  for (const column of columns) row[column] = sum[column];
  const { cost_usd_nanos, energy_millijoules, co2e_micrograms } = sum;
  const measured = {
    ...sum,
    cost_usd_micros: nanosToMicros(cost_usd_nanos),
    energy_joules: energy_millijoules / 1_000,
    co2e_mg: co2e_micrograms / 1_000,
  };
  for (const name of MEASURES) row[name] = measured[name];
  return row;
}

async function records(request: AdminRequest, usage: UsageStore): Promise<AdminReply> {
  const { query } = request;
  const { tenant, model } = range(query);
  const key_id = query.text('key_id');
  const outcome = query.oneOf('outcome', OUTCOMES);
  const after = query.text('cursor');
  const filter: UsageFilter = {
    ...(tenant === undefined ? {} : { tenant }),
    ...(model === undefined ? {} : { model }),
    ...(key_id === undefined ? {} : { key_id }),
    ...(outcome === undefined ? {} : { outcome }),
    ...startedWithin(query),
  };
  const found = await usage.list(filter, { limit: pageLimit(query), ...(after === undefined ? {} : { after }) });
  return ok({ data: found.rows.map(recordView), next_cursor: found.next ?? null });
}

/** The days of a question, as times: both included, each of them open where it is absent. */
export function startedWithin(query: Query): { readonly from_ms?: number; readonly until_ms?: number } {
  const { from, to } = range(query);
  return {
    ...(from === undefined ? {} : { from_ms: Date.parse(`${from}T00:00:00Z`) }),
    ...(to === undefined ? {} : { until_ms: Date.parse(`${to}T00:00:00Z`) + DAY_MS }),
  };
}

/** A row as the API shows it: money in micro-dollars. */
export function recordView<T extends Pick<UsageRow, 'cost_usd_nanos' | 'tools_usd_nanos'>>(row: T): object {
  const { cost_usd_nanos, tools_usd_nanos, ...rest } = row;
  return {
    ...rest,
    cost_usd_micros: nanosToMicros(cost_usd_nanos),
    ...(tools_usd_nanos === undefined ? {} : { tools_usd_micros: nanosToMicros(tools_usd_nanos) }),
  };
}

/** `model`: undefined where it is no parameter of the path. */
interface Range {
  readonly tenant: string | undefined;
  readonly model: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

export function range(query: Query): Range {
  const [from, to] = [query.day('from'), query.day('to')];
  if (from !== undefined && to !== undefined && from > to) {
    throw new AtpError('invalid_request', '"from" must not be after "to".', { param: 'from' });
  }
  return { tenant: query.text('tenant'), model: query.text('model'), from, to };
}
