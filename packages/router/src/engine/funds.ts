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
import { addUsdNanos, assert, type Price, type UsdNanos } from '@atp-router/kernel';
import type { Gate, GateTicket } from './gate.ts';
import type { SharedHold, SharedRefusal } from './shared-hold.ts';

/** What an attempt asks for: the call's funds, and a place at its target. */
export const FUNDS_PART = 0;
export const PLACE_PART = 1;

export interface Demand {
  readonly tokens: number;
  readonly usd_nanos: UsdNanos;
}

/** What the call itself may cost, whatever its tenant could afford: `x-atp-max-usd` and the policy's budget. */
export interface CallCaps {
  readonly usd_nanos: UsdNanos;
  readonly tokens: number;
}

export interface Room extends Demand {
  readonly set_by: NonNullable<UpstreamCaller['budget_set_by']>;
}

export const NO_CAPS: CallCaps = { usd_nanos: Number.POSITIVE_INFINITY, tokens: Number.POSITIVE_INFINITY };

export type FundsDenial =
  | { readonly kind: 'account'; readonly denial: Denial }
  | { readonly kind: 'call'; readonly dimension: 'usd' | 'tokens' }
  /** The ledger threw while the call waited. */
  | { readonly kind: 'fault'; readonly thrown: unknown };

