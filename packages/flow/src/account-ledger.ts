import { assert, type Price, type Qos, type UsdNanos } from '@atp-router/kernel';
import type { DayUse, Windows } from './account.ts';
import { AccountTable, type LimitsRule } from './account-table.ts';
import { firstDenial } from './admission.ts';
import { type BudgetRoom, roomOf, tokensForMoney } from './affordable.ts';
import {
  type AccountLimits,
  type Amounts,
  assertAmounts,
  assertDistinct,
  type Denial,
  LIMIT_NAMES,
  type LimitsChange,
  limitsRecord,
  NO_LIMITS,
  NOTHING,
} from './amounts.ts';
import { dayNumber, parseDay } from './days.ts';
import { amountsOf, hold, type OwnHold, Reservation, type Reserved } from './reservation.ts';
import { type AccountSnapshot, type Headroom, headroomOf, snapshotOf } from './snapshot.ts';

/** Room for every tenant, team and key of a large installation; an account is about 1 KB. */
export const DEFAULT_MAX_ACCOUNTS = 100_000;

/**
 * Windows and daily budgets of all accounts. A reservation names its accounts, the first of which that
 * refuses is told, and takes from all of them or from none. A settlement debits what was really used, even above the reservation, so
 * *remaining* may fall below zero: that debt is in the snapshot.
 *
 * At most `max_accounts` are kept. An account that has neither limits nor open reservations may be dropped, the least
 * recently used first, and its counters with it. When none can be dropped, a new account is refused (`accounts`); only
 * one that is given limits comes in beside accounts that lost theirs and are still busy.
 */
export class AccountLedger {
  readonly #accounts: AccountTable;

  constructor(max_accounts: number = DEFAULT_MAX_ACCOUNTS) {
    this.#accounts = new AccountTable(max_accounts);
  }

  /** Whoever gives accounts limits gives them to no more than these. */
  get max_accounts(): number {
    return this.#accounts.max_accounts;
  }

  /**
   * Windows of accounts that nobody gave limits by name, such as those of sessions. Such an account may be dropped when it is
   * idle, so a rule has no budgets of a day.
   */
  setRule(ruleOf: LimitsRule): void {
    this.#accounts.setRule(ruleOf);
  }

  /**
   * What conditions at the moment (a window that follows answers, the status of an agent) allow an account to have in flight,
   * within its limits. What is in flight stays. `Infinity` lifts it. An account that finds no room has none.
   */
  setCeiling(id: string, calls: number): void {
    const account = this.#accounts.open(id);
    if (account === undefined) return;
    account.setCeiling(calls);
    this.#accounts.rest(account);
  }

  /** By name or by rule, within its ceiling, whether or not the account is known; undefined: none. */
  limitsOf(id: string): AccountLimits | undefined {
    return this.#accounts.limitsOf(id);
  }

  /** Takes `amounts` from all of `accounts` (distinct, at most 8) or from none. The tier is counted, not judged. */
  reserve(accounts: readonly string[], amounts: Amounts, now_ms: number, qos: Qos = 'silver'): Reserved | Denial {
    assertAmounts(amounts);
    assertDistinct(accounts);
    const day = dayNumber(now_ms);
    const uses: DayUse[] = [];
    for (const id of accounts) {
      const account = this.#accounts.open(id);
      if (account === undefined) return this.#refused(uses, id);
      uses.push(account.days.use(day));
    }
    const denial = firstDenial(uses, amounts.calls, amounts.tokens, amounts.usd_nanos, now_ms);
    if (denial !== undefined) {
      for (const use of uses) this.#accounts.rest(use.account);
      return denial;
    }
    for (const use of uses) {
      use.account.open += 1;
      hold(use, qos, amounts.calls, amounts.tokens, amounts.usd_nanos);
    }
    return { ok: true, reservation: new Reservation(uses, amounts, qos) };
  }

  /** What `reserve` would be refused for, when it is for want of room; nothing changes. */
  refusal(accounts: readonly string[], amounts: Amounts, now_ms: number): Denial | undefined {
    const uses = this.#usesOf(accounts, dayNumber(now_ms));
    return firstDenial(uses, amounts.calls, amounts.tokens, amounts.usd_nanos, now_ms);
  }

