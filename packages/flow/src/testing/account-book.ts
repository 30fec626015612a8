import { NANOS_PER_MICRO, QOS_TIERS, type Qos } from '@atp-router/kernel';
import type { Account, DayUse } from '../account.ts';
import type { AccountLimits } from '../amounts.ts';
import { NO_SHARES, type Shares } from '../scheduler/shares.ts';
import type { Demand } from './records.ts';
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
  /** What its kind has when nobody gave it limits by name; and whether it has those. */
  readonly rule: AccountLimits | undefined;
  by_rule = false;
  limits: AccountLimits = {};
  /** Calls that present conditions allow. */
  ceiling: number = UNLIMITED;
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

  constructor(id: string, at: number, rule: AccountLimits | undefined) {
    this.id = id;
    this.at = at;
    this.rule = rule;
    this.applyRule();
  }

  get has_shares(): boolean {
    return this.shares.gold + this.shares.silver + this.shares.bronze > 0;
  }

  get is_droppable(): boolean {
    return this.open === 0 && (!this.is_limited || this.by_rule) && this.ceiling === UNLIMITED;
  }

  out(dimension: 0 | 1 | 2): number {
    const [gold, silver, bronze] = this.tiers;
    return gold[dimension] + silver[dimension] + bronze[dimension];
  }

  /** It came into the table, or lost what it was given by name. */
  applyRule(): void {
    this.setLimits(this.rule ?? {});
    this.by_rule = this.rule !== undefined;
  }

  setCeiling(calls: number): void {
    this.ceiling = calls;
    this.windows[0] = Math.min(this.limits.max_parallel ?? UNLIMITED, calls);
    if (this.life !== undefined && this.open > 0) this.life.is_clean = false;
  }

  /** Whether it would ever give so much more, today. */
  isHopeless(wanted: Readonly<Sum>, day: DayBook | undefined): boolean {
    const most: Sum = [this.limits.max_parallel ?? UNLIMITED, this.windows[1], this.windows[2]];
    return DIMENSIONS.some(
      (i) => wanted[i] > 0 && (wanted[i] > most[i] || wanted[i] > this.budgets[i] - (day?.used[i] ?? 0)),
    );
  }

  setLimits(limits: AccountLimits): void {
    this.by_rule = false;
    this.limits = limits;
    this.windows = [
      Math.min(limits.max_parallel ?? UNLIMITED, this.ceiling),
      limits.max_tokens ?? UNLIMITED,
      (limits.max_usd_micros ?? UNLIMITED) * NANOS_PER_MICRO,
    ];
    this.budgets = [
      limits.calls_per_day ?? UNLIMITED,
      limits.tokens_per_day ?? UNLIMITED,
      limits.usd_nanos_per_day ?? UNLIMITED,
    ];
    this.is_limited = Object.values(limits).some((limit) => limit !== undefined);
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
    if (this.is_leaving && this.open === 0) this.applyRule();
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

/** What belongs to a tier in each window. Of calls gold has at least one wherever it has a part, and others what is nearest. */
export function partOf(book: AccountBook, qos: Qos): Sum {
  const share = book.shares[qos];
  const [calls, tokens, usd_nanos] = book.windows;
  if (share === 0) return [0, 0, 0];
  const exact = share * calls;
  const whole = Math.floor(exact) + ((qos === 'gold' ? exact > Math.floor(exact) : exact % 1 >= 0.5) ? 1 : 0);
  return [calls === UNLIMITED ? UNLIMITED : whole, share * tokens, share * usd_nanos];
}

/** Whether a tier has less than its part in every window. */
export function isBelow(book: AccountBook, qos: Qos): boolean {
  if (book.shares[qos] === 0) return false;
  const held = book.tiers[QOS_TIERS.indexOf(qos) as 0];
  const part = partOf(book, qos);
  return DIMENSIONS.every((i) => held[i] < part[i]);
}

/** Where something is held: on which account, in which of its lives, on which day. */
export interface Hold {
  readonly book: AccountBook;
  readonly life: Life;
  readonly day: DayBook;
}
