import type { Account, DayUse } from '../account.ts';
import type { Sum } from './sums.ts';

/** What an account used and holds on one day, as the books have it. */
export class DayBook {
  readonly use: DayUse;
  readonly used: Sum = [0, 0, 0];
  readonly held: Sum = [0, 0, 0];
  /** Number of the wall clock's day changes until it was seen last. */
  seen_at: number;

  constructor(use: DayUse, seen_at: number) {
    this.use = use;
    this.seen_at = seen_at;
  }
}

/** An account from when it comes into the table until it is dropped: its counters go with it. */
export class Life {
  readonly account: Account;
  readonly settled: Sum = [0, 0, 0];
  readonly days: Map<number, DayBook> = new Map();
  /** Neither an underestimate nor a changed limit explains a debt. */
  is_clean = true;

  constructor(account: Account) {
    this.account = account;
  }
}
