import { QOS_TIERS, type Qos } from '@atp-router/kernel';
import { isRow, type Row } from '../print/table.ts';

/** What is held of a window. Undefined bounds: not limited. */
export interface Gauge {
  readonly outstanding: number;
  /** What may be held now; less than the limit while the router has narrowed it. */
  readonly window: number | undefined;
  readonly limit: number | undefined;
}

export type PerTier = Readonly<Record<Qos, number>>;

/** Counters of a tier, from the start of the router. */
export const TOTALS = ['granted', 'denied', 'expired', 'shed', 'preempted', 'starved'] as const;
export type Total = (typeof TOTALS)[number];
export type Totals = Readonly<Record<Total, number>>;

export interface FlowTier {
  readonly qos: Qos;
  readonly waiting: number;
  readonly in_flight: number;
  readonly tokens_outstanding: number;
  readonly jain: number;
  readonly wait_p50_ms: number;
  readonly wait_p99_ms: number;
  readonly totals: Totals;
}

export interface FlowAccount {
  readonly account: string;
  readonly level: string;
  readonly calls: Gauge;
  readonly tokens: Gauge;
  readonly usd_micros: Gauge;
  readonly waiting: PerTier;
  readonly in_flight: PerTier;
  readonly pressed: boolean;
  readonly wait_ms: number | undefined;
}

/** What budgets of a day are in. */
export const DAY_UNITS = ['usd_micros', 'tokens', 'calls'] as const;
export type DayUnit = (typeof DAY_UNITS)[number];

export interface FlowTenant {
  readonly tenant: string;
  readonly weight: number;
  readonly waiting: number;
  readonly calls: Gauge;
  readonly tokens: Gauge;
  readonly usd_micros: Gauge;
  /** What was used on this day, and may be; undefined: not known here. */
  readonly today: Readonly<Record<DayUnit, Gauge>> | undefined;
  readonly burn_usd_micros_per_minute: number;
  readonly exhaustion_minutes: number | undefined;
}

/** The answer of `/admin/v1/flow`, as far as it is shown. */
export interface Flow {
  readonly node_id: string;
  readonly uptime_s: number;
  /** Wall clock of the router, ms since the epoch. */
  readonly now_ms: number;
  readonly calls_in_flight: number;
  readonly waiting: number;
  readonly max_waiting: number;
  readonly lapsed_total: number;
  /** Gold, silver, bronze. */
  readonly tiers: readonly FlowTier[];
  readonly accounts_total: number;
  readonly accounts: readonly FlowAccount[];
  readonly tenants_total: number;
  readonly tenants: readonly FlowTenant[];
}

/** Entries of each list that are taken; the router sends no more. */
const ENTRIES_MAX = 1_000;
/** Of a name; longer ones are configured nowhere, and no terminal shows them. */
const NAME_CHARS_MAX = 256;
/** Times and counts beyond it are faults of whoever answers; it is exact as a number, and a date. */
const NUMBER_MAX = 8.64e15;

/** Takes an answer apart; undefined when it is not one of `/flow`. A field that is missing or no number is 0 or unlimited. */
export function readFlow(answer: unknown): Flow | undefined {
  if (!isRow(answer)) return undefined;
  const { tiers, accounts, tenants } = answer;
  if (!Array.isArray(tiers) || !Array.isArray(accounts) || !Array.isArray(tenants)) return undefined;
  const rows = (list: readonly unknown[]): Row[] => list.slice(0, ENTRIES_MAX).filter(isRow);
  const of_tier = new Map(rows(tiers).map((row) => [row['qos'], row]));
  return {
    node_id: text(answer['node_id']),
    uptime_s: num(answer['uptime_s']),
    now_ms: num(answer['now_ms']),
    calls_in_flight: num(answer['calls_in_flight']),
    waiting: num(answer['waiting']),
    max_waiting: num(answer['max_waiting']),
    lapsed_total: num(answer['lapsed_total']),
    tiers: QOS_TIERS.map((qos) => readTier(qos, of_tier.get(qos) ?? {})),
    accounts_total: num(answer['accounts_total']),
    accounts: rows(accounts).map(readAccount),
    tenants_total: num(answer['tenants_total']),
    tenants: rows(tenants).map(readTenant),
  };
}

function readTier(qos: Qos, row: Row): FlowTier {
  const total = (name: Total): number => num(row[`${name}_total`]);
  return {
    qos,
    waiting: num(row['waiting']),
    in_flight: num(row['in_flight']),
    tokens_outstanding: num(row['tokens_outstanding']),
    jain: num(row['jain']),
    wait_p50_ms: num(row['wait_p50_ms']),
    wait_p99_ms: num(row['wait_p99_ms']),
    totals: {
      granted: total('granted'),
      denied: total('denied'),
      expired: total('expired'),
      shed: total('shed'),
      preempted: total('preempted'),
      starved: total('starved'),
    },
  };
}

function readAccount(row: Row): FlowAccount {
  return {
    account: text(row['account']),
    level: text(row['level']),
    ...readGauges(row),
    waiting: readPerTier(row['waiting']),
    in_flight: readPerTier(row['in_flight']),
    pressed: row['pressed'] === true,
    wait_ms: maybe(row['wait_ms']),
  };
}

function readTenant(row: Row): FlowTenant {
  return {
    tenant: text(row['tenant']),
    weight: num(row['weight']),
    waiting: num(row['waiting']),
    ...readGauges(row),
    today: readToday(row['today']),
    burn_usd_micros_per_minute: num(row['burn_usd_micros_per_minute']),
    exhaustion_minutes: maybe(row['exhaustion_minutes']),
  };
}

function readGauges(row: Row): Pick<FlowAccount, 'calls' | 'tokens' | 'usd_micros'> {
  return { calls: readGauge(row['calls']), tokens: readGauge(row['tokens']), usd_micros: readGauge(row['usd_micros']) };
}

/** A router that is older says nothing of it. */
function readToday(value: unknown): FlowTenant['today'] {
  if (!isRow(value)) return undefined;
  const of = (unit: DayUnit): Gauge | undefined => {
    const row = isRow(value[unit]) ? value[unit] : {};
    const used = maybe(row['used']);
    const limit = maybe(row['limit']);
    return used === undefined ? undefined : { outstanding: used, window: limit, limit };
  };
  const [usd_micros, tokens, calls] = [of('usd_micros'), of('tokens'), of('calls')];
  return usd_micros && tokens && calls && { usd_micros, tokens, calls };
}

/** Only windows of calls are narrowed, and only those of accounts say so. */
function readGauge(value: unknown): Gauge {
  const row = isRow(value) ? value : {};
  const limit = maybe(row['limit']);
  const window = maybe(row['window']) ?? limit;
  return { outstanding: num(row['outstanding']), window, limit: limit ?? window };
}

function readPerTier(value: unknown): PerTier {
  const row = isRow(value) ? value : {};
  return { gold: num(row['gold']), silver: num(row['silver']), bronze: num(row['bronze']) };
}

function num(value: unknown): number {
  return maybe(value) ?? 0;
}

function maybe(value: unknown): number | undefined {
  if (typeof value !== 'number' || Number.isNaN(value)) return undefined;
  return Math.min(NUMBER_MAX, Math.max(0, value));
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, NAME_CHARS_MAX) : '';
}