  /** Changes what a reservation holds, on its own day. Growth fits on every account or nothing changes; less always fits. */
  adjust(reservation: Reservation, amounts: Amounts): { readonly ok: true } | Denial {
    assertAmounts(amounts);
    assert(reservation.state === 'open', 'adjust of a reservation that has ended');
    const calls = amounts.calls - reservation.calls;
    const tokens = amounts.tokens - reservation.tokens;
    const usd_nanos = amounts.usd_nanos - reservation.usd_nanos;
    const denial = firstDenial(reservation.uses, calls, tokens, usd_nanos, undefined);
    if (denial !== undefined) return denial;
    this.restate(reservation, amounts);
    return OK;
  }

  /** As `adjust`, whatever the limits say: its holder has so much already, and is only believed. */
  restate(reservation: Reservation, amounts: Amounts): void {
    assertAmounts(amounts);
    assert(reservation.state === 'open', 'a reservation that has ended holds nothing');
    const { qos, calls, tokens, usd_nanos } = reservation;
    const by = [amounts.calls - calls, amounts.tokens - tokens, amounts.usd_nanos - usd_nanos] as const;
    for (const use of reservation.uses) hold(use, qos, ...by);
    reservation.calls = amounts.calls;
    reservation.tokens = amounts.tokens;
    reservation.usd_nanos = amounts.usd_nanos;
  }

  /** Ends a reservation and debits `actual` on its day, also when that is more than was reserved. */
  settle(reservation: Reservation, actual: Amounts): void {
    assertAmounts(actual);
    if (reservation.state === 'lapsed') this.#correct(reservation, actual);
    else this.#end(reservation, actual, 'settled');
  }

  /** Ends a reservation that used nothing: the call was never dispatched. */
  release(reservation: Reservation): void {
    if (reservation.state === 'lapsed') this.#correct(reservation, NOTHING);
    else this.#end(reservation, NOTHING, 'released');
  }

  /**
   * Ends a reservation whose holder is not heard of any more. What it held is debited, since it may have been used; a
   * settlement that comes after all puts its own number in the place of that.
   */
  lapse(reservation: Reservation): void {
    this.#end(reservation, amountsOf(reservation), 'lapsed');
  }

  /**
   * Gives an account its limits; what is outstanding stays, so a lowered limit can leave a debt.
   * Returns the change for the `limits.changed` event, undefined when nothing changed.
   */
  setLimits(id: string, limits: AccountLimits): LimitsChange | undefined {
    const after = limitsRecord(limits);
    const is_limited = LIMIT_NAMES.some((name) => after[name] !== null);
    const account = this.#accounts.open(id) ?? (is_limited ? this.#accounts.add(id) : undefined);
    if (account === undefined) return undefined;
    const before = limitsRecord(account.limits);
    account.by_rule = false;
    account.setLimits(limits);
    this.#accounts.rest(account);
    const changed = LIMIT_NAMES.some((name) => before[name] !== after[name]);
    return changed ? { before, after } : undefined;
  }

  /**
   * Takes an account's limits away as soon as nothing is outstanding: what still runs keeps to them. Returns the change
   * as `setLimits` does.
   */
  retire(id: string): LimitsChange | undefined {
    const account = this.#accounts.find(id);
    if (account === undefined || !account.limited) return undefined;
    const before = limitsRecord(account.limits);
    account.leaving = true;
    this.#accounts.rest(account);
    return { before, after: limitsRecord(NO_LIMITS) };
  }

  /**
   * Adds what the journal knows that an account used on `day` (`YYYY-MM-DD`). Days older than the two newest are
   * ignored, as is an account that finds no room.
   */
  seed(id: string, day: string, used: Amounts): void {
    assertAmounts(used);
    const number = parseDay(day);
    assert(Number.isInteger(number), 'a day is written YYYY-MM-DD');
    const account = this.#accounts.open(id);
    if (account === undefined) return;
    account.days.seed(number)?.debit(used);
    this.#accounts.rest(account);
  }

  /** What somebody else counts for an account on a day (days since the Unix epoch) is so much more, or less, than was known. */
  charge(id: string, day: number, by: Amounts): void {
    const account = this.#accounts.open(id);
    if (account === undefined) return;
    account.days.seed(day)?.debit(by);
    this.#accounts.rest(account);
  }

