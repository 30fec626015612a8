import { deploymentAccount, providerAccount } from '../generation/accounts.ts';
import type { LiveGauges, TenantGauges, TenantLimits, Tracing } from '@atp-router/adapters';
import type { AccountSnapshot, Amounts } from '@atp-router/flow';
import { nanosToMicros } from '@atp-router/kernel';
import type { Presence } from '../front/presence.ts';
import type { Membership } from '../processes/membership.ts';
import type { Engine } from '../engine/engine.ts';
import { loadHere, usedHere } from '../engine/held-here.ts';
import type { LedgerHandle } from '../ledger-handle.ts';
import type { SharedState } from '../shared/shared-state.ts';
import type { EventBus } from './event-bus.ts';

const BREAKER = { closed: 0, half_open: 1, open: 2 } as const;

export interface LiveParts {
  readonly engine: Engine;
  readonly ledger: Pick<LedgerHandle, 'journal' | 'lagBlocks'>;
  readonly bus: EventBus;
  readonly shared: Pick<SharedState, 'unconfirmed'> | undefined;
  readonly tracing: Pick<Tracing, 'stats'> | undefined;
  readonly presence: Pick<Presence, 'counts'>;
  readonly member: Pick<Membership, 'owner' | 'cluster'> | undefined;
}

/** Reads the live state of a router for a scrape. */
export function liveGauges({ engine, ledger, bus, shared, presence, tracing, member }: LiveParts): LiveGauges {
  const leads = member?.owner === undefined;
  const { accounts, ambient, estimator, health, idempotency, kills } = engine.parts;
  return {
    ready: () => !engine.is_draining && ledger.journal.failure === undefined,
    calls_in_flight: () => engine.in_flight,
    config_generation: () => engine.generation.number,
    journal: () => ({ ...ledger.journal.stats(), failed: ledger.journal.failure !== undefined }),
    projection_lag_blocks: () => ledger.lagBlocks(),
    idempotency_entries: () => idempotency.size,
    shared_unconfirmed: () => shared?.unconfirmed,
    kill_switches: () => ({
      key: kills.list('key').length,
      model: kills.list('model').length,
      provider: kills.list('provider').length,
      tenant: kills.list('tenant').length,
    }),
    processes: () => presence.counts(),
    listener_errors: () => bus.listener_errors,
    traces: () => tracing?.stats(),
    *tenants() {
      const now_ms = ambient.clock.now_ms();
      for (const id of accounts.ids()) {
        const snapshot = id.startsWith('tenant:') ? accounts.snapshot(id, now_ms) : undefined;
        if (snapshot !== undefined) {
          const here = { held: engine.gate.here.held(id), used: usedHere(snapshot, engine.gate.here, leads) };
          yield tenantGauges(id.slice('tenant:'.length), snapshot, here);
        }
      }
    },
    *providers() {
      for (const provider of engine.generation.registry.providerIds()) {
        yield { provider, ...loadHere(engine, providerAccount(provider)) };
      }
    },
    *targets() {
      const mono_ms = ambient.clock.mono_ms();
      const now_ms = ambient.clock.now_ms();
      for (const model of engine.generation.registry.models) {
        const load = loadHere(engine, deploymentAccount(model.target_key));
        const { total } = estimator.accuracy(model.id, now_ms);
        yield {
          provider: model.provider_id,
          model: model.id,
          breaker: BREAKER[health.breakerState(model)],
          ready: health.ready(model, mono_ms),
          in_flight: load.in_flight,
          waiting: load.waiting,
          mape: total?.mape,
          under_rate: total?.under_rate,
        };
      }
    },
  };
}

function tenantGauges(
  tenant: string,
  { limits, debt }: AccountSnapshot,
  { held, used }: Readonly<Record<'held' | 'used', Amounts>>,
): TenantGauges {
  const { max_parallel, max_tokens, max_usd_micros, calls_per_day, tokens_per_day, usd_nanos_per_day } = limits;
  return {
    tenant,
    outstanding: inMicros(held),
    window_limit: { calls: max_parallel, tokens: max_tokens, usd_micros: max_usd_micros },
    day_used: inMicros(used),
    day_limit: dayLimit(calls_per_day, tokens_per_day, usd_nanos_per_day),
    debt: inMicros(debt),
  };
}

function dayLimit(calls: number | null, tokens: number | null, usd_nanos: number | null): TenantLimits {
  return { calls, tokens, usd_micros: usd_nanos === null ? null : nanosToMicros(usd_nanos) };
}

function inMicros({ calls, tokens, usd_nanos }: Amounts): TenantGauges['debt'] {
  return { calls, tokens, usd_micros: nanosToMicros(usd_nanos) };
}
