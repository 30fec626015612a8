import type { AccountLimits, Amounts, Denial, LimitDimension } from '@atp-router/flow';
import { type Clock, untilNextUtcDay_ms } from '@atp-router/kernel';
import type { BudgetAccount, BudgetDimension, BudgetLimits, BudgetStore, ReserveResult } from '@atp-router/ledger';
import type { SharedAccount, SharedBudgets } from '../engine/shared-budgets.ts';
import type { Outbox } from './outbox.ts';
import type { Reach } from './reach.ts';

export interface StoreBudgetsParts {
  readonly store: BudgetStore;
  readonly reach: Reach;
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** The node's name, under which its reservations are found after a crash. */
  readonly owner: string;
  readonly lease_ms: number;
}

interface Running {
  renewed_mono_ms: number;
  /** The store gave the reservation back before the call ended; the end is charged all the same. */
  lapsed: boolean;
}

/** Daily budgets in a store that several routers use. One reservation for each call, under the call's id. */
export class StoreBudgets implements SharedBudgets {
  readonly #parts: StoreBudgetsParts;
  readonly #running: Map<string, Running> = new Map();
  /** Calls whose end the store has not confirmed. */
  readonly #ending: Set<string> = new Set();

  constructor(parts: StoreBudgetsParts) {
    this.#parts = parts;
  }

  /** Whether this process still ends the call's reservation by itself. */
  has(call_id: string): boolean {
    return this.#running.has(call_id) || this.#ending.has(call_id);
  }

  async reserve(call_id: string, account: SharedAccount, amounts: Amounts): Promise<Denial | undefined> {
    const { store, reach, clock, owner, lease_ms } = this.#parts;
    this.#running.set(call_id, { renewed_mono_ms: clock.mono_ms(), lapsed: false });
    const accounts = [storeAccount(account)];
    const result = await reach.ask(
      () => store.reserve({ reservation_id: call_id, owner, accounts, amounts, lease_ms }),
      // The call was refused meanwhile, and its own release may have come too early.
      (late) => late.kind === 'reserved' && this.release(call_id),
    );
    if (result.kind === 'refused') this.#running.delete(call_id);
    return denialOf(result, account, amounts, clock.now_ms());
  }

  async extend(call_id: string, account: SharedAccount, more: Amounts): Promise<Denial | undefined> {
    const { store, reach, clock, lease_ms } = this.#parts;
    const running = this.#running.get(call_id);
    if (running === undefined || running.lapsed) return undefined;
    const result = await reach.ask(() => store.extend({ reservation_id: call_id, amounts: more, lease_ms }));
    if (result.kind === 'gone') running.lapsed = true;
    else if (result.kind === 'reserved') running.renewed_mono_ms = clock.mono_ms();
    return denialOf(result, account, more, undefined);
  }

  settle(call_id: string, actual: Amounts): void {
    this.#end(call_id, () => this.#parts.store.settle(call_id, actual));
  }

  release(call_id: string): void {
    this.#end(call_id, () => this.#parts.store.release(call_id));
  }

  /** Moves the leases of calls that run for long. */
  async renew(): Promise<void> {
    const { store, reach, clock, lease_ms } = this.#parts;
    const now_mono_ms = clock.mono_ms();
    const due = [...this.#running].filter(([, { renewed_mono_ms, lapsed }]) => {
      return !lapsed && now_mono_ms - renewed_mono_ms >= lease_ms / RENEWALS;
    });
    if (due.length === 0) return;
    const ids = due.map(([call_id]) => call_id);
    await reach.ask(() => store.renew(ids, lease_ms));
    for (const [, running] of due) running.renewed_mono_ms = now_mono_ms;
  }

  #end(call_id: string, tell: () => Promise<boolean>): void {
    this.#running.delete(call_id);
    this.#ending.add(call_id);
    const accepted = this.#parts.outbox.put(async () => {
      await this.#parts.reach.ask(tell);
      this.#ending.delete(call_id);
    });
    if (!accepted) this.#ending.delete(call_id);
  }
}

/** Renewals that fit into one lease: all but one may fail. */
const RENEWALS = 4;

function storeAccount({ id, limits, day }: SharedAccount): BudgetAccount {
  return { key: `${id}|${day}`, limits: storeLimits(limits) };
}

function storeLimits({ calls_per_day, tokens_per_day, usd_nanos_per_day }: AccountLimits): BudgetLimits {
  return {
    ...(calls_per_day === undefined ? {} : { calls: calls_per_day }),
    ...(tokens_per_day === undefined ? {} : { tokens: tokens_per_day }),
    ...(usd_nanos_per_day === undefined ? {} : { usd_nanos: usd_nanos_per_day }),
  };
}

const DIMENSIONS: Readonly<Record<BudgetDimension, LimitDimension>> = {
  calls: 'budget_calls',
  tokens: 'budget_tokens',
  usd_nanos: 'budget_usd',
};

/** As the process's own ledger would say it. `now_ms` is given for demands that a fresh day could meet. */
function denialOf(
  result: ReserveResult,
  account: SharedAccount,
  amounts: Amounts,
  now_ms: number | undefined,
): Denial | undefined {
  if (result.kind !== 'refused') return undefined;
  const { dimension, remaining } = result;
  const limit = storeLimits(account.limits)[dimension] ?? 0;
  const renews = now_ms !== undefined && amounts[dimension] <= limit;
  return {
    ok: false,
    account: account.id,
    dimension: DIMENSIONS[dimension],
    limit,
    available: remaining,
    // Others hold a part of it, and nobody is told when they give it back.
    waitable: false,
    ...(renews ? { retry_after_ms: untilNextUtcDay_ms(now_ms) } : {}),
  };
}