  /**
   * The most output tokens that the day's budgets and the caller's own `cap_usd_nanos` cover now beside `in_tokens` of
   * input. `Infinity` when nothing limits it, 0 when not even the input fits; a demand of this size, priced with
   * `reservedUsdNanos`, is then not refused by a budget. Windows do not count here: room in them comes back in moments,
   * so a call that does not fit waits or is refused rather than cut short.
   *
   * With `own` the day is the reservation's, and what it holds beyond `kept` is free for the demand.
   */
  affordable(
    accounts: readonly string[],
    price: Price | undefined,
    in_tokens: number,
    now_ms: number,
    cap_usd_nanos: UsdNanos = Number.POSITIVE_INFINITY,
    own?: OwnHold,
  ): number {
    const { tokens, usd_nanos } = this.room(accounts, now_ms, own);
    const by_tokens = Math.max(0, tokens - in_tokens);
    if (price === undefined) return by_tokens;
    return Math.min(by_tokens, tokensForMoney(price, in_tokens, Math.min(usd_nanos, cap_usd_nanos)));
  }

  /** What the day's budgets leave, with `own` as in `affordable`: tokens of prompt and answer, and money. */
  room(accounts: readonly string[], now_ms: number, own?: OwnHold): BudgetRoom {
    return roomOf(own?.reservation.uses ?? this.#usesOf(accounts, dayNumber(now_ms)), own);
  }

  /** The account as headers and the admin API show it; undefined for one that is not known. */
  snapshot(id: string, now_ms: number): AccountSnapshot | undefined {
    const account = this.#accounts.find(id);
    return account === undefined ? undefined : snapshotOf(account, dayNumber(now_ms));
  }

  /** The part of `snapshot` that every answer's rate-limit headers need, without the rest of its cost. */
  headroom(id: string, now_ms: number): Headroom | undefined {
    const account = this.#accounts.find(id);
    return account === undefined ? undefined : headroomOf(account, dayNumber(now_ms));
  }

  /** The windows of an account as they are now, and go on being; undefined for one that is not known. */
  windows(id: string): Windows | undefined {
    return this.#accounts.find(id);
  }

  /** What was debited to an account on a day (days since the Unix epoch); undefined for one of which nothing is known. */
  usedOn(id: string, day: number): Amounts | undefined {
    return this.#accounts.find(id)?.days.find(day);
  }

  ids(): IterableIterator<string> {
    return this.#accounts.ids();
  }

  get size(): number {
    return this.#accounts.size;
  }

  #usesOf(accounts: readonly string[], day: number): readonly DayUse[] {
    const uses: DayUse[] = [];
    for (const id of accounts) {
      const account = this.#accounts.find(id);
      if (account !== undefined) uses.push(account.days.use(day));
    }
    return uses;
  }

  #end(reservation: Reservation, actual: Amounts, state: 'settled' | 'released' | 'lapsed'): void {
    assert(reservation.state === 'open', 'a reservation ends exactly once');
    reservation.state = state;
    for (const use of reservation.uses) {
      const account = use.account;
      hold(use, reservation.qos, -reservation.calls, -reservation.tokens, -reservation.usd_nanos);
      use.debit(actual);
      account.count(actual);
      account.open -= 1;
      assert(account.open >= 0 && account.out_tokens >= 0 && account.out_usd_nanos >= 0, 'outstanding below zero');
      this.#accounts.rest(account);
    }
  }

  /** An account that was dropped meanwhile takes the correction with it: nobody asks it any more. */
  #correct(reservation: Reservation, actual: Amounts): void {
    reservation.state = 'settled';
    const by = {
      calls: actual.calls - reservation.calls,
      tokens: actual.tokens - reservation.tokens,
      usd_nanos: actual.usd_nanos - reservation.usd_nanos,
    };
    for (const use of reservation.uses) {
      use.debit(by);
      use.account.count(by);
    }
  }

  #refused(uses: readonly DayUse[], id: string): Denial {
    for (const use of uses) this.#accounts.rest(use.account);
    const limit = this.#accounts.max_accounts;
    return { ok: false, account: id, dimension: 'accounts', limit, available: 0, waitable: true };
  }
}

const OK: { readonly ok: true } = { ok: true };
