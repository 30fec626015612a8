import type { UpstreamCaller } from '@atp-router/adapters';
import {
  type AccountLedger,
  type Amounts,
  dayNumber,
  type Denial,
  formatDay,
  type Part,
  type Reservation,
  reservedUsdNanos,
} from '@atp-router/flow';
import { assert, type Price } from '@atp-router/kernel';
import type { Gate, GateTicket } from './gate.ts';
import { type CallCaps, type Demand, NO_DEMAND, Purse } from './purse.ts';
import type { SharedHold, SharedRefusal } from './shared-hold.ts';

/** What an attempt asks for: the call's funds, and a place at its target. */
export const FUNDS_PART = 0;
export const PLACE_PART = 1;

export interface Room extends Demand {
  readonly set_by: NonNullable<UpstreamCaller['budget_set_by']>;
}

export type FundsDenial =
  | { readonly kind: 'account'; readonly denial: Denial }
  /** What the call itself may cost, or that part of it which is for the attempt. */
  | { readonly kind: 'call' | 'share'; readonly dimension: 'usd' | 'tokens' }
  /** The ledger threw while the call waited. */
  | { readonly kind: 'fault'; readonly thrown: unknown };

/** Whether it is a reason, and not what was asked for. */
export function isDenied(answer: object): answer is FundsDenial {
  if (!('kind' in answer)) return false;
  const { kind } = answer;
  return kind === 'account' || kind === 'call' || kind === 'share' || kind === 'fault';
}

export type HoldResult = { readonly ok: true } | { readonly ok: false; readonly why: FundsDenial };

/** The ticket that brought the call its reservation, which lives as long as the call. */
interface Grant {
  readonly ticket: GateTicket;
  readonly reservation: Reservation;
}

/**
 * The money and tokens of one call: one reservation on its accounts that grows and shrinks with the attempts in flight
 * and keeps what ended attempts have already used. Settled or released exactly once.
 */
export class CallFunds {
  readonly #ledger: AccountLedger;
  readonly #gate: Gate;
  readonly #accounts: readonly string[];
  readonly #purse: Purse;
  /** Of attempts that have a part of it to themselves; one for all attempts of a lane. */
  #shares: Map<number, Purse> | undefined;
  readonly #shared: SharedHold | undefined;
  #grant: Grant | undefined;
  #day: number | undefined;

  constructor(ledger: AccountLedger, gate: Gate, accounts: readonly string[], caps: CallCaps, shared?: SharedHold) {
    this.#ledger = ledger;
    this.#gate = gate;
    this.#accounts = accounts;
    this.#purse = new Purse(caps);
    this.#shared = shared;
  }

  get is_open(): boolean {
    return this.#grant !== undefined;
  }

  /** Whether an account is one of those that the call is charged to, and not one of its targets'. */
  has(account: string): boolean {
    return this.#accounts.includes(account);
  }

  /** Other routers spend from the same daily budget. */
  get is_shared(): boolean {
    return this.#shared !== undefined;
  }

  /** Attempt `n` has such a part of what the call may cost, whatever the whole would allow. */
  limit(n: number, share: Purse): void {
    this.#shares ??= new Map();
    this.#shares.set(n, share);
  }

