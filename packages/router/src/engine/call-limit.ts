import type { AccountLedger, Windows } from '@atp-router/flow';
import type { Ceilings } from './ceilings.ts';

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

/** Calls in flight that a deployment has at most: by its own limit, or its provider's, and by the agents that are there. */
export function mostCalls(
  accounts: Pick<AccountLedger, 'windows'>,
  ceilings: Pick<Ceilings, 'of'>,
  deployment: string,
  provider: string,
): number {
  const own = callLimit(accounts, deployment);
  const limit = Number.isFinite(own) ? own : callLimit(accounts, provider);
  return Math.min(limit, ceilings.of(deployment, 'agents'));
}

function bound(calls: number): number {
  return calls >= NO_BOUND_CALLS ? Number.POSITIVE_INFINITY : calls;
}
