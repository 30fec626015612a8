import type { KillScope } from '@atp-router/ledger';
import type { MetricRegistry, Sample } from './registry.ts';
import { OTHER } from './instruments.ts';

/** Values that are read when somebody scrapes, not when they change. */
export interface LiveGauges {
  readonly ready: () => boolean;
  readonly calls_in_flight: () => number;
  readonly config_generation: () => number;
  readonly journal: () => JournalGauges;
  readonly projection_lag_blocks: () => number;
  readonly idempotency_entries: () => number;
  /** Undefined where no state is shared with other routers. */
  readonly shared_unconfirmed: () => number | undefined;
  readonly kill_switches: () => Readonly<Record<KillScope, number>>;
  /** Of a router that is several, as this process sees them; over all processes these add up. */
  readonly processes: () => Readonly<Record<ProcessState, number>>;
  readonly listener_errors: () => number;
  /** Undefined where no traces are exported. */
  readonly traces: () => TraceGauges | undefined;
  readonly tenants: () => Iterable<TenantGauges>;
  readonly providers: () => Iterable<ProviderGauges>;
  readonly targets: () => Iterable<TargetGauges>;
}

/** `answered` a scrape; linked, but `silent`; asked for by the configuration, but `missing`. */
export type ProcessState = 'answered' | 'silent' | 'missing';

export interface JournalGauges {
  /** The journal cannot be written now, so no call is taken. */
  readonly failed: boolean;
  readonly pending_chars: number;
  readonly waiting_barriers: number;
  readonly records_total: number;
  readonly blocks_total: number;
  readonly bytes_total: number;
  readonly syncs_total: number;
  readonly write_errors_total: number;
  readonly lost_records_total: number;
}

export interface TraceGauges {
  readonly exported_total: number;
  readonly failed_total: number;
  readonly dropped_total: number;
}

export interface TenantGauges {
  readonly tenant: string;
  readonly outstanding: TenantAmounts;
  /** What may be outstanding; `null` where nothing limits. */
  readonly window_limit: TenantLimits;
  /** Used on this UTC day. */
  readonly day_used: TenantAmounts;
  readonly day_limit: TenantLimits;
  /** How far the day's budgets are overdrawn. */
  readonly debt: TenantAmounts;
}

export interface TenantAmounts {
  readonly calls: number;
  readonly tokens: number;
  readonly usd_micros: number;
}

export type TenantLimits = { readonly [unit in keyof TenantAmounts]: number | null };

export interface ProviderGauges {
  readonly provider: string;
  readonly in_flight: number;
  readonly waiting: number;
}

export interface TargetGauges {
  readonly provider: string;
  readonly model: string;
  /** 0 closed, 1 half open, 2 open. */
  readonly breaker: number;
  readonly ready: boolean;
  readonly in_flight: number;
  readonly waiting: number;
  readonly mape: number | undefined;
  readonly under_rate: number | undefined;
}

// Ten thousand tenants would make more than a hundred thousand lines; a scrape that large is of no use to anybody.
const TENANTS_MAX = 500;
const PROVIDERS_MAX = 500;
const TARGETS_MAX = 500;

/** Registers what is read at scrape time: readiness, windows, budgets, breakers, queues, the journal. Once for a registry. */
export function registerLiveGauges(registry: MetricRegistry, live: LiveGauges): void {
  processGauges(registry, live);
  journalGauges(registry, live);
  traceGauges(registry, live);
  tenantGauges(registry, live);
  providerGauges(registry, live);
  targetGauges(registry, live);
}

type Add = (name: string, help: string, read: () => number | undefined) => void;

/** Adds metrics without labels; one whose value is undefined has no series. */
function plain(registry: MetricRegistry, type: 'gauge' | 'counter'): Add {
  return (name, help, read) => {
    registry.live({
      ...{ name, help, type },
      read: () => {
        const value = read();
        return value === undefined ? [] : [{ labels: [], value }];
      },
    });
  };
}

