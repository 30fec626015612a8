import { assert, type UsdNanos } from '@atp-router/kernel';

/** What a call holds or used. All are non-negative safe integers. */
export interface Amounts {
  readonly calls: number;
  /** Input and output tokens together. */
  readonly tokens: number;
  readonly usd_nanos: UsdNanos;
}

export const NOTHING: Amounts = { calls: 0, tokens: 0, usd_nanos: 0 };

export function plus(a: Amounts, b: Amounts): Amounts {
  return { calls: a.calls + b.calls, tokens: a.tokens + b.tokens, usd_nanos: a.usd_nanos + b.usd_nanos };
}

/**
 * Limits of one account; an absent one does not limit. The first three are windows (what may be outstanding at one
 * time), the last three are budgets (what one UTC day may cost in all).
 */
export interface AccountLimits {
  readonly max_parallel?: number | undefined;
  readonly max_tokens?: number | undefined;
  readonly max_usd_micros?: number | undefined;
  readonly usd_nanos_per_day?: UsdNanos | undefined;
  readonly tokens_per_day?: number | undefined;
  readonly calls_per_day?: number | undefined;
}

export const NO_LIMITS: AccountLimits = {};

/** Whether a UTC day may cost so much and no more, in any dimension. Also of limits as they are shown. */
export function hasBudget(limits: AccountLimits | LimitsRecord): boolean {
  return (limits.calls_per_day ?? limits.tokens_per_day ?? limits.usd_nanos_per_day) != null;
}

export const LIMIT_NAMES: readonly (keyof AccountLimits)[] = [
  'max_parallel',
  'max_tokens',
  'max_usd_micros',
  'usd_nanos_per_day',
  'tokens_per_day',
  'calls_per_day',
];

/** The limits as the `limits.changed` event shows them; `null` means unlimited. */
export type LimitsRecord = Readonly<Record<keyof AccountLimits, number | null>>;

export interface LimitsChange {
  readonly before: LimitsRecord;
  readonly after: LimitsRecord;
}

export function limitsRecord(limits: AccountLimits): LimitsRecord {
  return {
    max_parallel: limits.max_parallel ?? null,
    max_tokens: limits.max_tokens ?? null,
    max_usd_micros: limits.max_usd_micros ?? null,
    usd_nanos_per_day: limits.usd_nanos_per_day ?? null,
    tokens_per_day: limits.tokens_per_day ?? null,
    calls_per_day: limits.calls_per_day ?? null,
  };
}

export type LimitDimension =
  | 'window_calls'
  | 'window_tokens'
  | 'window_usd'
  | 'budget_usd'
  | 'budget_tokens'
  | 'budget_calls'
  /** The table of accounts is full of busy or limited ones: a new account cannot be tracked, so it may not spend. */
  | 'accounts';

/** Why a reservation was refused. `limit` and `available` are in the unit of the dimension; money is nano-dollars. */
export interface Denial {
  readonly ok: false;
  readonly account: string;
  readonly dimension: LimitDimension;
  readonly limit: number;
  /** What is left in that dimension; negative when the account is in debt. */
  readonly available: number;
  /** The same reservation fits once enough of what is outstanding now comes back. */
  readonly waitable: boolean;
  /** For a budget that the amount would fit on a fresh day: milliseconds to the next UTC midnight. */
  readonly retry_after_ms?: number;
}

export function assertAmounts(amounts: Amounts): void {
  assert(
    isCount(amounts.calls) && isCount(amounts.tokens) && isCount(amounts.usd_nanos),
    'amounts must be non-negative safe integers',
  );
}

function isCount(value: number): boolean {
  return value >= 0 && Number.isSafeInteger(value);
}

/** tenant → team → project → key → session leaves room to spare. */
const MAX_LEVELS = 8;

/** The accounts of a reservation. */
export function assertDistinct(accounts: readonly string[]): void {
  assert(accounts.length >= 1 && accounts.length <= MAX_LEVELS, 'a reservation names 1 to 8 accounts');
  for (let i = 1; i < accounts.length; i += 1) {
    for (let j = 0; j < i; j += 1) assert(accounts[i] !== accounts[j], 'a reservation names each account once');
  }
}
