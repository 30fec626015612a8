import { type Qos, qosRank } from '@atp-router/kernel';
import type { FairPlace } from '../fair/fair-queue.ts';
import type { Reservation } from '../reservation.ts';
import type { Ticket } from '../scheduler/ticket.ts';
import type { AccountBook, DayBook, Life } from './account-book.ts';
import type { Sum } from './sums.ts';

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
  readonly until_ms: number;
  amounts: Sum;
  state: 'asked' | 'open' | 'lapsed' | 'over' = 'asked';
  reservation: Reservation | undefined = undefined;
  holds: readonly Hold[] = [];
  /** A demand that waits would have it grow. */
  is_growing = false;

  constructor(accounts: readonly AccountBook[], amounts: Sum, until_ms: number) {
    this.accounts = accounts;
    this.amounts = amounts;
    this.until_ms = until_ms;
  }
}

/** A part that has another one grow. */
export class GrowthPart {
  readonly kind = 'adjust';
  readonly target: ReservedPart;
  /** Holds so much then, in all. */
  readonly amounts: Sum;
  readonly until_ms: number;

  constructor(target: ReservedPart, amounts: Sum, until_ms: number) {
    this.target = target;
    this.amounts = amounts;
    this.until_ms = until_ms;
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
  readonly parts: readonly PartRecord[];
  status: 'asked' | 'waiting' | 'granted' | 'over' = 'asked';
  ticket: Ticket<Demand> | undefined = undefined;
  /** Where it waits, since which step, at which place, and until when. */
  at: AccountBook | undefined = undefined;
  lined_at = 0;
  place: FairPlace<Ticket<Demand>> | undefined = undefined;
  until_ms = 0;
  /** Accounts where it has waited. */
  readonly passed: Set<AccountBook> = new Set();
  /** Order among what was granted. */
  granted_as = 0;
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

  /** Monotone time until which it waits for an account. */
  patience(book: AccountBook): number {
    return Math.min(this.partAt(book)?.until_ms ?? Number.NEGATIVE_INFINITY, this.wish.deadline_ms);
  }

  /** What it holds at an account. */
  heldAt(book: AccountBook): Readonly<Sum> | undefined {
    const part = this.partAt(book);
    return part?.kind === 'reserve' && part.state === 'open' ? part.amounts : undefined;
  }
}
