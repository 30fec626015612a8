import type { AccountLedger } from '@atp-router/flow';
import { type Clock, NANOS_PER_MICRO, type Timer, type Timers } from '@atp-router/kernel';
import type { BudgetUpdateContent, Payload } from '@atp-router/wire';
import { tenantAccount } from '../../generation/accounts.ts';

/** Between two updates of a session: as often as its window (S24). What is newest then is told. */
export const BUDGET_INTERVAL_MS = 500;

/** Why a budget is told. */
export type BudgetReason = 'task_ended' | 'limit_changed' | 'new_day';

type BudgetLeft = Omit<BudgetUpdateContent, 'reason'>;

/** What is left of the tenant's budgets of the day; nothing where it has none in tokens or money. */
export function budgetLeft(accounts: AccountLedger, tenant: string, now_ms: number): BudgetLeft | undefined {
  const remaining = accounts.snapshot(tenantAccount(tenant), now_ms)?.remaining;
  const tokens = remaining?.budget_tokens ?? null;
  const usd_nanos = remaining?.budget_usd_nanos ?? null;
  if (tokens === null && usd_nanos === null) return undefined;
  return {
    ...(tokens !== null && { tokens: bounded(tokens) }),
    ...(usd_nanos !== null && { usd_micros: bounded(Math.floor(usd_nanos / NANOS_PER_MICRO)) }),
  };
}

/** A frame has no larger numbers. */
function bounded(value: number): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
}

export interface BudgetTellerParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly left: () => BudgetLeft | undefined;
  /** False: the session has no room for it now. */
  readonly send: (payload: Payload) => boolean;
}

/** Tells one session what is left of its tenant's budgets: at once where nothing was told lately, else when that is over. */
export class BudgetTeller {
  readonly #parts: BudgetTellerParts;
  #told: BudgetLeft | undefined;
  #told_mono_ms: number = Number.NEGATIVE_INFINITY;
  #due: { readonly timer: Timer; reason: BudgetReason } | undefined;

  constructor(parts: BudgetTellerParts) {
    this.#parts = parts;
  }

  /** Something may have changed. */
  changed(reason: BudgetReason): void {
    if (this.#due !== undefined) {
      this.#due.reason = reason;
      return;
    }
    const wait_ms = this.#told_mono_ms + BUDGET_INTERVAL_MS - this.#parts.clock.mono_ms();
    if (wait_ms > 0) this.#wait(reason, wait_ms);
    else this.#tell(reason);
  }

  close(): void {
    this.#due?.timer.cancel();
    this.#due = undefined;
  }

  #wait(reason: BudgetReason, wait_ms: number): void {
    const timer = this.#parts.timers.after(wait_ms, () => {
      const told = this.#due?.reason ?? reason;
      this.#due = undefined;
      this.#tell(told);
    });
    this.#due = { timer, reason };
  }

  #tell(reason: BudgetReason): void {
    const left = this.#parts.left();
    if (left === undefined || isSame(left, this.#told)) return;
    if (!this.#parts.send({ type: 'control.budget_update', content: { ...left, reason } })) {
      this.#wait(reason, BUDGET_INTERVAL_MS);
      return;
    }
    this.#told = left;
    this.#told_mono_ms = this.#parts.clock.mono_ms();
  }
}

function isSame(left: BudgetLeft, right: BudgetLeft | undefined): boolean {
  return right !== undefined && left.tokens === right.tokens && left.usd_micros === right.usd_micros;
}
