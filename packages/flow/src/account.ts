import { addCounts, addUsdNanos, NANOS_PER_MICRO, type Qos, qosRank, type UsdNanos } from '@atp-router/kernel';
import { type AccountLimits, type Amounts, LIMIT_NAMES, NO_LIMITS, NOTHING } from './amounts.ts';

const UNLIMITED: number = Number.POSITIVE_INFINITY;

/** Windows of an account: what may be outstanding (`Infinity` without a limit), and what is, in all and by tier. */
export interface Windows {
  /** Calls that the limit allows; `max_parallel` may be less for a while. */
  readonly limit_parallel: number;
  readonly max_parallel: number;
  readonly max_tokens: number;
  readonly max_usd_nanos: UsdNanos;
  readonly out_calls: number;
  readonly out_tokens: number;
  readonly out_usd_nanos: UsdNanos;
  tier(qos: Qos): Amounts;
}

/** What is out at an account; nothing at one that is not known. */
export function outOf(windows: Windows | undefined): Amounts {
  if (windows === undefined) return NOTHING;
  return { calls: windows.out_calls, tokens: windows.out_tokens, usd_nanos: windows.out_usd_nanos };
}

/** One account: its limits as plain numbers (`Infinity` when absent), its windows, its two recent days. */
export class Account implements Windows {
  readonly id: string;
  readonly days: RecentDays;
  limits: AccountLimits = NO_LIMITS;
  limited = false;
  /** Loses its limits with its last open reservation. */
  leaving = false;

  /** Its limits are those of a rule for accounts of its kind: it is forgotten when it is idle, and made again when needed. */
  by_rule = false;
  /** Calls in flight that present conditions allow, within its limits: see `AccountLedger.setCeiling`. */
  ceiling: number = UNLIMITED;

  max_parallel: number = UNLIMITED;
  max_tokens: number = UNLIMITED;
  max_usd_nanos: number = UNLIMITED;
  usd_nanos_per_day: number = UNLIMITED;
  tokens_per_day: number = UNLIMITED;
  calls_per_day: number = UNLIMITED;

  out_calls = 0;
  out_tokens = 0;
  out_usd_nanos = 0;
  /** The same by tier, best first: their sums are the three above. */
  readonly #tiers: readonly [TierUse, TierUse, TierUse] = [new TierUse(), new TierUse(), new TierUse()];
  /** Open reservations. Not the same as `out_calls`: a reservation may hold no call. */
  open = 0;

  settled_calls = 0;
  settled_tokens = 0;
  settled_usd_nanos = 0;

  constructor(id: string) {
    this.id = id;
    this.days = new RecentDays(this);
  }

  setLimits(limits: AccountLimits): void {
    this.limits = limits;
    this.leaving = false;
    this.max_parallel = Math.min(limits.max_parallel ?? UNLIMITED, this.ceiling);
    this.max_tokens = limits.max_tokens ?? UNLIMITED;
    this.max_usd_nanos = limits.max_usd_micros === undefined ? UNLIMITED : limits.max_usd_micros * NANOS_PER_MICRO;
    this.usd_nanos_per_day = limits.usd_nanos_per_day ?? UNLIMITED;
    this.tokens_per_day = limits.tokens_per_day ?? UNLIMITED;
    this.calls_per_day = limits.calls_per_day ?? UNLIMITED;
    this.limited = LIMIT_NAMES.some((name) => limits[name] !== undefined);
  }

  /** May not be forgotten: something of it is in use, or somebody has told it what it may have. */
  get is_needed(): boolean {
    return this.open > 0 || (this.limited && !this.by_rule) || this.ceiling !== UNLIMITED;
  }

  get limit_parallel(): number {
    return this.limits.max_parallel ?? UNLIMITED;
  }

  setCeiling(calls: number): void {
    this.ceiling = calls;
    this.max_parallel = Math.min(this.limit_parallel, calls);
  }

  hold(qos: Qos, calls: number, tokens: number, usd_nanos: number): void {
    this.out_calls += calls;
    this.out_tokens += tokens;
    this.out_usd_nanos += usd_nanos;
    const tier = this.#tiers[qosRank(qos)];
    tier.calls += calls;
    tier.tokens += tokens;
    tier.usd_nanos += usd_nanos;
  }

  tier(qos: Qos): Amounts {
    return this.#tiers[qosRank(qos)];
  }

  count(actual: Amounts): void {
    this.settled_calls += actual.calls;
    this.settled_tokens = addCounts(this.settled_tokens, actual.tokens);
    this.settled_usd_nanos = addUsdNanos(this.settled_usd_nanos, actual.usd_nanos);
  }
}

class TierUse implements Amounts {
  calls = 0;
  tokens = 0;
  usd_nanos = 0;
}

/** What one account used and holds on one UTC day. A reservation keeps its day even when the account drops it. */
export class DayUse {
  readonly account: Account;
  readonly day: number;
  calls = 0;
  tokens = 0;
  usd_nanos = 0;
  held_calls = 0;
  held_tokens = 0;
  held_usd_nanos = 0;

  constructor(account: Account, day: number) {
    this.account = account;
    this.day = day;
  }

  debit(amounts: Amounts): void {
    this.calls += amounts.calls;
    this.tokens = addCounts(this.tokens, amounts.tokens);
    this.usd_nanos = addUsdNanos(this.usd_nanos, amounts.usd_nanos);
  }

  /** Changes what is held; the arguments may be negative. */
  hold(calls: number, tokens: number, usd_nanos: number): void {
    this.held_calls += calls;
    this.held_tokens += tokens;
    this.held_usd_nanos += usd_nanos;
  }

  available_usd_nanos(): number {
    return this.account.usd_nanos_per_day - this.usd_nanos - this.held_usd_nanos;
  }

  available_tokens(): number {
    return this.account.tokens_per_day - this.tokens - this.held_tokens;
  }

  available_calls(): number {
    return this.account.calls_per_day - this.calls - this.held_calls;
  }
}

/**
 * The two days that an account keeps: the last two that were looked up. Of a clock that jumped, ahead or back, only the
 * false day goes: when a third day comes that is nearer to the older one than the present one is, the present one was false.
 */
export class RecentDays {
  readonly #account: Account;
  #current: DayUse;
  #other: DayUse;

  constructor(account: Account) {
    this.#account = account;
    this.#current = new DayUse(account, Number.NEGATIVE_INFINITY);
    this.#other = this.#current;
  }

  use(day: number): DayUse {
    return this.#current.day === day ? this.#current : this.#turn(day);
  }

  find(day: number): DayUse | undefined {
    if (this.#current.day === day) return this.#current;
    return this.#other.day === day ? this.#other : undefined;
  }

  /** For start-up: like `use`, but a day older than both kept ones is not taken in. */
  seed(day: number): DayUse | undefined {
    const known = this.find(day);
    if (known !== undefined) return known;
    const older = this.#current.day < this.#other.day ? this.#current : this.#other;
    if (day < older.day) return undefined;
    const made = new DayUse(this.#account, day);
    if (older === this.#current) this.#current = made;
    else this.#other = made;
    return made;
  }

  #turn(day: number): DayUse {
    const next = this.#other.day === day ? this.#other : new DayUse(this.#account, day);
    const was_false = Math.abs(this.#other.day - day) < Math.abs(this.#current.day - this.#other.day);
    if (next === this.#other || !was_false) this.#other = this.#current;
    this.#current = next;
    return next;
  }
}
