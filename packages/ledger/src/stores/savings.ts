import type { RouteDay } from '../state/savings.ts';

export interface SavingsFilter {
  readonly tenant?: string | undefined;
  /** `YYYY-MM-DD`, included. */
  readonly from_day?: string | undefined;
  /** `YYYY-MM-DD`, included. */
  readonly until_day?: string | undefined;
}

export const SAVINGS_GROUPS = ['day', 'tenant', 'cluster', 'model'] as const;
export type SavingsGroup = (typeof SAVINGS_GROUPS)[number];

/** Most rows of one answer: a year of days of some hundred tenants. */
export const SAVINGS_SUMS_MAX = 50_000;

/** Reads sums of what `auto` chose. Writing them is the projection's work alone. */
export interface SavingsStore {
  /**
   * Over everything that is not in `group_by`; those fields are then empty. Ordered by day, tenant, cluster, model; at most
   * `SAVINGS_SUMS_MAX` rows, the newest days first to stay when that cuts.
   */
  sums(filter: SavingsFilter, group_by: readonly SavingsGroup[]): Promise<readonly RouteDay[]>;
}
