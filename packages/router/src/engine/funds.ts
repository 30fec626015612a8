import type { UpstreamCaller } from '@atp-router/adapters';
import {
  type AccountLedger,
  dayNumber,
  type Denial,
  formatDay,
  type Reservation,
  reservedUsdNanos,
  type ReservationQueue,
  type ReservationTicket,
} from '@atp-router/flow';
import { addUsdNanos, assert, type Price, type Qos, type UsdNanos } from '@atp-router/kernel';
import type { SharedHold, SharedRefusal } from './shared-hold.ts';

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

export type HoldResult = { readonly ok: true } | { readonly ok: false; readonly why: FundsDenial };

/**
 * The money and tokens of one call: one reservation on its accounts that grows and shrinks with the attempts in flight
 * and keeps what ended attempts have already used. Settled or released exactly once.
 */
export class CallFunds {
  readonly #ledger: AccountLedger;
  readonly #queue: ReservationQueue<() => void>;
  readonly #accounts: readonly string[];
  readonly #caps: CallCaps;
  readonly #shared: SharedHold | undefined;
  readonly #held: Map<number, Demand> = new Map();
  #spent_tokens = 0;
  #spent_usd_nanos: UsdNanos = 0;
  #reservation: Reservation | undefined;
  #day: number | undefined;
  #ticket: ReservationTicket<() => void> | undefined;

  constructor(
    ledger: AccountLedger,
    queue: ReservationQueue<() => void>,
    accounts: readonly string[],
    caps: CallCaps,
    shared?: SharedHold,
  ) {
    this.#ledger = ledger;
    this.#queue = queue;
    this.#accounts = accounts;
    this.#caps = caps;
    this.#shared = shared;
  }

  get is_open(): boolean {
    return this.#reservation !== undefined;
  }

  /** `waitFor` has not called back yet. */
  get is_waiting(): boolean {
    return this.#ticket !== undefined;
  }

  /** Others of its tenant wait for funds: a small call must not slip past a large one for ever. */
  get is_behind_others(): boolean {
    return this.#reservation === undefined && this.#queue.waiting(this.#accounts[0] ?? '') > 0;
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

  /** Takes an attempt's demand from every account and the call's own caps, or nothing. */
  hold(n: number, demand: Demand, now_ms: number): HoldResult {
    const total = this.#totalWith(n, demand);
    const over = this.#overCaps(total);
    if (over !== undefined) return { ok: false, why: over };
    if (this.#reservation === undefined) {
      const result = this.#ledger.reserve(this.#accounts, { calls: 1, ...total }, now_ms);
      if (!result.ok) return { ok: false, why: { kind: 'account', denial: result } };
      this.#granted(result.reservation);
    } else {
      const result = this.#ledger.adjust(this.#reservation, { calls: 1, ...total });
      if (!result.ok) return { ok: false, why: { kind: 'account', denial: result } };
    }
    this.#held.set(n, demand);
    return { ok: true };
  }

  /**
   * `at_limit: wait` for a call's first attempt: calls back when the demand was granted, or with what refused it, also
   * by refusing it until `until_mono_ms`. `now_ms` is the wall clock's, because daily budgets are.
   */
  waitFor(
    n: number,
    demand: Demand,
    qos: Qos,
    now_ms: number,
    until_mono_ms: number,
    done: (result: HoldResult) => void,
  ): void {
    const over = this.#overCaps(demand);
    if (over !== undefined) {
      done({ ok: false, why: over });
      return;
    }
    let denial: Denial | undefined;
    const ticket = this.#queue.reserve(this.#accounts, { calls: 1, ...demand }, qos, now_ms, until_mono_ms, () => {
      this.#ticket = undefined;
      const { state } = ticket;
      if (state.kind === 'granted') {
        this.#granted(state.reservation);
        this.#held.set(n, demand);
        done({ ok: true });
      } else if (state.kind === 'failed') done({ ok: false, why: { kind: 'fault', thrown: state.thrown } });
      else if (state.kind !== 'cancelled') {
        if ('denial' in state) denial = state.denial;
        assert(denial !== undefined, 'who waited was denied before');
        done({ ok: false, why: { kind: 'account', denial } });
      }
    });
    if (ticket.state.kind === 'waiting') {
      this.#ticket = ticket;
      denial = ticket.state.denial;
    } else ticket.owner();
  }

  /** An attempt is over: what it used stays charged, what it had beyond that is free again. */
  end(n: number, used: Demand): void {
    this.#held.delete(n);
    this.#spent_tokens += used.tokens;
    this.#spent_usd_nanos = addUsdNanos(this.#spent_usd_nanos, used.usd_nanos);
    if (this.#reservation === undefined || this.#held.size === 0) return;
    const total = this.#totalWith(0, NO_DEMAND);
    // Growth can be refused when the attempt used more than it had; the settlement charges it all the same.
    this.#ledger.adjust(this.#reservation, { calls: 1, ...total });
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
    this.cancelWait();
    const reservation = this.#reservation;
    if (reservation === undefined) return false;
    const actual = { calls: 1, tokens: this.#spent_tokens, usd_nanos: this.#spent_usd_nanos };
    this.#shared?.settle(actual);
    this.#ledger.settle(reservation, actual);
    this.#reservation = undefined;
    this.#held.clear();
    return true;
  }

  /** Gives everything back: nothing was ever dispatched. */
  release(): void {
    this.cancelWait();
    if (this.#reservation !== undefined) this.#ledger.release(this.#reservation);
    this.#shared?.release();
    this.#reservation = undefined;
    this.#held.clear();
  }

  cancelWait(): void {
    if (this.#ticket !== undefined) this.#queue.cancel(this.#ticket);
    this.#ticket = undefined;
  }

  #granted(reservation: Reservation): void {
    this.#reservation = reservation;
    this.#day = reservation.day;
    this.#shared?.chargeTo(formatDay(reservation.day));
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

const NO_DEMAND: Demand = { tokens: 0, usd_nanos: 0 };

export function demandOf(price: Price | undefined, in_tokens: number, out_tokens: number): Demand {
  return {
    tokens: in_tokens + out_tokens,
    usd_nanos: price === undefined ? 0 : reservedUsdNanos(price, in_tokens, out_tokens),
  };
}
