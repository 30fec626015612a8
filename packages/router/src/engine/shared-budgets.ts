import type { AccountLimits, Amounts, Denial } from '@atp-router/flow';

/** What a call's shared reservation is charged to. */
export interface SharedAccount {
  /** The account as the process's own ledger names it, `tenant:<id>`. */
  readonly id: string;
  readonly limits: AccountLimits;
  /** `YYYY-MM-DD`, UTC: the day on which the call was admitted. */
  readonly day: string;
}

/**
 * Daily budgets that several routers share. Windows are not shared: they stay each process's own.
 * `reserve` and `extend` reject with an `AtpError` when the store cannot be reached; a reservation may exist all the
 * same then, so its call releases it like one that succeeded.
 */
export interface SharedBudgets {
  /** Makes the call's only reservation. Resolves with the limit that refused it, nothing being held then. */
  reserve(call_id: string, account: SharedAccount, amounts: Amounts): Promise<Denial | undefined>;
  /** Takes `more` for it, or changes nothing and resolves with the limit that refused. */
  extend(call_id: string, account: SharedAccount, more: Amounts): Promise<Denial | undefined>;
  /** Ends the reservation and charges what was used, in the background, until the store has confirmed it. */
  settle(call_id: string, actual: Amounts): void;
  /** Ends it and charges nothing, in the background. */
  release(call_id: string): void;
}

/** A tenant without a daily budget has nothing to share. */
export function hasDailyBudget(limits: AccountLimits): boolean {
  return (
    limits.usd_nanos_per_day !== undefined || limits.tokens_per_day !== undefined || limits.calls_per_day !== undefined
  );
}
