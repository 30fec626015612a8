import { QOS_TIERS, type Qos } from '@atp-router/kernel';
import { type AccountLimits, type Amounts, NOTHING } from '../amounts.ts';
import type { Credit, Held, SlotState, SlotSync } from './messages.ts';
import { DIMENSIONS, each, isNothing, minus, most, type PerDimension, plus, positive, times } from './sums.ts';

/** How an account is limited in one dimension: a budget of the day is consumed, a window comes back. */
type Limited = 'none' | 'window' | 'budget' | 'both';

export function limitedBy(limits: AccountLimits): PerDimension<Limited> {
  return {
    calls: kindOf(limits.max_parallel, limits.calls_per_day),
    tokens: kindOf(limits.max_tokens, limits.tokens_per_day),
    usd_nanos: kindOf(limits.max_usd_micros, limits.usd_nanos_per_day),
  };
}

function kindOf(window: number | undefined, budget: number | undefined): Limited {
  if (budget !== undefined) return window === undefined ? 'budget' : 'both';
  return window === undefined ? 'none' : 'window';
}

export function isLimited(limits: PerDimension<Limited>): boolean {
  return DIMENSIONS.some((of) => limits[of] !== 'none');
}

function hasBudget(limited: PerDimension<Limited>): boolean {
  return DIMENSIONS.some((of) => limited[of] === 'budget' || limited[of] === 'both');
}

/**
 * One account on one UTC day, as a worker has it: its credit, what its calls hold, what they used. In a dimension that is
 * limited, what is held and what was used of a budget and not reported never exceed the credit, but by what calls used beyond
 * what they had held.
 */
export class WorkerSlot {
  readonly account: string;
  readonly day: number;
  limited: PerDimension<Limited>;
  is_open = false;
  credit: Amounts = NOTHING;
  used: Amounts = NOTHING;
  /** Has changed since the last sync. */
  is_dirty = false;
  /** The owner has closed it and waits for what comes back. */
  is_asked = false;
  /** When something was last admitted or ended. */
  active_mono_ms: number;
  readonly #held: Record<Qos, Amounts> = { gold: NOTHING, silver: NOTHING, bronze: NOTHING };
  #all: Amounts = NOTHING;
  #unreported: Amounts = NOTHING;
  #has_budget: boolean;
  #is_limited: boolean;

  constructor(account: string, day: number, limited: PerDimension<Limited>, mono_ms: number) {
    this.account = account;
    this.day = day;
    this.limited = limited;
    this.#has_budget = hasBudget(limited);
    this.#is_limited = isLimited(limited);
    this.active_mono_ms = mono_ms;
  }

  get has_budget(): boolean {
    return this.#has_budget;
  }

  get is_limited(): boolean {
    return this.#is_limited;
  }

  get held(): Amounts {
    return this.#all;
  }

  /** Whether its credit covers a further call. What asks for nothing of a dimension fits there. */
  fits(amounts: Amounts): boolean {
    if (!this.is_open) return false;
    const idle = this.#idle();
    return DIMENSIONS.every((of) => amounts[of] <= 0 || this.limited[of] === 'none' || amounts[of] <= idle[of]);
  }

  /** A call holds so much more, signed. */
  hold(qos: Qos, by: Amounts, mono_ms: number): void {
    this.#held[qos] = plus(this.#held[qos], by);
    this.#all = plus(this.#all, by);
    this.is_dirty = true;
    this.active_mono_ms = mono_ms;
  }

  /** Only where a budget asks for it: an account that has none is forgotten once it is idle. */
  use(amounts: Amounts): void {
    if (!this.#has_budget) return;
    // What is taken back may have been used before a budget counted it.
    const by = most(amounts, minus(NOTHING, this.used));
    this.used = plus(this.used, by);
    this.#unreported = plus(this.#unreported, by);
    this.is_dirty = true;
  }

  /** Used by incarnations before this one. */
  inherit(used: Amounts): void {
    this.used = plus(this.used, used);
  }

  /** What was inherited is as old as this process. */
  seen(mono_ms: number): void {
    if (this.active_mono_ms === Number.NEGATIVE_INFINITY) this.active_mono_ms = mono_ms;
  }

  take({ amounts, is_open }: Credit): void {
    this.credit = plus(this.credit, amounts);
    if (!is_open && this.is_open) this.close();
    this.is_open = is_open;
    // Whoever it was for may be gone: what nobody holds goes back with the next report.
    if (!is_open) this.is_dirty = true;
  }

  close(): void {
    this.is_open = false;
    this.is_asked = true;
    this.is_dirty = true;
  }

  /** It is closed and has something to give back, or half of what a budget's credit was for is used and not reported. */
  get is_urgent(): boolean {
    if (this.is_asked) return true;
    if (this.is_open) return this.#isLow();
    const idle = this.#idle();
    return DIMENSIONS.some((of) => {
      if (this.limited[of] === 'none') return false;
      // Of a budget nothing comes back when all is used, of a window it does.
      return this.limited[of] === 'budget' ? idle[of] !== 0 : this.credit[of] !== this.#all[of];
    });
  }

  /** Nothing of it matters any more but what it used. */
  get is_empty(): boolean {
    return isNothing(this.credit) && isNothing(this.#all) && isNothing(this.#unreported);
  }

  /** What the owner is to know, and then does: its credit becomes what is left, or what calls hold when it is closed. */
  sync(): SlotSync {
    const consumed = this.#consumed();
    // Credit that does not last from one report to the next is too little.
    const wants = this.is_open ? positive(times(consumed, this.#isLow() ? 2 : 1)) : NOTHING;
    const left = minus(this.credit, consumed);
    const credit = each((of) => {
      if (this.limited[of] === 'none' || !this.is_open) return this.#all[of];
      return Math.max(left[of], this.#all[of]);
    });
    const by = minus(credit, this.credit);
    this.credit = credit;
    this.#unreported = NOTHING;
    this.is_dirty = false;
    this.is_asked = false;
    return { ...this.#state(), by, is_open: this.is_open, wants };
  }

  /** The same for a link that begins: there is no credit but what calls hold. */
  restart(): SlotState {
    this.is_open = false;
    this.credit = this.#all;
    this.#unreported = NOTHING;
    this.is_dirty = false;
    this.is_asked = false;
    return this.#state();
  }

  /** The account has other limits; what calls hold there is counted anew. */
  recount(limited: PerDimension<Limited>, held: ReadonlyMap<Qos, Amounts>): void {
    this.limited = limited;
    this.#has_budget = hasBudget(limited);
    this.#is_limited = isLimited(limited);
    for (const qos of QOS_TIERS) this.#held[qos] = held.get(qos) ?? NOTHING;
    this.#all = QOS_TIERS.reduce((sum, qos) => plus(sum, this.#held[qos]), NOTHING);
    this.is_dirty = true;
  }

  #state(): SlotState {
    const tiers = QOS_TIERS.filter((qos) => !isNothing(this.#held[qos]));
    const held: Held = Object.fromEntries(tiers.map((qos) => [qos, this.#held[qos]]));
    return { account: this.account, day: this.day, used: this.used, held };
  }

  #isLow(): boolean {
    if (!this.#has_budget) return false;
    const consumed = this.#consumed();
    return DIMENSIONS.some((of) => 2 * consumed[of] > this.credit[of]);
  }

  #consumed(): Amounts {
    if (!this.#has_budget) return NOTHING;
    return each((of) => (this.limited[of] === 'budget' || this.limited[of] === 'both' ? this.#unreported[of] : 0));
  }

  #idle(): Amounts {
    return minus(this.credit, plus(this.#all, this.#consumed()));
  }
}
