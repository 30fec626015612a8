import type { AccountLedger, AccountLimits, CreditOptions, DayTotal } from '@atp-router/flow';
import type { FlowWatch } from '../engine/gate.ts';
import type { Ambient } from '../engine/ports.ts';
import type { Starts } from '../engine/starts.ts';

export interface LeasedGateParts {
  /** With the limits in force; what is granted and what others have is entered into it. It refuses nothing. */
  readonly accounts: AccountLedger;
  readonly ambient: Ambient;
  readonly starts: Starts;
  readonly watch?: FlowWatch | undefined;
  readonly worker: string;
  readonly incarnation: number;
  /** What earlier processes of this worker used. */
  readonly inherited: readonly DayTotal[];
  readonly options?: Partial<CreditOptions> | undefined;
}

/** Limits as a worker's own configuration has them. */
export function limitsIn(accounts: AccountLedger): (account: string) => AccountLimits | undefined {
  return (account) => accounts.limitsOf(account);
}
