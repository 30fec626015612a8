import { addCounts, addUsdNanos, AtpError } from '@atp-router/kernel';
import {
  BUDGET_ACCOUNTS_MAX,
  type BudgetAccount,
  type BudgetAmounts,
  type BudgetDimension,
  type ReserveResult,
} from '@atp-router/ledger';

export const ZERO_AMOUNTS: BudgetAmounts = { calls: 0, tokens: 0, usd_nanos: 0 };

const DIMENSIONS: readonly BudgetDimension[] = ['calls', 'tokens', 'usd_nanos'];

export function addAmounts(a: BudgetAmounts, b: BudgetAmounts): BudgetAmounts {
  return { calls: a.calls + b.calls, tokens: a.tokens + b.tokens, usd_nanos: a.usd_nanos + b.usd_nanos };
}

/** What an account has spent with `more` on top: at most what a counter holds, which what is reserved never comes near. */
export function addSpent(spent: BudgetAmounts, more: BudgetAmounts): BudgetAmounts {
  return {
    calls: addCounts(spent.calls, more.calls),
    tokens: addCounts(spent.tokens, more.tokens),
    usd_nanos: addUsdNanos(spent.usd_nanos, more.usd_nanos),
  };
}

export function negative(a: BudgetAmounts): BudgetAmounts {
  return { calls: -a.calls, tokens: -a.tokens, usd_nanos: -a.usd_nanos };
}

/** The first limit of an account that `amounts` on top of what is `used` would pass. */
export function findRefusal(
  account: BudgetAccount,
  used: BudgetAmounts,
  amounts: BudgetAmounts,
): Extract<ReserveResult, { kind: 'refused' }> | undefined {
  for (const dimension of DIMENSIONS) {
    const limit = account.limits[dimension];
    if (limit === undefined || amounts[dimension] <= 0) continue;
    const remaining = limit - used[dimension];
    if (amounts[dimension] > remaining) return { kind: 'refused', account: account.key, dimension, remaining };
  }
  return undefined;
}

export function checkAmounts(amounts: BudgetAmounts, what: string): void {
  for (const dimension of DIMENSIONS) {
    if (Number.isSafeInteger(amounts[dimension]) && amounts[dimension] >= 0) continue;
    throw new AtpError('invalid_request', `${what}: ${dimension} must be a non-negative integer.`, {
      param: dimension,
    });
  }
}

export function checkAccounts(accounts: readonly BudgetAccount[]): void {
  const distinct = new Set(accounts.map((account) => account.key)).size === accounts.length;
  if (accounts.length > 0 && accounts.length <= BUDGET_ACCOUNTS_MAX && distinct) return;
  throw new AtpError(
    'invalid_request',
    `A reservation needs 1 to ${BUDGET_ACCOUNTS_MAX} distinct accounts, not ${accounts.length}.`,
    { param: 'accounts' },
  );
}

/** Ended reservations are remembered this long, so that a late or repeated settle is recognised. */
export const REMEMBER_MS = 86_400_000;

export function usedTwice(reservation_id: string): AtpError {
  return new AtpError(
    'conflict',
    `The reservation id ${reservation_id} was used before. Each reservation needs its own.`,
  );
}

/** Accounts name their period; a year and a month after the last use nobody asks for them. */
export const FORGET_ACCOUNT_MS: number = 400 * 86_400_000;
