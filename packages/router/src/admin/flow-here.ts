import { type Amounts, NOTHING, type Windows } from '@atp-router/flow';
import { nanosToMicros, QOS_TIERS, type Qos } from '@atp-router/kernel';
import { boundsOf } from '../engine/call-limit.ts';
import type { Engine } from '../engine/engine.ts';
import type { PoolView } from '../engine/gate.ts';
import { usedHere } from '../engine/held-here.ts';
import { levelOf, ROUTER_ACCOUNT, tenantAccount } from '../generation/accounts.ts';
import type { FlowParts, TierCounts } from '../observe/flow-watch.ts';

/** Entries of each list; the totals say what is left out. */
export const SHOWN_MAX = 1_000;

export type PerTier = Readonly<Record<Qos, number>>;

/** What a process knows of flow: its own calls, what it has counted, and accounts as its books have them. */
export interface FlowHere {
  readonly calls_in_flight: number;
  readonly lapsed_total: number;
  readonly tiers: readonly TierHere[];
  readonly accounts_total: number;
  readonly accounts: readonly AccountHere[];
  readonly tenants: readonly TenantHere[];
}

export interface TierHere {
  readonly qos: Qos;
  readonly in_flight: number;
  readonly tokens: number;
  readonly counts: TierCounts;
}

export interface AccountHere {
  readonly account: string;
  /** By calls of this process. */
  readonly held: Amounts;
  readonly in_flight: PerTier;
  /** In a queue of this process. */
  readonly waiting: PerTier;
  readonly max_parallel: number;
  readonly limit_parallel: number;
  readonly max_tokens: number;
  readonly max_usd_nanos: number;
  readonly shares: PerTier | null;
  readonly pressed: boolean;
  readonly wait_ms: number | null;
}

export interface TenantHere {
  readonly tenant: string;
  readonly held: Amounts;
  /** Today, see `usedHere`. */
  readonly used: Amounts;
  /** Tiers that are refused: 1 bronze, 2 silver, too. */
  readonly held_back: 0 | 1 | 2;
  readonly usd_micros_per_minute: number;
  readonly exhaustion_minutes: number | null;
}

/** `leads`: it is not a worker of another process. */
export function flowHere(engine: Engine, flow: FlowParts, leads: boolean): () => FlowHere {
  return () => {
    const { accounts, ambient, throttles } = engine.parts;
    const now_ms = ambient.clock.now_ms();
    const queues = new Map([...engine.gate.pools()].map((pool) => [pool.account, pool]));
    const all = [...accounts.ids()].filter((id) => isShown(accounts.windows(id), queues.get(id)));
    // Of many sessions some may be left out, of providers none.
    const limited = all.sort((a, b) => rankOf(a) - rankOf(b));
    const tenants = [...engine.generation.tenants.keys()].slice(0, SHOWN_MAX);
    return {
      calls_in_flight: engine.in_flight,
      lapsed_total: flow.watch.lapsed_total,
      tiers: QOS_TIERS.map((qos) => ({ qos, ...tierHere(engine, qos), counts: flow.watch.counts(qos) })),
      accounts_total: limited.length,
      accounts: limited.slice(0, SHOWN_MAX).flatMap((id) => accountHere(engine, id, queues.get(id)) ?? []),
      tenants: tenants.map((tenant) => {
        const { usd_micros_per_minute = 0, exhaustion_minutes = null } = flow.spending.of(tenant) ?? {};
        const account = tenantAccount(tenant);
        const held = engine.gate.here.held(account);
        const snapshot = accounts.snapshot(account, now_ms);
        const used = snapshot === undefined ? NOTHING : usedHere(snapshot, engine.gate.here, leads);
        return { tenant, held, used, held_back: throttles.level(tenant), usd_micros_per_minute, exhaustion_minutes };
      }),
    };
  };
}

/** What all share goes before what is somebody's own. */
const LEVELS: readonly string[] = [
  ...['router', 'provider', 'deployment', 'suggested', 'model', 'agent', 'tenant', 'key', 'session'],
];

function rankOf(account: string): number {
  return LEVELS.indexOf(levelOf(account));
}

/** Limited, or somebody waits there. Those of tenants are shown as tenants. */
function isShown(windows: Windows | undefined, pool: PoolView | undefined): boolean {
  if (windows === undefined) return false;
  const limits = [boundsOf(windows).max_parallel, windows.max_tokens, windows.max_usd_nanos];
  return limits.some(Number.isFinite) || (pool?.queue.size ?? 0) > 0;
}

function tierHere({ gate }: Engine, qos: Qos): Pick<TierHere, 'in_flight' | 'tokens'> {
  const { calls, tokens } = gate.here.held(ROUTER_ACCOUNT, qos);
  return { in_flight: calls, tokens };
}

function accountHere(engine: Engine, account: string, pool: PoolView | undefined): AccountHere | undefined {
  const windows = engine.parts.accounts.windows(account);
  if (windows === undefined) return undefined;
  const { max_tokens, max_usd_nanos } = windows;
  const { here } = engine.gate;
  return {
    account,
    held: here.held(account),
    in_flight: perTier((qos) => here.held(account, qos).calls),
    waiting: perTier((qos) => pool?.queue.waiting(qos) ?? 0),
    ...{ ...boundsOf(windows), max_tokens, max_usd_nanos },
    shares: pool?.has_shares === true ? pool.shares : null,
    pressed: pool?.mark.is_high ?? false,
    wait_ms: engine.gate.wait_ms(account, 'bronze') ?? null,
  };
}

export function perTier(of: (qos: Qos) => number): PerTier {
  return { gold: of('gold'), silver: of('silver'), bronze: of('bronze') };
}

export function held(of: number, limit: number): object {
  return { outstanding: of, limit: finite(limit) };
}

export function heldMicros(nanos: number, limit_nanos: number): object {
  return { outstanding: nanosToMicros(nanos), limit: finite(limit_nanos / 1_000) };
}

/** JSON has no infinity. */
export function finite(limit: number): number | null {
  return Number.isFinite(limit) ? limit : null;
}
