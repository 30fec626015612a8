import type { Windows } from '@atp-router/flow';
import { nanosToMicros, QOS_TIERS, type Qos } from '@atp-router/kernel';
import type { Engine } from '../engine/engine.ts';
import type { PoolView } from '../engine/gate.ts';
import { levelOf, tenantAccount } from '../generation/accounts.ts';
import type { AdminParts } from './parts.ts';
import { type AdminRoutes, ok } from './routes.ts';

/** Entries of each list; the totals say what is left out. */
const SHOWN_MAX = 1_000;

/** `/flow`: tiers, queues, windows and spending, as they are now. Totals count from the start of the process. */
export function addFlow(routes: AdminRoutes, { engine, flow, manager, node_id }: AdminParts): void {
  const began_ms = engine.parts.ambient.clock.mono_ms();
  routes.get('/flow', [], () => {
    const { accounts, ambient } = engine.parts;
    const queues = new Map([...engine.gate.pools()].map((pool) => [pool.account, pool]));
    const all = [...accounts.ids()].filter((id) => isShown(accounts.windows(id), queues.get(id)));
    // Of many sessions some may be left out, of providers none.
    const limited = all.sort((a, b) => rankOf(a) - rankOf(b));
    const { tenants } = engine.generation;
    const shown = [...tenants.values()].slice(0, SHOWN_MAX);
    return ok({
      node_id,
      uptime_s: Math.floor((ambient.clock.mono_ms() - began_ms) / 1_000),
      now_ms: ambient.clock.now_ms(),
      calls_in_flight: engine.in_flight,
      waiting: QOS_TIERS.reduce((sum, qos) => sum + engine.gate.waiting(qos), 0),
      max_waiting: manager.config.flow.max_waiting,
      lapsed_total: flow.watch.lapsed_total,
      tiers: QOS_TIERS.map((qos) => tierView(engine, flow, qos)),
      accounts_total: limited.length,
      accounts: limited.slice(0, SHOWN_MAX).map((id) => accountView(engine, id, queues.get(id))),
      tenants_total: tenants.size,
      tenants: shown.map(({ id, weight }) => ({ ...tenantView(engine, id), weight, ...spendingView(flow, id) })),
    });
  });
}

/** What all share goes before what is somebody's own. */
const LEVELS: readonly string[] = ['router', 'provider', 'deployment', 'model', 'agent', 'tenant', 'key', 'session'];

function rankOf(account: string): number {
  return LEVELS.indexOf(levelOf(account));
}

/** Limited, or somebody waits there. Those of tenants are shown as tenants. */
function isShown(windows: Windows | undefined, pool: PoolView | undefined): boolean {
  if (windows === undefined) return false;
  const limits = [windows.max_parallel, windows.max_tokens, windows.max_usd_nanos];
  return limits.some(Number.isFinite) || (pool?.queue.size ?? 0) > 0;
}

function tierView({ gate, parts }: Engine, { watch }: AdminParts['flow'], qos: Qos): object {
  const { outcomes, waited, preempted, starved, wait_p50_ms, wait_p99_ms } = watch.stats(qos);
  const { granted, denied, expired, shed, failed, cancelled } = outcomes;
  const router = parts.accounts.windows('router')?.tier(qos);
  return {
    qos,
    waiting: gate.waiting(qos),
    in_flight: router?.calls ?? 0,
    tokens_outstanding: router?.tokens ?? 0,
    jain: gate.jain(qos),
    ...{ wait_p50_ms, wait_p99_ms, granted_total: granted, waited_total: waited, denied_total: denied },
    ...{ expired_total: expired, shed_total: shed, failed_total: failed, cancelled_total: cancelled },
    ...{ preempted_total: preempted, starved_total: starved },
  };
}

function accountView({ gate, parts }: Engine, id: string, pool: PoolView | undefined): object {
  const windows = parts.accounts.windows(id);
  if (windows === undefined) return {};
  const { out_calls, out_tokens, out_usd_nanos, max_parallel, max_tokens, max_usd_nanos, limit_parallel } = windows;
  return {
    account: id,
    level: levelOf(id),
    calls: { outstanding: out_calls, window: finite(max_parallel), limit: finite(limit_parallel) },
    tokens: { outstanding: out_tokens, limit: finite(max_tokens) },
    usd_micros: { outstanding: nanosToMicros(out_usd_nanos), limit: finite(max_usd_nanos / 1_000) },
    waiting: perTier((qos) => pool?.queue.waiting(qos) ?? 0),
    in_flight: perTier((qos) => windows.tier(qos).calls),
    shares: pool?.has_shares === true ? pool.shares : null,
    pressed: pool?.mark.is_high ?? false,
    wait_ms: gate.wait_ms(id, 'bronze') ?? null,
  };
}

function tenantView({ gate, parts }: Engine, tenant: string): object {
  const windows = parts.accounts.windows(tenantAccount(tenant));
  return {
    tenant,
    waiting: gate.waitingOf(tenant),
    held_back: HELD_BACK[parts.throttles.level(tenant)],
    calls: { outstanding: windows?.out_calls ?? 0, limit: finite(windows?.max_parallel ?? Infinity) },
    tokens: { outstanding: windows?.out_tokens ?? 0, limit: finite(windows?.max_tokens ?? Infinity) },
    usd_micros: {
      outstanding: nanosToMicros(windows?.out_usd_nanos ?? 0),
      limit: finite((windows?.max_usd_nanos ?? Infinity) / 1_000),
    },
  };
}

const HELD_BACK = [[], ['bronze'], ['bronze', 'silver']] as const;

function spendingView({ spending }: AdminParts['flow'], tenant: string): object {
  const { usd_micros_per_minute = 0, exhaustion_minutes = null } = spending.of(tenant) ?? {};
  return { burn_usd_micros_per_minute: Math.round(usd_micros_per_minute), exhaustion_minutes };
}

function perTier(of: (qos: Qos) => number): Readonly<Record<Qos, number>> {
  return { gold: of('gold'), silver: of('silver'), bronze: of('bronze') };
}

/** JSON has no infinity. */
function finite(limit: number): number | null {
  return Number.isFinite(limit) ? limit : null;
}
