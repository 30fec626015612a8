import type { UsdNanos } from '@atp-router/kernel';

export interface BudgetAmounts {
  readonly calls: number;
  /** Input and output tokens together. */
  readonly tokens: number;
  readonly usd_nanos: UsdNanos;
}

/** Absent means unlimited. */
export interface BudgetLimits {
  readonly calls?: number;
  readonly tokens?: number;
  readonly usd_nanos?: UsdNanos;
}

/** One level of a hierarchy that a call is charged to, such as `tenant:acme|2026-11-22`. The period is part of the key. */
export interface BudgetAccount {
  readonly key: string;
  readonly limits: BudgetLimits;
}

export type BudgetDimension = keyof BudgetAmounts;

export type ReserveResult =
  | { readonly kind: 'reserved' }
  /** Nothing was taken from any account. `remaining` may be negative: limits can be lowered and estimates be short. */
  | {
      readonly kind: 'refused';
      readonly account: string;
      readonly dimension: BudgetDimension;
      readonly remaining: number;
    }
  /** The reservation ended (settled, released or expired) or never was. Only from `extend`. */
  | { readonly kind: 'gone' };

export interface BudgetTotals {
  readonly key: string;
  readonly spent: BudgetAmounts;
  /** Held by reservations that have not ended. */
  readonly reserved: BudgetAmounts;
}

/** Levels of one reservation. Organisation, tenant, key, policy and session leave room for three more. */
export const BUDGET_ACCOUNTS_MAX = 8;

/**
 * Budgets that several routers share. A reservation is held in all its accounts or in none, ends exactly once, and
 * lapses when its holder dies without ending it. What was used is charged even when the reservation lapsed before:
 * the sum of what was spent always equals the sum of actual use.
 */
export interface BudgetStore {
  /** Checks spent + reserved + amounts against every limit. Throws `conflict` when the id was used before. */
  reserve(request: {
    readonly reservation_id: string;
    /** Who ends it: the node that runs the call. */
    readonly owner: string;
    readonly accounts: readonly BudgetAccount[];
    readonly amounts: BudgetAmounts;
    readonly lease_ms: number;
  }): Promise<ReserveResult>;
  /** Takes more for a running reservation, against the limits it was made with, and renews its lease. A refusal changes nothing. */
  extend(request: {
    readonly reservation_id: string;
    readonly amounts: BudgetAmounts;
    readonly lease_ms: number;
  }): Promise<ReserveResult>;
  /** Gives the reservation back and charges what was used. False when it was settled or released before: nothing is charged twice. */
  settle(reservation_id: string, actual: BudgetAmounts): Promise<boolean>;
  /** Gives the reservation back and charges nothing. False when it has ended. */
  release(reservation_id: string): Promise<boolean>;
  /** Moves the leases of running reservations; those that have ended stay ended. Returns how many were renewed. */
  renew(reservation_ids: readonly string[], lease_ms: number): Promise<number>;
  /**
   * Ids of an owner's reservations that were never settled or released, lapsed ones included, in the store's own order:
   * at most `limit`, behind `after`. What a router that died has to settle when it is back.
   */
  unended(owner: string, limit: number, after?: string): Promise<readonly string[]>;
  /** In the order of `keys`; accounts that were never used are all zero. */
  totals(keys: readonly string[]): Promise<readonly BudgetTotals[]>;
  /**
   * Ends at most `limit` lapsed reservations, and forgets as many that ended a day ago and as many accounts that nobody
   * used for long. Returns how many it ended and forgot: fewer than `limit` means that nothing is left to do.
   */
  sweep(limit: number): Promise<number>;
}
