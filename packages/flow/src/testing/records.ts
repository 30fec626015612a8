import { type Qos, qosRank } from '@atp-router/kernel';
import type { FairPlace } from '../fair/fair-queue.ts';
import type { Reservation } from '../reservation.ts';
import type { Ticket } from '../scheduler/ticket.ts';
import type { AccountBook, Hold } from './account-book.ts';
import type { Sum } from './sums.ts';

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
