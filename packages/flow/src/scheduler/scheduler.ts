import { assert, type Qos } from '@atp-router/kernel';
import type { AccountLedger } from '../account-ledger.ts';
import type { Amounts, Denial } from '../amounts.ts';
import type { Reservation } from '../reservation.ts';
import { Arbiter } from './arbiter.ts';
import type { Changes, Now } from './changes.ts';
import { DEFAULT_SCHEDULER, type QueueOptions, type SchedulerOptions } from './options.ts';
import type { Pool } from './pool.ts';
import { takeParts } from './take-parts.ts';
import { type Demand, type Part, Ticket } from './ticket.ts';
import { WaitingRoom } from './waiting-room.ts';

/**
 * Who may begin: demands on accounts of a ledger, each granted as a whole or not at all. One that does not fit waits at the
 * account that refused it, and is tried again when something comes back there. Nobody slips past those who wait at any of its
 * accounts. The order is that of `FairQueue` and `Pool`: parts of tiers, then tiers, then service in tokens.
 *
 * What a demand was granted ends part by part, through `settle` or `release`. Without a clock: each call is told the time,
 * and `expire` has to be called when `due_mono_ms` has come.
 */
export class Scheduler<T> {
  readonly #ledger: AccountLedger;
  readonly #room: WaitingRoom<T>;
  readonly #arbiter: Arbiter<T>;

  constructor(ledger: AccountLedger, options: Partial<SchedulerOptions> = {}) {
    const all = { ...DEFAULT_SCHEDULER, ...options };
    this.#ledger = ledger;
    this.#room = new WaitingRoom(all);
    this.#arbiter = new Arbiter(ledger, this.#room, all.starvation);
  }

  /** Demands that wait, of a tier or in all. */
  waiting(qos?: Qos): number {
    return qos === undefined ? this.#room.size : this.#room.waiting(qos);
  }

  /** Demands of a tenant that wait, whatever for. */
  waitingOf(tenant: string): number {
    return this.#room.waitingOf(tenant);
  }

  /** Monotone time at which `expire` wants to be called. */
  get due_mono_ms(): number | undefined {
    return this.#room.due.peek()?.due_mono_ms;
  }

  /** The queue of an account; undefined where nobody has waited lately. */
  pool(account: string): Pool<T> | undefined {
    return this.#room.pools.get(account);
  }

  pools(): IterableIterator<Pool<T>> {
    return this.#room.pools.values();
  }

  /** Fairness of a tier, see `ServiceWindow`. */
  jain(qos: Qos, now: Now): number {
    return this.#arbiter.service.jain(qos, now.mono_ms);
  }

  /** Demands that may wait in all; those that do already stay. */
  setMaxWaiting(most: number): void {
    this.#room.max_waiting = most;
  }

  /** Gives an account's queue options of its own, or takes them away. Whoever fits now is granted by `wake`. */
  configure(account: string, options: QueueOptions | undefined): void {
    if (options === undefined && this.pool(account) === undefined) return;
    const pool = this.#room.open(account);
    pool.configure(options ?? {});
    this.#room.rest(pool);
  }