/** Whether it is a reason, and not what was asked for. */
export function isDenied(answer: object): answer is FundsDenial {
  return 'kind' in answer && (answer.kind === 'account' || answer.kind === 'call' || answer.kind === 'fault');
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
  readonly #caps: CallCaps;
  readonly #shared: SharedHold | undefined;
  readonly #held: Map<number, Demand> = new Map();
  #spent_tokens = 0;
  #spent_usd_nanos: UsdNanos = 0;
  #grant: Grant | undefined;
  #day: number | undefined;

  constructor(ledger: AccountLedger, gate: Gate, accounts: readonly string[], caps: CallCaps, shared?: SharedHold) {
    this.#ledger = ledger;
    this.#gate = gate;
    this.#accounts = accounts;
    this.#caps = caps;
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

  /** Calls back once the shared store holds what is held here, at once when it does already. */
  secure(done: (refusal: SharedRefusal | undefined) => void): void {
    if (this.#shared === undefined) done(undefined);
    else this.#shared.cover(this.#totalWith(0, NO_DEMAND), done);
  }

  /**
   * As `secure`, for a stream that nobody stops to wait: calls back only with a refusal of `least`, what attempt `n` has
   * used already.
   */
  grow(n: number, least: Demand, onDenied: (denial: Denial) => void): void {
    this.#shared?.grow(this.#totalWith(0, NO_DEMAND), this.#totalWith(n, least), onDenied);
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
    const total = this.#totalWith(n, demand);
    const over = this.#overCaps(total);
    if (over !== undefined) return over;
    const grant = this.#grant;
    if (grant !== undefined)
      return { kind: 'grow', reservation: grant.reservation, by: beyond(grant.reservation, total) };
    return { kind: 'reserve', accounts: this.#accounts, amounts: { calls: 1, ...total }, wait_ms };
  }

  /** An attempt was granted what `part` said. Returns whether the call has its funds since then. */
  granted(n: number, demand: Demand, ticket: GateTicket): boolean {
    assert(ticket.state.kind === 'granted', 'what was granted');
    this.#held.set(n, demand);
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
    return this.#overCaps(this.#totalWith(0, NO_DEMAND));
  }

  /** An attempt that runs needs more, or less: at once, or not at all. `onDenied`: where others have to be asked, and refuse. */
  hold(n: number, demand: Demand, onDenied?: (denial: Denial) => void): HoldResult {
    assert(this.#grant !== undefined, 'an attempt that runs has funds');
    const total = this.#totalWith(n, demand);
    const over = this.#overCaps(total);
    if (over !== undefined) return { ok: false, why: over };
    this.#gate.renew(this.#grant.ticket);
    const denial = this.#gate.adjust(this.#grant.reservation, { calls: 1, ...total }, onDenied);
    if (denial !== undefined) return { ok: false, why: { kind: 'account', denial } };
    this.#held.set(n, demand);
    return { ok: true };
  }

  /** What was held under a number is free for other attempts of the call; its accounts still hold it, for who comes next. */
  give(n: number): void {
    this.#held.delete(n);
  }

  /** An attempt is over: what it used stays charged, what it had beyond that is free again. */
  end(n: number, used: Demand): void {
    this.#held.delete(n);
    this.#spent_tokens += used.tokens;
    this.#spent_usd_nanos = addUsdNanos(this.#spent_usd_nanos, used.usd_nanos);
    const reservation = this.#reservation;
    if (reservation === undefined || this.#held.size === 0) return;
    const total = this.#totalWith(0, NO_DEMAND);
    // Growth can be refused when the attempt used more than it had; the settlement charges it all the same.
    this.#gate.adjust(reservation, { calls: 1, ...total });
  }

  /**
   * Output tokens that accounts and caps allow attempt `n` in all, beside its input, the call's other attempts and what
   * it has spent; `Infinity` when nothing binds.
   */
  affordable(n: number, price: Price | undefined, in_tokens: number, now_ms: number): number {
    const kept = this.#totalWith(n, NO_DEMAND);
    const own = this.#reservation && { reservation: this.#reservation, kept };
    const usd_left = this.#caps.usd_nanos - kept.usd_nanos;
    const by_accounts = this.#ledger.affordable(this.#accounts, price, in_tokens, now_ms, usd_left, own);
    const by_tokens = Math.max(0, this.#caps.tokens - kept.tokens - in_tokens);
    return Math.min(by_accounts, by_tokens);
  }

  /** What accounts and caps leave attempt `n`, beside the call's other attempts and what it has spent, and who set that. */
  room(n: number, now_ms: number): Room {
    const kept = this.#totalWith(n, NO_DEMAND);
    const own = this.#reservation && { reservation: this.#reservation, kept };
    const left = this.#ledger.room(this.#accounts, now_ms, own);
    const of_call = { tokens: this.#caps.tokens - kept.tokens, usd_nanos: this.#caps.usd_nanos - kept.usd_nanos };
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
    const actual = { calls: 1, tokens: this.#spent_tokens, usd_nanos: this.#spent_usd_nanos };
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
    this.#held.clear();
  }

  /** Undefined once its lease is over: nothing can change then but the settlement. */
  get #reservation(): Reservation | undefined {
    const reservation = this.#grant?.reservation;
    return reservation?.state === 'open' ? reservation : undefined;
  }

  #totalWith(n: number, demand: Demand): Demand {
    let tokens = this.#spent_tokens + demand.tokens;
    let usd_nanos = this.#spent_usd_nanos + demand.usd_nanos;
    for (const [key, held] of this.#held) {
      if (key === n) continue;
      tokens += held.tokens;
      usd_nanos += held.usd_nanos;
    }
    return { tokens, usd_nanos };
  }

  #overCaps(total: Demand): FundsDenial | undefined {
    if (total.usd_nanos > this.#caps.usd_nanos) return { kind: 'call', dimension: 'usd' };
    if (total.tokens > this.#caps.tokens) return { kind: 'call', dimension: 'tokens' };
    return undefined;
  }
}

/** What is missing to a total; attempts that have ended may have left enough. */
function beyond(held: Demand, total: Demand): Amounts {
  const tokens = Math.max(0, total.tokens - held.tokens);
  return { calls: 0, tokens, usd_nanos: Math.max(0, total.usd_nanos - held.usd_nanos) };
}

const NO_DEMAND: Demand = { tokens: 0, usd_nanos: 0 };

export function demandOf(price: Price | undefined, in_tokens: number, out_tokens: number): Demand {
  return {
    tokens: in_tokens + out_tokens,
    usd_nanos: price === undefined ? 0 : reservedUsdNanos(price, in_tokens, out_tokens),
  };
}
