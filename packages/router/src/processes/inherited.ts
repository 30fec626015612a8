import { type DayTotal, parseDay } from '@atp-router/flow';
import type { BudgetDay } from '@atp-router/ledger';
import { tenantAccount } from '../generation/accounts.ts';

/** What a journal says was used on the days that count, before this process. */
export function totalsOf(budgets: readonly BudgetDay[]): readonly DayTotal[] {
  return budgets.map(({ tenant, day, calls, tokens, cost_usd_nanos }) => ({
    account: tenantAccount(tenant),
    day: parseDay(day),
    used: { calls, tokens, usd_nanos: cost_usd_nanos },
  }));
}
