import { assert, type Qos } from '@atp-router/kernel';
import type { AccountLedger } from './account-ledger.ts';
import type { Reservation } from './reservation.ts';
import type { Amounts, Denial } from './amounts.ts';
import { DeadlineHeap, takeExpired, type Waiter, WaitQueue } from './wait-queue.ts';

/** Per tenant; a caller behind this many others is better told at once. */
export const DEFAULT_MAX_WAITING = 1_000;

export type ReservationState =
  | { readonly kind: 'granted'; readonly reservation: Reservation }
  | { readonly kind: 'waiting'; readonly denial: Denial }
  | { readonly kind: 'denied'; readonly denial: Denial }
  | { readonly kind: 'expired' }
  /** The ledger threw over this demand: its own owner hears of it, and nobody else in the queue. */
  | { readonly kind: 'failed'; readonly thrown: unknown }
  | { readonly kind: 'cancelled' };

/** One demand on the accounts. `waiting` becomes one of the other kinds; a granted reservation belongs to the caller. */
export class ReservationTicket<T> {
  readonly accounts: readonly string[];
  readonly amounts: Amounts;
  readonly owner: T;
  state: ReservationState;
  waiter: Waiter<ReservationTicket<T>> | undefined = undefined;

  constructor(accounts: readonly string[], amounts: Amounts, owner: T, state: ReservationState) {
    this.accounts = accounts;
    this.amounts = amounts;
    this.owner = owner;
    this.state = state;
  }
}

/**
 * `at_limit: wait` for tenants: a demand that does not fit now but may fit when something outstanding comes back waits,
 * by tier and then arrival, in the queue of its first account. Nobody of the same or a worse tier overtakes, so a large
 * demand is not starved by small ones. After each settle, release, changed limit or new UTC day the driver calls `wake`.
 *
 * It is told two times, and never one for the other: `now_ms` is the wall clock's, which decides the day of a budget and
 * may jump; `mono_ms` is monotonic, so that a jump neither ends nor lengthens a wait.
 */
export class ReservationQueue<T> {
  readonly #ledger: AccountLedger;
  readonly #queues: Map<string, WaitQueue<ReservationTicket<T>>> = new Map();
  readonly #heap: DeadlineHeap<ReservationTicket<T>> = new DeadlineHeap();
  readonly #max_waiting: number;

  constructor(ledger: AccountLedger, max_waiting_per_account: number = DEFAULT_MAX_WAITING) {
    this.#ledger = ledger;
    this.#max_waiting = max_waiting_per_account;
  }

  /**
   * `granted`, `waiting`, or `denied` with the limit that refused: also when the queue is full, or when nobody waits
   * because `until_mono_ms` is undefined.
   */
  reserve(
    accounts: readonly string[],
    amounts: Amounts,
    qos: Qos,
    now_ms: number,
    until_mono_ms: number | undefined,
    owner: T,
  ): ReservationTicket<T> {
    const queue = this.#queues.get(first(accounts));
    const head = queue?.isAheadOf(qos) ? queue.peek()?.owner.state : undefined;
    const result = this.#ledger.reserve(accounts, amounts, now_ms);
    if (result.ok && head === undefined) {
      return new ReservationTicket(accounts, amounts, owner, { kind: 'granted', reservation: result.reservation });
    }
    if (result.ok) this.#ledger.release(result.reservation);
    const denial = result.ok ? denialOf(head) : result;
    const ticket = new ReservationTicket(accounts, amounts, owner, { kind: 'denied', denial });
    if (denial.waitable && until_mono_ms !== undefined) this.#wait(ticket, denial, qos, until_mono_ms);
    return ticket;
  }

  /** Serves those who wait, at one account or at all; returns every ticket that was granted, denied for good, or failed. */
  wake(now_ms: number, account?: string): readonly ReservationTicket<T>[] {
    if (this.#queues.size === 0) return [];
    const done: ReservationTicket<T>[] = [];
    if (account === undefined) {
      for (const queue of this.#queues.values()) this.#serve(queue, now_ms, done);
    } else {
      const queue = this.#queues.get(account);
      if (queue !== undefined) this.#serve(queue, now_ms, done);
    }
    return done;
  }

  /** Leaves the queue; releases a reservation that was granted and is still open. Wake the account afterwards. */
  cancel(ticket: ReservationTicket<T>): void {
    if (ticket.state.kind === 'waiting') this.#leave(ticket);
    else if (ticket.state.kind === 'granted' && ticket.state.reservation.state === 'open') {
      this.#ledger.release(ticket.state.reservation);
    } else return;
    ticket.state = { kind: 'cancelled' };
  }

  /** Takes out everybody who has waited long enough. Wake afterwards: one of them may have stood in the way. */
  expire(mono_ms: number): readonly ReservationTicket<T>[] {
    const expired = takeExpired(this.#heap, mono_ms);
    for (const ticket of expired) {
      ticket.state = { kind: 'expired' };
      this.#forgetEmpty(first(ticket.accounts));
    }
    return expired;
  }

  nextDeadline_mono_ms(): number | undefined {
    return this.#heap.next_ms();
  }

  waiting(account: string): number {
    return this.#queues.get(account)?.size ?? 0;
  }

  #wait(ticket: ReservationTicket<T>, denial: Denial, qos: Qos, until_mono_ms: number): void {
    const account = first(ticket.accounts);
    let queue = this.#queues.get(account);
    if (queue === undefined) {
      queue = new WaitQueue(this.#max_waiting, this.#heap);
      this.#queues.set(account, queue);
    }
    ticket.waiter = queue.add(ticket, qos, until_mono_ms);
    if (ticket.waiter !== undefined) ticket.state = { kind: 'waiting', denial };
    else this.#forgetEmpty(account);
  }

  #serve(queue: WaitQueue<ReservationTicket<T>>, now_ms: number, done: ReservationTicket<T>[]): void {
    for (let head = queue.peek(); head !== undefined; head = queue.peek()) {
      const ticket = head.owner;
      const state = this.#try(ticket, now_ms);
      if (state.kind === 'waiting') {
        ticket.state = state;
        return;
      }
      this.#leave(ticket);
      ticket.state = state;
      done.push(ticket);
    }
  }

  #try({ accounts, amounts }: ReservationTicket<T>, now_ms: number): ReservationState {
    try {
      const result = this.#ledger.reserve(accounts, amounts, now_ms);
      if (result.ok) return { kind: 'granted', reservation: result.reservation };
      return { kind: result.waitable ? 'waiting' : 'denied', denial: result };
    } catch (thrown) {
      return { kind: 'failed', thrown };
    }
  }

  #leave(ticket: ReservationTicket<T>): void {
    const waiter = ticket.waiter;
    assert(waiter !== undefined, 'a waiting ticket has a place in a queue');
    waiter.queue.remove(waiter);
    this.#forgetEmpty(first(ticket.accounts));
  }

  #forgetEmpty(account: string): void {
    if (this.#queues.get(account)?.size === 0) this.#queues.delete(account);
  }
}

function first(accounts: readonly string[]): string {
  const account = accounts[0];
  assert(account !== undefined, 'a reservation names at least one account');
  return account;
}

function denialOf(state: ReservationState | undefined): Denial {
  assert(state?.kind === 'waiting', 'the head of a queue is waiting');
  return state.denial;
}
