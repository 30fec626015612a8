import { type Amounts, NOTHING, plus, hasBudget, NO_LIMITS } from '@atp-router/flow';
import { nanosToMicros, QOS_TIERS, type Qos } from '@atp-router/kernel';
import type { Engine } from '../engine/engine.ts';
import { levelOf, tenantAccount } from '../generation/accounts.ts';
import { tierStats } from '../observe/flow-watch.ts';
import { ASKED, everywhere } from './everywhere.ts';
import {
  type AccountHere,
  type FlowHere,
  finite,
  flowHere,
  held,
  heldMicros,
  perTier,
  SHOWN_MAX,
  type TenantHere,
} from './flow-here.ts';
import type { AdminParts } from './parts.ts';
import { type AdminRoutes, ok } from './routes.ts';

/**
 * `/flow`: tiers, queues, windows and spending, as they are now. Totals count from the start of the process. Of several
 * processes the owner has queues and limits; what calls hold and what was counted is of all.
 */
export function addFlow(routes: AdminRoutes, parts: AdminParts): void {
  const { engine, flow, manager, node_id, others } = parts;
  const began_ms = engine.parts.ambient.clock.mono_ms();
  const own = flowHere(engine, flow, true);
  routes.get('/flow', [], async () => {
    const all = await everywhere(others, ASKED.flow, own, undefined);
    const { clock } = engine.parts.ambient;
    const { tenants } = engine.generation;
    const accounts = mergeAccounts(all.flatMap((one) => one.accounts));
    const known = tenantsOf(all);
    return ok({
      node_id,
      uptime_s: Math.floor((clock.mono_ms() - began_ms) / 1_000),
      now_ms: clock.now_ms(),
      calls_in_flight: sum(all, (one) => one.calls_in_flight),
      waiting: QOS_TIERS.reduce((waiting, qos) => waiting + engine.gate.waiting(qos), 0),
      max_waiting: manager.config.flow.max_waiting,
      lapsed_total: sum(all, (one) => one.lapsed_total),
      tiers: QOS_TIERS.map((qos) => tierView(engine, all, qos)),
      accounts_total: Math.max(accounts.length, ...all.map((one) => one.accounts_total)),
      accounts: accounts.slice(0, SHOWN_MAX).map(accountView),
      tenants_total: tenants.size,
      tenants: [...tenants.values()].slice(0, SHOWN_MAX).map(({ id, weight }) => {
        const all_of = known.get(id) ?? [];
        return { ...tenantView(engine, id, all_of), today: todayOf(parts, id, all_of), weight };
      }),
    });
  });
}

function tierView({ gate }: Engine, all: readonly FlowHere[], qos: Qos): object {
  const tiers = all.flatMap((one) => one.tiers.filter((tier) => tier.qos === qos));
  const stats = tierStats(tiers.map(({ counts }) => counts));
  const { outcomes, waited, preempted, starved, wait_p50_ms, wait_p99_ms } = stats;
  const { granted, denied, expired, shed, failed, cancelled } = outcomes;
  return {
    qos,
    waiting: gate.waiting(qos),
    in_flight: sum(tiers, (tier) => tier.in_flight),
    tokens_outstanding: sum(tiers, (tier) => tier.tokens),
    jain: gate.jain(qos),
    ...{ wait_p50_ms, wait_p99_ms, granted_total: granted, waited_total: waited, denied_total: denied },
    ...{ expired_total: expired, shed_total: shed, failed_total: failed, cancelled_total: cancelled },
    ...{ preempted_total: preempted, starved_total: starved },
  };
}

/** Limits and queues as the first that has them says, which is the owner for all but what only workers know. */
function mergeAccounts(all: readonly AccountHere[]): readonly AccountHere[] {
  const merged = new Map<string, AccountHere>();
  for (const one of all) {
    const before = merged.get(one.account);
    merged.set(one.account, before === undefined ? one : withMore(before, one));
  }
  return [...merged.values()];
}

function withMore(a: AccountHere, b: AccountHere): AccountHere {
  return {
    ...a,
    held: plus(a.held, b.held),
    in_flight: perTier((qos) => a.in_flight[qos] + b.in_flight[qos]),
    waiting: perTier((qos) => a.waiting[qos] + b.waiting[qos]),
    pressed: a.pressed || b.pressed,
    wait_ms: a.wait_ms ?? b.wait_ms,
  };
}

function accountView(one: AccountHere): object {
  const { account, held: amounts, max_parallel, limit_parallel, max_tokens, max_usd_nanos } = one;
  return {
    account,
    level: levelOf(account),
    calls: { outstanding: amounts.calls, window: finite(max_parallel), limit: finite(limit_parallel) },
    tokens: held(amounts.tokens, max_tokens),
    usd_micros: heldMicros(amounts.usd_nanos, max_usd_nanos),
    waiting: one.waiting,
    in_flight: one.in_flight,
    shares: one.shares,
    pressed: one.pressed,
    wait_ms: one.wait_ms,
  };
}

function tenantsOf(all: readonly FlowHere[]): ReadonlyMap<string, readonly TenantHere[]> {
  const tenants = new Map<string, TenantHere[]>();
  for (const one of all.flatMap((flow) => flow.tenants)) {
    const known = tenants.get(one.tenant);
    if (known === undefined) tenants.set(one.tenant, [one]);
    else known.push(one);
  }
  return tenants;
}

function tenantView({ gate, parts }: Engine, tenant: string, all: readonly TenantHere[]): object {
  const windows = parts.accounts.windows(tenantAccount(tenant));
  const amounts = all.reduce<Amounts>((total, one) => plus(total, one.held), NOTHING);
  const ends = all.flatMap((one) => one.exhaustion_minutes ?? []);
  return {
    tenant,
    waiting: gate.waitingOf(tenant),
    held_back: HELD_BACK[Math.max(0, ...all.map((one) => one.held_back)) as 0 | 1 | 2],
    calls: held(amounts.calls, windows?.max_parallel ?? Infinity),
    tokens: held(amounts.tokens, windows?.max_tokens ?? Infinity),
    usd_micros: heldMicros(amounts.usd_nanos, windows?.max_usd_nanos ?? Infinity),
    burn_usd_micros_per_minute: Math.round(sum(all, (one) => one.usd_micros_per_minute)),
    exhaustion_minutes: ends.length === 0 ? null : together(ends),
  };
}

/** What a UTC day may use, and has used. Of budgets that machines share the one that holds the limits has the use of all. */
function todayOf({ engine, cluster }: AdminParts, tenant: string, all: readonly TenantHere[]): object {
  const limits = engine.parts.accounts.limitsOf(tenantAccount(tenant)) ?? NO_LIMITS;
  const { calls_per_day, tokens_per_day, usd_nanos_per_day } = limits;
  const used = all.reduce<Amounts>((total, one) => plus(total, one.used), NOTHING);
  const is_known = !hasBudget(limits) || cluster()?.role !== 'relay';
  const of = (amount: number, limit: number | undefined): object => {
    return { used: is_known ? amount : null, limit: limit ?? null };
  };
  return {
    calls: of(used.calls, calls_per_day),
    tokens: of(used.tokens, tokens_per_day),
    usd_micros: of(nanosToMicros(used.usd_nanos), usd_nanos_per_day && nanosToMicros(usd_nanos_per_day)),
  };
}

/** All spend the same budget: their rates add up. */
function together(minutes: readonly number[]): number {
  const rate = minutes.reduce((total, one) => total + 1 / one, 0);
  return Number.isFinite(rate) ? 1 / rate : 0;
}

const HELD_BACK = [[], ['bronze'], ['bronze', 'silver']] as const;

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