  /** Calls back once the shared store holds what is held here, at once when it does already. */
  secure(done: (refusal: SharedRefusal | undefined) => void): void {
    if (this.#shared === undefined) done(undefined);
    else this.#shared.cover(this.#total, done);
  }

  /**
   * As `secure`, for a stream that nobody stops to wait: calls back only with a refusal of `least`, what attempt `n` has
   * used already.
   */
  grow(n: number, least: Demand, onDenied: (denial: Denial) => void): void {
    this.#shared?.grow(this.#total, this.#purse.totalWith(n, least), onDenied);
  }

  /** The UTC day that the call is charged to, where it is not the one of its start: the day that granted its funds. */
  budgetDay(started_ms: number): string | undefined {
    return this.#day === undefined || this.#day === dayNumber(started_ms) ? undefined : formatDay(this.#day);
  }

  /**
   * The part of attempt `n`'s demand that the call's accounts give, or why the call itself does not allow it. Only a call that
   * has nothing yet waits for them, so long as `wait_ms`.
   */
  part(n: number, demand: Demand, wait_ms: number | undefined): Part | FundsDenial {
    const total = this.#purse.totalWith(n, demand);
    const over = this.#overCaps(n, demand);
    if (over !== undefined) return over;
    const grant = this.#grant;
    if (grant !== undefined)
      return { kind: 'grow', reservation: grant.reservation, by: beyond(grant.reservation, total) };
    return { kind: 'reserve', accounts: this.#accounts, amounts: { calls: 1, ...total }, wait_ms };
  }

  /** An attempt was granted what `part` said. Returns whether the call has its funds since then. */
  granted(n: number, demand: Demand, ticket: GateTicket): boolean {
    assert(ticket.state.kind === 'granted', 'what was granted');
    this.#hold(n, demand);
    if (ticket.parts[FUNDS_PART]?.kind !== 'reserve') return false;
    assert(this.#grant === undefined, 'a call has one reservation');
    const reservation = ticket.state.reservations[FUNDS_PART] as Reservation;
    this.#grant = { ticket, reservation };
    this.#day = reservation.day;
    this.#shared?.chargeTo(formatDay(reservation.day));
    return true;
  }

  /** Why the call itself does not allow any more what was granted: others may have cost more than they were to, meanwhile. */
  get over(): FundsDenial | undefined {
    return denied('call', this.#purse.over(this.#total));
  }

  /** An attempt that runs needs more, or less: at once, or not at all. `onDenied`: where others have to be asked, and refuse. */
  hold(n: number, demand: Demand, onDenied?: (denial: Denial) => void): HoldResult {
    assert(this.#grant !== undefined, 'an attempt that runs has funds');
    const over = this.#overCaps(n, demand);
    if (over !== undefined) return { ok: false, why: over };
    const total = this.#purse.totalWith(n, demand);
    this.#gate.renew(this.#grant.ticket);
    const denial = this.#gate.adjust(this.#grant.reservation, { calls: 1, ...total }, onDenied);
    if (denial !== undefined) return { ok: false, why: { kind: 'account', denial } };
    this.#hold(n, demand);
    return { ok: true };
  }

  /** What was held under a number is free for other attempts of the call; its accounts still hold it, for who comes next. */
  give(n: number): void {
    this.#purse.give(n);
  }

  /** An attempt is over: what it used stays charged, what it had beyond that is free again. */
  end(n: number, used: Demand): void {
    for (const purse of this.#pursesOf(n)) {
      purse.give(n);
      purse.spend(used);
    }
    const reservation = this.#reservation;
    if (reservation === undefined || this.#purse.is_idle) return;
    // Growth can be refused when the attempt used more than it had; the settlement charges it all the same.
    this.#gate.adjust(reservation, { calls: 1, ...this.#total });
  }

  /**
   * Output tokens that accounts and caps allow attempt `n` in all, beside its input, the call's other attempts and what
   * it has spent; `Infinity` when nothing binds.
   */
  affordable(n: number, price: Price | undefined, in_tokens: number, now_ms: number): number {
    const left = this.#left(n);
    const by_accounts = this.#ledger.affordable(this.#accounts, price, in_tokens, now_ms, left.usd_nanos, this.#own(n));
    return Math.min(by_accounts, Math.max(0, left.tokens - in_tokens));
  }

  /** What accounts and caps leave attempt `n`, beside the call's other attempts and what it has spent, and who set that. */
  room(n: number, now_ms: number): Room {
    const left = this.#ledger.room(this.#accounts, now_ms, this.#own(n));
    const of_call = this.#left(n);
    return {
      tokens: Math.max(0, Math.min(left.tokens, of_call.tokens)),
      usd_nanos: Math.max(0, Math.min(left.usd_nanos, of_call.usd_nanos)),
      set_by: {
        tokens: of_call.tokens <= left.tokens ? 'call' : 'tenant',
        usd_micros: of_call.usd_nanos <= left.usd_nanos ? 'call' : 'tenant',
      },
    };
  }

  /** Ends the call's reservation and debits what was used. Returns whether there was one. */
  settle(): boolean {
    if (this.#grant === undefined) return false;
    const actual = { calls: 1, ...this.#purse.spent };
    this.#shared?.settle(actual);
    this.#gate.settle(this.#grant.ticket, FUNDS_PART, actual);
    this.#ended();
    return true;
  }

  /** Gives everything back: nothing was ever dispatched. */
  release(): void {
    if (this.#grant !== undefined) this.#gate.release(this.#grant.ticket, FUNDS_PART);
    this.#shared?.release();
    this.#ended();
  }

  #ended(): void {
    this.#grant = undefined;
    this.#purse.giveAll();
  }

  /** Undefined once its lease is over: nothing can change then but the settlement. */
  get #reservation(): Reservation | undefined {
    const reservation = this.#grant?.reservation;
    return reservation?.state === 'open' ? reservation : undefined;
  }

  get #total(): Demand {
    return this.#purse.totalWith(NOBODY, NO_DEMAND);
  }

  /** What the caps leave attempt `n`: those of the call, and of its own part. */
  #left(n: number): Demand {
    const left = this.#purse.left(n);
    const share = this.#shares?.get(n)?.left(n);
    if (share === undefined) return left;
    return { tokens: Math.min(left.tokens, share.tokens), usd_nanos: Math.min(left.usd_nanos, share.usd_nanos) };
  }

  /** Its reservation, and what of it is for others than attempt `n`. */
  #own(n: number): { readonly reservation: Reservation; readonly kept: Demand } | undefined {
    const reservation = this.#reservation;
    return reservation && { reservation, kept: this.#purse.totalWith(n, NO_DEMAND) };
  }

  #pursesOf(n: number): readonly Purse[] {
    const share = this.#shares?.get(n);
    return share === undefined ? [this.#purse] : [this.#purse, share];
  }

  #hold(n: number, demand: Demand): void {
    for (const purse of this.#pursesOf(n)) purse.hold(n, demand);
  }

  #overCaps(n: number, demand: Demand): FundsDenial | undefined {
    const of_call = denied('call', this.#purse.over(this.#purse.totalWith(n, demand)));
    const share = this.#shares?.get(n);
    return of_call ?? denied('share', share?.over(share.totalWith(n, demand)));
  }
}

/** The number under which a call holds what no attempt has yet; attempts count from 1. */
export const NOBODY = 0;

function denied(kind: 'call' | 'share', dimension: 'usd' | 'tokens' | undefined): FundsDenial | undefined {
  return dimension && { kind, dimension };
}

/** What is missing to a total; attempts that have ended may have left enough. */
function beyond(held: Demand, total: Demand): Amounts {
  const tokens = Math.max(0, total.tokens - held.tokens);
  return { calls: 0, tokens, usd_nanos: Math.max(0, total.usd_nanos - held.usd_nanos) };
}

export function demandOf(price: Price | undefined, in_tokens: number, out_tokens: number): Demand {
  return {
    tokens: in_tokens + out_tokens,
    usd_nanos: price === undefined ? 0 : reservedUsdNanos(price, in_tokens, out_tokens),
  };
}
