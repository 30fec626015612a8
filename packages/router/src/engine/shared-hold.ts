import type { AccountLimits, Amounts, Denial } from '@atp-router/flow';
import { AtpError, isAtpError, toAtpError, utcDay } from '@atp-router/kernel';
import type { CallHead } from '@atp-router/ledger';
import { tenantAccount } from '../generation/accounts.ts';
import type { Faults } from './faults.ts';
import { hasDailyBudget, type SharedAccount, type SharedBudgets } from './shared-budgets.ts';

/** Why other routers' spending, or a store out of reach, keeps a call from going on. */
export type SharedRefusal = Denial | AtpError;

/** What the call holds in all; it is one call, whatever it holds. */
type Total = Pick<Amounts, 'tokens' | 'usd_nanos'>;

interface Wish {
  total: Total;
  /** What is enough if a budget refuses the rest. */
  least: Total;
  /** A stream's growth: of several that wait, the largest is enough. */
  readonly growth: boolean;
  readonly done: (refusal: SharedRefusal | undefined) => void;
}

type Phase =
  /** Nothing was ever asked for, or all of it refused. */
  | { readonly kind: 'none' }
  | { readonly kind: 'held'; readonly secured: Total }
  /** The store did not say whether the reservation was made, so it is not asked for a second one. */
  | { readonly kind: 'unknown'; readonly error: AtpError };

type End = { readonly kind: 'settled'; readonly actual: Amounts } | { readonly kind: 'released' };

/**
 * The part of a call's funds that other routers see: one reservation in the shared store, which grows and never shrinks
 * until the call ends. Asks one thing at a time, so that the end always comes after whatever is still on its way.
 */
export class SharedHold {
  readonly #budgets: SharedBudgets;
  readonly #call_id: string;
  #account: SharedAccount;
  readonly #faults: Faults;
  readonly #wishes: Wish[] = [];
  #phase: Phase = { kind: 'none' };
  #end: End | undefined;
  #busy = false;

  constructor(budgets: SharedBudgets, call_id: string, account: SharedAccount, faults: Faults) {
    this.#budgets = budgets;
    this.#call_id = call_id;
    this.#account = account;
    this.#faults = faults;
  }

  /** The UTC day, `YYYY-MM-DD`, that granted the call's funds in this process. Before anything is asked for. */
  chargeTo(day: string): void {
    this.#account = { ...this.#account, day };
  }

  /** Calls back once the store holds `total` for the call, at once when it does already. */
  cover(total: Total, done: (refusal: SharedRefusal | undefined) => void): void {
    this.#ask({ total, least: total, growth: false, done });
  }

  /**
   * A stream grew to `least` and would have `total` ahead. Calls back only when a budget refuses even `least`: an
   * unreachable store does not stop tokens that are being made already, and what they cost is charged at the end.
   */
  grow(total: Total, least: Total, onDenied: (denial: Denial) => void): void {
    const waiting = this.#wishes.find((wish) => wish.growth);
    if (waiting !== undefined) {
      waiting.total = total;
      waiting.least = least;
      return;
    }
    this.#ask({
      total,
      least,
      growth: true,
      done: (refusal) => {
        if (refusal !== undefined && !isAtpError(refusal)) onDenied(refusal);
      },
    });
  }

  /** Ends the reservation and charges `actual`. Once, as `release`. */
  settle(actual: Amounts): void {
    this.#close({ kind: 'settled', actual });
  }

  release(): void {
    this.#close({ kind: 'released' });
  }

  #ask(wish: Wish): void {
    if (!this.#busy && this.#covers(wish.total)) wish.done(undefined);
    else {
      this.#wishes.push(wish);
      if (!this.#busy) void this.#work();
    }
  }

  /** Never rejects: nobody waits for it. */
  async #work(): Promise<void> {
    this.#busy = true;
    for (let wish = this.#wishes.shift(); wish !== undefined; wish = this.#wishes.shift()) {
      const { done } = wish;
      const refusal = this.#end === undefined ? await this.#grant(wish) : over();
      this.#faults.safely(() => done(refusal));
    }
    this.#busy = false;
    if (this.#end !== undefined) this.#tellEnd(this.#end);
  }

  /** All of a wish, or what is enough of it. */
  async #grant({ total, least }: Wish): Promise<SharedRefusal | undefined> {
    const refusal = await this.#take(total);
    if (refusal === undefined || isAtpError(refusal)) return refusal;
    if (total.tokens <= least.tokens && total.usd_nanos <= least.usd_nanos) return refusal;
    return this.#end === undefined ? this.#take(least) : over();
  }

  async #take(total: Total): Promise<SharedRefusal | undefined> {
    const phase = this.#phase;
    if (phase.kind === 'unknown') return phase.error;
    if (this.#covers(total)) return undefined;
    try {
      return phase.kind === 'held' ? await this.#extend(phase.secured, total) : await this.#reserve(total);
    } catch (caught) {
      const error = toAtpError(caught);
      if (phase.kind === 'none') this.#phase = { kind: 'unknown', error };
      return error;
    }
  }

  async #reserve(total: Total): Promise<Denial | undefined> {
    const denial = await this.#budgets.reserve(this.#call_id, this.#account, { calls: 1, ...total });
    if (denial === undefined) this.#phase = { kind: 'held', secured: total };
    return denial;
  }

  async #extend(secured: Total, total: Total): Promise<Denial | undefined> {
    const tokens = Math.max(0, total.tokens - secured.tokens);
    const usd_nanos = Math.max(0, total.usd_nanos - secured.usd_nanos);
    const denial = await this.#budgets.extend(this.#call_id, this.#account, { calls: 0, tokens, usd_nanos });
    if (denial === undefined) {
      const grown = { tokens: secured.tokens + tokens, usd_nanos: secured.usd_nanos + usd_nanos };
      this.#phase = { kind: 'held', secured: grown };
    }
    return denial;
  }

  #covers(total: Total): boolean {
    if (this.#phase.kind !== 'held') return false;
    const { secured } = this.#phase;
    return total.tokens <= secured.tokens && total.usd_nanos <= secured.usd_nanos;
  }

  #close(end: End): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    if (!this.#busy) this.#tellEnd(end);
  }

  #tellEnd(end: End): void {
    if (this.#phase.kind === 'none') return;
    this.#phase = { kind: 'none' };
    this.#faults.safely(() => {
      if (end.kind === 'settled') this.#budgets.settle(this.#call_id, end.actual);
      else this.#budgets.release(this.#call_id);
    });
  }
}

/** Nobody waits for it any more; whoever still does is told that the call is over. */
function over(): AtpError {
  return new AtpError('request_cancelled', 'The call ended while its budget was being checked.');
}

/** A call's shared hold; undefined when nothing is shared, or its tenant has no daily budget. */
export function sharedHoldOf(
  budgets: SharedBudgets | undefined,
  { call_id, tenant, started_ms }: CallHead,
  limits: AccountLimits,
  faults: Faults,
): SharedHold | undefined {
  if (budgets === undefined || !hasDailyBudget(limits)) return undefined;
  return new SharedHold(budgets, call_id, { id: tenantAccount(tenant), limits, day: utcDay(started_ms) }, faults);
}
