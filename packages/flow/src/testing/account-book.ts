import { NANOS_PER_MICRO } from '@atp-router/kernel';
import type { Account, DayUse } from '../account.ts';
import type { AccountLimits } from '../amounts.ts';
import { NO_SHARES, type Shares } from '../scheduler/shares.ts';
import type { Demand } from './demand.ts';
import { addTo, DIMENSIONS, type Sum } from './sums.ts';

const UNLIMITED: number = Number.POSITIVE_INFINITY;

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

/** All that the books know of one account. */
export class AccountBook {
  readonly id: string;
  readonly at: number;
  windows: Sum = [UNLIMITED, UNLIMITED, UNLIMITED];
  budgets: Sum = [UNLIMITED, UNLIMITED, UNLIMITED];
  is_limited = false;
  is_leaving = false;
  /** Open reservations. */
  open = 0;
  /** Outstanding by tier, best first. */
  readonly tiers: readonly [Sum, Sum, Sum] = [
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ];
  life: Life | undefined = undefined;
  shares: Shares = NO_SHARES;
  max_waiting: number | undefined = undefined;
  /** Who waits here, in the order in which they came. */
  line: Demand[] = [];
  /** How many did before the present step. */
  line_before = 0;

  constructor(id: string, at: number) {
    this.id = id;
    this.at = at;
  }

  get has_shares(): boolean {
    return this.shares.gold + this.shares.silver + this.shares.bronze > 0;
  }

  get is_droppable(): boolean {
    return this.open === 0 && !this.is_limited;
  }

  out(dimension: 0 | 1 | 2): number {
    const [gold, silver, bronze] = this.tiers;
    return gold[dimension] + silver[dimension] + bronze[dimension];
  }

  setLimits(limits: AccountLimits): void {
    this.windows = [
      limits.max_parallel ?? UNLIMITED,
      limits.max_tokens ?? UNLIMITED,
      (limits.max_usd_micros ?? UNLIMITED) * NANOS_PER_MICRO,
    ];
    this.budgets = [
      limits.calls_per_day ?? UNLIMITED,
      limits.tokens_per_day ?? UNLIMITED,
      limits.usd_nanos_per_day ?? UNLIMITED,
    ];
    this.is_limited = [...this.windows, ...this.budgets].some((limit) => limit !== UNLIMITED);
    this.is_leaving = false;
    if (this.life !== undefined) this.life.is_clean = this.open === 0 && this.life.days.size === 0;
  }

  retire(): void {
    if (!this.is_limited) return;
    this.is_leaving = true;
    this.rest();
  }

  /** What was leaving has left with its last reservation. */
  rest(): void {
    if (this.is_leaving && this.open === 0) this.setLimits({});
  }

  /** Whether it has room for so much more. */
  fits(wanted: Readonly<Sum>, day: DayBook | undefined): boolean {
    for (const dimension of DIMENSIONS) {
      const want = wanted[dimension];
      if (want <= 0) continue;
      if (want > this.windows[dimension] - this.out(dimension)) return false;
      const spent = day === undefined ? 0 : day.used[dimension] + day.held[dimension];
      if (want > this.budgets[dimension] - spent) return false;
    }
    return true;
  }

  hold(rank: 0 | 1 | 2, amounts: Readonly<Sum>, sign: 1 | -1): void {
    addTo(this.tiers[rank], amounts, sign);
  }
}
