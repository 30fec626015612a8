import type { AccountLedger, Windows } from '@atp-router/flow';

/** More calls than there ever are: workers ask for credit only of accounts that are limited, and a ceiling may come at any time. */
export const NO_BOUND_CALLS: number = 2 ** 40;

/** What an account may have in flight, and by its limit: `Infinity` where that only stands for a ceiling that may come. */
export function boundsOf({ max_parallel, limit_parallel }: Windows): Pick<Windows, 'max_parallel' | 'limit_parallel'> {
  return { max_parallel: bound(max_parallel), limit_parallel: bound(limit_parallel) };
}

/** Calls that an account may have by its limit; `Infinity` without one. */
export function callLimit(accounts: Pick<AccountLedger, 'windows'>, account: string): number {
  return bound(accounts.windows(account)?.limit_parallel ?? NO_BOUND_CALLS);
}

function bound(calls: number): number {
  return calls >= NO_BOUND_CALLS ? Number.POSITIVE_INFINITY : calls;
}