function processGauges(registry: MetricRegistry, live: LiveGauges): void {
  const gauge = plain(registry, 'gauge');
  gauge('atp_ready', '1 when /readyz says that calls are taken.', () => (live.ready() ? 1 : 0));
  gauge('atp_calls_in_flight', 'Calls that run now.', live.calls_in_flight);
  gauge('atp_config_generation', 'Number of the configuration in force; 1 at the start.', live.config_generation);
  gauge('atp_idempotency_entries', 'Idempotency keys in memory.', live.idempotency_entries);
  gauge(
    'atp_shared_unconfirmed_ends',
    'Ends of reservations and claims that the database which routers share has not confirmed yet.',
    live.shared_unconfirmed,
  );
  registry.live({
    name: 'atp_kill_switches',
    type: 'gauge',
    help: 'Kill switches that are on.',
    labels: ['scope'],
    read: () => Object.entries(live.kill_switches()).map(([scope, value]) => ({ labels: [scope], value })),
  });
  registry.live({
    name: 'atp_processes',
    type: 'gauge',
    help: 'Processes of this router: those whose values are in this answer (`answered`), that did not answer in time (`silent`), that are not there (`missing`).',
    labels: ['state'],
    read: () => Object.entries(live.processes()).map(([state, value]) => ({ labels: [state], value })),
  });
  const counter = plain(registry, 'counter');
  counter(
    'atp_event_listener_errors_total',
    'Faults of readers of the event catalogue (metrics, traces, logs, streams). Calls go on; report them.',
    live.listener_errors,
  );
}

function journalGauges(registry: MetricRegistry, live: LiveGauges): void {
  let now: JournalGauges | undefined;
  registry.beforeScrape(() => {
    now = live.journal();
  });
  const gauge = plain(registry, 'gauge');
  gauge('atp_journal_failed', '1 while the journal cannot be written; no call is taken then.', () =>
    now?.failed === true ? 1 : 0,
  );
  gauge('atp_journal_pending_chars', 'Records that are not yet written, in characters.', () => now?.pending_chars);
  gauge('atp_journal_waiting_barriers', 'Calls that wait for the journal.', () => now?.waiting_barriers);
  gauge('atp_projection_lag_blocks', 'Blocks that are in the journal and not yet in the tables.', () =>
    live.projection_lag_blocks(),
  );
  const counter = plain(registry, 'counter');
  counter('atp_journal_records_total', 'Records written.', () => now?.records_total);
  counter(
    'atp_journal_blocks_total',
    'Writes; one holds the records of one turn of the event loop.',
    () => now?.blocks_total,
  );
  counter('atp_journal_bytes_total', 'Bytes written.', () => now?.bytes_total);
  counter('atp_journal_fsyncs_total', 'Rounds of fsync.', () => now?.syncs_total);
  counter('atp_journal_write_errors_total', 'Writes and fsyncs that failed.', () => now?.write_errors_total);
  counter(
    'atp_journal_lost_records_total',
    'Records that were lost because the journal could not be written.',
    () => now?.lost_records_total,
  );
}

function traceGauges(registry: MetricRegistry, live: LiveGauges): void {
  const counter = plain(registry, 'counter');
  counter('atp_trace_spans_exported_total', 'Spans that the collector took.', () => live.traces()?.exported_total);
  counter('atp_trace_spans_failed_total', 'Spans that the collector did not take.', () => live.traces()?.failed_total);
  counter(
    'atp_trace_spans_dropped_total',
    'Spans that were not made because too many waited for the collector.',
    () => live.traces()?.dropped_total,
  );
}

