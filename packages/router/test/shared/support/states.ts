import { aesGcmSealer, systemClock, systemTimers } from '@atp-router/adapters';
import type { Clock, Timers } from '@atp-router/kernel';
import type { UsageRow } from '@atp-router/ledger';
import type { ArchivedClaim } from '../../../src/engine/idempotency.ts';
import { SharedState, type SharedStores, type SharedTruth } from '../../../src/shared/shared-state.ts';
import { SHARED_TUNING, type SharedTuning } from '../../../src/shared/tuning.ts';
import { settled } from './time.ts';

export interface StateOptions {
  readonly stores: SharedStores;
  readonly node_id: string;
  readonly directory?: string;
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly tuning?: Partial<SharedTuning>;
  readonly seal_key?: Uint8Array;
  readonly onProblem?: (error: unknown) => void;
}

/** One router's part of the shared state, before `start`. */
export function openState(options: StateOptions): Promise<SharedState> {
  const { stores, node_id, clock = systemClock, timers = systemTimers } = options;
  return SharedState.open({
    ...{ stores, node_id, clock, timers },
    directory: options.directory ?? `directory of ${node_id}`,
    sealer: aesGcmSealer(options.seal_key ?? new Uint8Array(32)),
    tuning: { ...SHARED_TUNING, ...options.tuning },
    onProblem: options.onProblem ?? (() => undefined),
  });
}

/** A ledger that knows these calls and keys. */
export function truthOf(
  calls: Readonly<Record<string, { readonly tokens: number; readonly usd_nanos: number }>> = {},
  claims: Readonly<Record<string, ArchivedClaim>> = {},
): SharedTruth {
  return {
    usage: {
      async get(call_id: string): Promise<UsageRow | undefined> {
        const call = calls[call_id];
        if (call === undefined) return undefined;
        return { call_id, in_tokens: call.tokens, out_tokens: 0, cost_usd_nanos: call.usd_nanos } as UsageRow;
      },
    } as SharedTruth['usage'],
    claims: { find: async (scope_hash) => claims[scope_hash] },
  };
}

/** Until the store has confirmed every end. */
export async function confirmed(...states: readonly SharedState[]): Promise<void> {
  while (states.some((state) => state.unconfirmed > 0)) await settled();
}
