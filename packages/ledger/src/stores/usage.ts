import type { AttemptRow, UsageDay, UsageRow } from '../state/rows.ts';

export interface UsageFilter {
  readonly tenant?: string;
  readonly key_id?: string;
  readonly model?: string;
  readonly outcome?: string;
  /** By `started_ms`, this moment included. */
  readonly from_ms?: number;
  /** By `started_ms`, this moment excluded. */
  readonly until_ms?: number;
}

export interface UsagePage {
  /** Newest first, by start of the call. */
  readonly rows: readonly UsageRow[];
  /** Hand it in as `after` to get the next page; absent on the last one. */
  readonly next?: string;
}

export interface UsageDayFilter {
  readonly tenant?: string;
  readonly model?: string;
  /** `YYYY-MM-DD`, included. */
  readonly from_day?: string;
  /** `YYYY-MM-DD`, included. */
  readonly until_day?: string;
}

export type UsageGroup = 'tenant' | 'model' | 'day';

/** A sum over everything that is not in the `group_by` of the question; those fields are then empty strings. */
export type UsageSum = UsageDay;

/** Most rows of one answer, whatever the caller asks for: a page of a table, not an export of it. */
export const USAGE_PAGE_MAX = 1_000;

/** Sums are small rows and a report wants them in one piece: a year of days for some hundred tenants and models. */
export const USAGE_SUMS_MAX = 50_000;

/** Reads usage records and their sums. Writing them is the projection's work alone. */
export interface UsageStore {
  /** `limit` is cut to `USAGE_PAGE_MAX`. Throws `invalid_request` for an `after` that no page gave. */
  list(filter: UsageFilter, page: { readonly limit: number; readonly after?: string }): Promise<UsagePage>;
  get(call_id: string): Promise<UsageRow | undefined>;
  /** The attempts of one call in order. */
  attempts(call_id: string): Promise<readonly AttemptRow[]>;
  /** Ordered by day, tenant, model; at most `USAGE_SUMS_MAX` rows, the newest days first to stay when that cuts. */
  sums(filter: UsageDayFilter, group_by: readonly UsageGroup[]): Promise<readonly UsageSum[]>;
}
