import { NANOS_PER_MICRO, QOS_TIERS, type Qos, qosRank } from '@atp-router/kernel';
import type { AccountLimits } from '../amounts.ts';
import type { FairPlace } from '../fair/fair-queue.ts';
import type { Reservation } from '../reservation.ts';
import { NO_SHARES, type Shares } from '../scheduler/shares.ts';
import type { Ticket } from '../scheduler/ticket.ts';
import type { DayBook, Life } from './life.ts';
import { addTo, DIMENSIONS, type Sum } from './sums.ts';

const UNLIMITED: number = Number.POSITIVE_INFINITY;

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

/** A part that reserves. */
export class ReservedPart {
  readonly kind = 'reserve';
  readonly accounts: readonly AccountBook[];
  /** For how long it is waited for; 0: not at all. */
  readonly wait_ms: number;
  amounts: Sum;
  state: 'asked' | 'open' | 'lapsed' | 'over' = 'asked';
  reservation: Reservation | undefined = undefined;
  /** Tier that it was granted to. */
  rank: 0 | 1 | 2 = 0;
  holds: readonly Hold[] = [];

  constructor(accounts: readonly AccountBook[], amounts: Sum, wait_ms: number) {
    this.accounts = accounts;
    this.amounts = amounts;
    this.wait_ms = wait_ms;
  }
}

/** A part that has another one grow. */
export class GrowthPart {
  readonly kind = 'grow';
  readonly target: ReservedPart;
  /** Holds so much more then. */
  readonly by: Sum;
  readonly wait_ms: number;

  constructor(target: ReservedPart, by: Sum, wait_ms: number) {
    this.target = target;
    this.by = by;
    this.wait_ms = wait_ms;
  }

  get accounts(): readonly AccountBook[] {
    return this.target.accounts;
  }
}

export type PartRecord = ReservedPart | GrowthPart;

export interface Wish {
  readonly qos: Qos;
  readonly tenant: number;
  readonly session: number;
  readonly weight: number;
  readonly tokens: number;
  readonly deadline_ms: number;
  readonly lease_ms: number;
  readonly is_preemptible: boolean;
}

/** One demand, as the books have it. */
export class Demand {
  readonly number: number;
  readonly wish: Wish;
  readonly rank: 0 | 1 | 2;
  parts: readonly PartRecord[];
  status: 'asked' | 'waiting' | 'granted' | 'over' = 'asked';
  ticket: Ticket<Demand> | undefined = undefined;
  /** Where it waits, since which step, at which place, and until when. */
  at: AccountBook | undefined = undefined;
  lined_at = 0;
  place: FairPlace<Ticket<Demand>> | undefined = undefined;
  until_ms = 0;
  /** When each of its parts was waited for first. */
  readonly #since_ms: (number | undefined)[] = [];
  /** Accounts where it has waited. */
  readonly passed: Set<AccountBook> = new Set();
  /** Step in which it was granted, and whether that was the one in which it came. */
  granted_at = 0;
  is_newcomer = false;
  lease_due_ms: number = Number.POSITIVE_INFINITY;
  has_crashed = false;
  has_lapsed = false;
  /** Accounts at which it may be stopped, a bit each. */
  stoppable = 0;
  /** For whom it was told to stop. */
  stopped_at: AccountBook | undefined = undefined;
  /** Accounts at which its tier had less than its part before the present step granted anything, a bit each. */
  below = 0;

  constructor(number: number, wish: Wish, parts: readonly PartRecord[]) {
    this.number = number;
    this.wish = wish;
    this.rank = qosRank(wish.qos);
    this.parts = parts;
  }

  get is_open(): boolean {
    return this.parts.some((part) => part.kind === 'reserve' && (part.state === 'open' || part.state === 'lapsed'));
  }

  partAt(book: AccountBook): PartRecord | undefined {
    return this.parts.find((part) => part.accounts.includes(book));
  }

  /** It waits for an account, or has in this step. */
  waitsFor(book: AccountBook, mono_ms: number): void {
    const at = this.parts.findIndex((part) => part.accounts.includes(book));
    if ((this.parts[at]?.wait_ms ?? 0) > 0) this.#since_ms[at] ??= mono_ms;
  }

  /** Monotone time until which it waits for an account that refuses it at `mono_ms`. */
  patience(book: AccountBook, mono_ms: number): number {
    const at = this.parts.findIndex((part) => part.accounts.includes(book));
    const wait_ms = this.parts[at]?.wait_ms ?? 0;
    if (wait_ms === 0) return Number.NEGATIVE_INFINITY;
    return Math.min((this.#since_ms[at] ?? mono_ms) + wait_ms, this.wish.deadline_ms);
  }

  /** Lines up behind those who wait for its accounts; what grows runs already, and does not. */
  get linesAt(): readonly AccountBook[] {
    return this.parts.flatMap((part) => (part.kind === 'reserve' ? part.accounts : []));
  }

  /** What it holds at an account. */
  heldAt(book: AccountBook): Readonly<Sum> | undefined {
    const part = this.partAt(book);
    return part?.kind === 'reserve' && part.state === 'open' ? part.amounts : undefined;
  }
}