function tenantGauges(registry: MetricRegistry, live: LiveGauges): void {
  let now: readonly TenantGauges[] = [];
  registry.beforeScrape(() => {
    now = [...live.tenants()];
  });
  const add = (name: string, help: string, pick: (tenant: TenantGauges) => number | null): void => {
    registry.live({ name, help, type: 'gauge', labels: ['tenant'], read: () => byTenant(now, pick) });
  };
  const units: readonly (readonly [keyof TenantAmounts, string])[] = [
    ['calls', 'Calls'],
    ['tokens', 'Tokens'],
    ['usd_micros', 'Micro-dollars'],
  ];
  for (const [unit, word] of units) {
    add(`atp_tenant_outstanding_${unit}`, `${word} held by calls in flight.`, (t) => t.outstanding[unit]);
    add(`atp_tenant_window_limit_${unit}`, `${word} that may be outstanding.`, (t) => t.window_limit[unit]);
    add(`atp_tenant_day_used_${unit}`, `${word} used on this UTC day.`, (t) => t.day_used[unit]);
    add(`atp_tenant_day_limit_${unit}`, `${word} that one UTC day may use.`, (t) => t.day_limit[unit]);
    add(`atp_tenant_debt_${unit}`, `${word} by which the day's budget is overdrawn.`, (t) => t.debt[unit]);
  }
}

/** Tenants beyond the limit are added up; an absent limit has no series. */
function byTenant(tenants: readonly TenantGauges[], pick: (tenant: TenantGauges) => number | null): Sample[] {
  const samples: Sample[] = [];
  let rest: number | undefined;
  for (let i = 0; i < tenants.length; i += 1) {
    const tenant = tenants[i] as TenantGauges;
    const value = pick(tenant);
    if (value === null) continue;
    if (i < TENANTS_MAX) samples.push({ labels: [tenant.tenant], value });
    else rest = (rest ?? 0) + value;
  }
  return rest === undefined ? samples : [...samples, { labels: [OTHER], value: rest }];
}

function providerGauges(registry: MetricRegistry, live: LiveGauges): void {
  let now: readonly ProviderGauges[] = [];
  registry.beforeScrape(() => {
    now = firstOf(live.providers(), PROVIDERS_MAX);
  });
  const add = (name: string, help: string, pick: (provider: ProviderGauges) => number): void => {
    registry.live({
      ...{ name, help, type: 'gauge', labels: ['provider'] },
      read: () => now.map((provider) => ({ labels: [provider.provider], value: pick(provider) })),
    });
  };
  add('atp_provider_calls_in_flight', 'Attempts that have a place at this provider.', (p) => p.in_flight);
  add('atp_provider_calls_waiting', 'Attempts that wait for a place at this provider.', (p) => p.waiting);
}

function targetGauges(registry: MetricRegistry, live: LiveGauges): void {
  let now: readonly TargetGauges[] = [];
  registry.beforeScrape(() => {
    now = firstOf(live.targets(), TARGETS_MAX);
  });
  const add = (name: string, help: string, pick: (target: TargetGauges) => number | undefined): void => {
    registry.live({
      ...{ name, help, type: 'gauge', labels: ['provider', 'model'] },
      read: () =>
        now.flatMap((target) => {
          const value = pick(target);
          return value === undefined ? [] : [{ labels: [target.provider, target.model], value }];
        }),
    });
  };
  add('atp_breaker_state', 'Circuit breaker: 0 closed, 1 half open, 2 open.', (t) => t.breaker);
  add('atp_target_ready', '1 when latency and errors are within their limits.', (t) => (t.ready ? 1 : 0));
  add(
    'atp_target_calls_in_flight',
    'Attempts that have a place at this model, also while they wait for one at its provider.',
    (t) => t.in_flight,
  );
  add('atp_target_calls_waiting', 'Attempts that wait for a place at this model.', (t) => t.waiting);
  add('atp_estimate_mape_ratio', 'Mean absolute error of token estimates over 7 days, as a share.', (t) => t.mape);
  add('atp_estimate_under_ratio', 'Share of attempts above 1.2 times their estimate over 7 days.', (t) => t.under_rate);
}

/** The first so many; what is behind them is not even computed. */
function firstOf<T>(all: Iterable<T>, max: number): T[] {
  const taken: T[] = [];
  for (const one of all) {
    if (taken.length >= max) break;
    taken.push(one);
  }
  return taken;
}