  /** Granted or refused at once, or waits, as the ticket's state says; `changes` has the others. */
  request(demand: Demand<T>, now: Now): { readonly ticket: Ticket<T>; readonly changes: Changes<T> } {
    const ticket = new Ticket(demand, now.mono_ms);
    const line = this.#room.lineFor(ticket, undefined);
    if (line === undefined) {
      const taken = takeParts(this.#ledger, ticket.parts, ticket.key.qos, now.now_ms);
      if (taken.ok) this.#arbiter.grant(ticket, taken.reservations, now);
      else if (taken.denial === undefined) ticket.state = { kind: 'failed', thrown: taken.thrown };
      else this.#wait(ticket, taken.denial, now);
    } else this.#wait(ticket, line.busy(this.#ledger.windows(line.account)), now);
    const changes = this.#arbiter.run(now);
    if (!changes.decided.includes(ticket)) return { ticket, changes };
    return { ticket, changes: { ...changes, decided: changes.decided.filter((other) => other !== ticket) } };
  }

  /** How long a demand that an account refused had better wait before it comes again; undefined when nothing is known. */
  wait_ms(account: string, qos: Qos, now: Now): number | undefined {
    const pool = this.pool(account);
    return pool?.pace.wait_ms(pool.ahead(qos), now.mono_ms);
  }

  /** A reserved part has ended and used so much, also when its lease had lapsed. */
  settle(ticket: Ticket<T>, part: number, actual: Amounts, now: Now): Changes<T> {
    this.#ledger.settle(reservationOf(ticket, part), actual);
    this.#arbiter.end(ticket, part, actual.tokens, now);
    return this.#arbiter.run(now);
  }

  /** A reserved part used nothing: it never began. */
  release(ticket: Ticket<T>, part: number, now: Now): Changes<T> {
    this.#ledger.release(reservationOf(ticket, part));
    this.#arbiter.end(ticket, part, 0, now);
    return this.#arbiter.run(now);
  }

  /**
   * A reserved part whose amounts another reservation had taken over has ended after so many tokens: what its tenant was
   * charged in the queue is corrected, and nothing is debited.
   */
  conclude(ticket: Ticket<T>, part: number, tokens: number, now: Now): Changes<T> {
    this.#ledger.release(reservationOf(ticket, part));
    this.#arbiter.end(ticket, part, tokens, now);
    return this.#arbiter.run(now);
  }

  /** A reservation is to hold so much at once, without a queue: what runs goes before what waits. Less always fits. */
  adjust(
    reservation: Reservation,
    amounts: Amounts,
    now: Now,
  ): { readonly denial: Denial | undefined; readonly changes: Changes<T> } {
    const result = this.#ledger.adjust(reservation, amounts);
    // Growth too may change whose turn it is: a tier that has its part now is not before others any more.
    if (result.ok) for (const use of reservation.uses) this.#arbiter.touch(use.account.id);
    return { denial: result.ok ? undefined : result, changes: this.#arbiter.run(now) };
  }

  /** A demand that waits takes other parts from now on, on the same accounts, and keeps its place in the line. */
  replace(ticket: Ticket<T>, parts: readonly Part[], now: Now): Changes<T> {
    const { state } = ticket;
    assert(state.kind === 'waiting', 'only a demand that waits may change');
    ticket.parts = parts;
    assert(ticket.partAt(state.account) !== undefined, 'a demand goes on waiting where it does');
    ticket.due_mono_ms = ticket.patience(state.account, now.mono_ms);
    this.#room.due.moved(ticket);
    this.#arbiter.touch(state.account);
    return this.#arbiter.run(now);
  }

  /** Its holder lives: the lease begins anew. */
  renew(ticket: Ticket<T>, now: Now): void {
    if (ticket.state.kind !== 'granted' || ticket.heap_at === -1) return;
    ticket.due_mono_ms = now.mono_ms + ticket.lease_ms;
    this.#room.due.moved(ticket);
  }

  /** Leaves the queue. A ticket that is decided is left alone. */
  cancel(ticket: Ticket<T>, now: Now): Changes<T> {
    if (ticket.state.kind === 'waiting') {
      this.#arbiter.touched(this.#room.leave(ticket));
      ticket.state = { kind: 'cancelled' };
    }
    return this.#arbiter.run(now);
  }

  /** Takes out everybody who has waited long enough, and ends leases that are over. */
  expire(now: Now): Changes<T> {
    for (let ticket = this.#room.due.peek(); ticket !== undefined; ticket = this.#room.due.peek()) {
      if (ticket.due_mono_ms > now.mono_ms) break;
      if (ticket.state.kind === 'waiting') this.#arbiter.giveUp(ticket, now);
      else this.#arbiter.lapse(ticket, now);
    }
    return this.#arbiter.run(now);
  }

  /** Something came back to an account from elsewhere, or a limit has changed; undefined: anywhere, or it is another day. */
  wake(account: string | undefined, now: Now): Changes<T> {
    if (account === undefined) for (const pool of this.#room.pools.values()) this.#arbiter.touched(pool);
    else this.#arbiter.touch(account);
    return this.#arbiter.run(now);
  }

  #wait(ticket: Ticket<T>, denial: Denial, now: Now): void {
    const is_patient = ticket.patience(denial.account, now.mono_ms) > now.mono_ms;
    if (!denial.waitable || !is_patient) {
      ticket.state = { kind: 'denied', denial };
      // From now on it is known how fast this account grants, for whoever is told to come again.
      if (denial.waitable) this.#room.rest(this.#room.open(denial.account));
      return;
    }
    if (!this.#arbiter.join(ticket, denial, now)) ticket.state = { kind: 'shed', denial };
    assert(ticket.state.kind !== 'cancelled', 'a demand waits or was refused');
  }
}

function reservationOf<T>({ state, parts }: Ticket<T>, part: number): Reservation {
  assert(state.kind === 'granted' || state.kind === 'lapsed', 'only what was granted ends');
  assert(
    parts[part]?.kind === 'reserve',
    'a part that reserved something ends; one that grew ends with its reservation',
  );
  const reservation = state.reservations[part] as Reservation;
  assert(
    reservation.state === 'open' || reservation.state === 'lapsed',
    'a part ends once: it was settled or released before',
  );
  return reservation;
}
