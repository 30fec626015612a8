import { assert, QOS_TIERS, type Qos, qosRank } from '@atp-router/kernel';
import type { AccountLedger, Reservation } from '../account-ledger.ts';
import type { Amounts, Denial } from '../amounts.ts';
import type { FairKey } from '../fair/fair-queue.ts';
import { IndexedHeap } from '../indexed-heap.ts';
import { Pool } from './pool.ts';
import { assertShares, NO_SHARES, type Shares } from './shares.ts';
import { takeParts } from './take-parts.ts';
import { type Part, type Refusal, Ticket } from './ticket.ts';

/** Two times, never one for the other: the wall clock's day decides budgets and may jump; waiting is monotone. */
export interface Now {
  readonly now_ms: number;
  readonly mono_ms: number;
}

export interface SchedulerLimits {
  /** Demands that wait at one account; a caller behind this many is better told at once. */
  readonly waiting_per_account: number;
  /** Demands that wait in all: about 1 KB each. */
  readonly waiting: number;
}

export const SCHEDULER_LIMITS: SchedulerLimits = { waiting_per_account: 1_000, waiting: 20_000 };

/** What others have to be told after an input, besides its own ticket. */
export interface Changes<T> {
  /** Granted, or refused for good; see `state`. */
  readonly decided: readonly Ticket<T>[];
  /** To be stopped: each is still granted until it is settled or released. */
  readonly preempted: readonly Ticket<T>[];
}

export interface Demand<T> {
  readonly owner: T;
  readonly key: FairKey;
  readonly parts: readonly Part[];
  /** How long it waits; undefined: not at all. */
  readonly until_mono_ms: number | undefined;
  readonly is_preemptible: boolean;
}

/**
 * Who may begin: demands on accounts of a ledger, each granted as a whole or not at all. One that does not fit waits at the
 * account that refused it, and is tried again when something comes back there. Nobody slips past those who wait at any of its
 * accounts. The order is that of `FairQueue` and `Pool`: parts of tiers, then tiers, then service in tokens.
 */
export class Scheduler<T> {
  readonly #ledger: AccountLedger;
  readonly #limits: SchedulerLimits;
  readonly #pools: Map<string, Pool<T>> = new Map();
  readonly #deadlines: IndexedHeap<Ticket<T>> = new IndexedHeap((a, b) => a.until_mono_ms < b.until_mono_ms);
  readonly #dirty: Set<Pool<T>> = new Set();
  #decided: Ticket<T>[] = [];
  #preempted: Ticket<T>[] = [];

  constructor(ledger: AccountLedger, limits: SchedulerLimits = SCHEDULER_LIMITS) {
    this.#ledger = ledger;
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#deadlines.size;
  }

  /** Monotone time at which `expire` wants to be called. */
  get deadline_mono_ms(): number | undefined {
    return this.#deadlines.peek()?.until_mono_ms;
  }

  pool(account: string): Pool<T> | undefined {
    return this.#pools.get(account);
  }

  /** Gives the tiers their parts of an account. */
  setShares(account: string, shares: Shares): void {
    assertShares(shares);
    const pool = this.#pools.get(account) ?? this.#open(account);
    pool.shares = shares;
    this.#forgetIdle(pool);
  }

  /** Granted or refused at once, or waits, as the ticket's state says; `changes` has the others. */
  request(demand: Demand<T>, now: Now): { readonly ticket: Ticket<T>; readonly changes: Changes<T> } {
    const until = Math.min(demand.until_mono_ms ?? now.mono_ms, demand.key.deadline_mono_ms);
    const { owner, key, parts, is_preemptible } = demand;
    const ticket = new Ticket(owner, key, parts, now.mono_ms, until, is_preemptible);
    const line = this.#lineFor(ticket, undefined);
    if (line === undefined) {
      const taken = takeParts(this.#ledger, parts, key.qos, now.now_ms);
      if (taken.ok) this.#granted(ticket, taken.reservations);
      else this.#wait(ticket, taken.denial, now);
    } else this.#wait(ticket, busy(line.account), now);
    const { decided, preempted } = this.#run(now);
    return { ticket, changes: { decided: decided.filter((other) => other !== ticket), preempted } };
  }

  /** The call has ended and used so much: debited on every account that it holds. `tokens` corrects its tenant's turn. */
  settle(ticket: Ticket<T>, actual: Amounts, now: Now): Changes<T> {
    for (const reservation of this.#end(ticket, actual.tokens)) this.#ledger.settle(reservation, actual);
    return this.#run(now);
  }

  /** It never began. */
  release(ticket: Ticket<T>, now: Now): Changes<T> {
    for (const reservation of this.#end(ticket, 0)) this.#ledger.release(reservation);
    return this.#run(now);
  }

  /** Leaves the queue. A ticket that is decided is left alone. */
  cancel(ticket: Ticket<T>, now: Now): Changes<T> {
    if (ticket.state.kind !== 'waiting') return NO_CHANGES;
    const pool = this.#leave(ticket);
    ticket.state = { kind: 'cancelled' };
    this.#dirty.add(pool);
    return this.#run(now);
  }

  /** Takes out everybody who has waited long enough: one of them may have stood in the way. */
  expire(now: Now): Changes<T> {
    for (let ticket = this.#deadlines.peek(); ticket !== undefined; ticket = this.#deadlines.peek()) {
      if (ticket.until_mono_ms > now.mono_ms || ticket.state.kind !== 'waiting') break;
      const { denial } = ticket.state;
      this.#dirty.add(this.#leave(ticket));
      this.#refuse(ticket, { kind: 'expired', denial });
    }
    return this.#run(now);
  }

  /** Something came back to an account from elsewhere, or a limit has changed; undefined: anywhere, or it is another day. */
  wake(account: string | undefined, now: Now): Changes<T> {
    if (account === undefined) for (const pool of this.#pools.values()) this.#dirty.add(pool);
    else this.#touch(account);
    return this.#run(now);
  }

  #granted(ticket: Ticket<T>, reservations: readonly Reservation[]): void {
    ticket.state = { kind: 'granted', reservations };
    if (this.#pools.size === 0) return;
    for (const account of ticket.accounts()) this.#pools.get(account)?.started(ticket);
  }

  /** What the ticket itself reserved; whoever had a reservation adjusted ends that himself. */
  #end(ticket: Ticket<T>, tokens: number): readonly Reservation[] {
    const { state, charge } = ticket;
    assert(state.kind === 'granted', 'only a granted demand ends');
    for (const account of ticket.accounts()) {
      const pool = this.#pools.get(account);
      if (pool === undefined) continue;
      pool.ended(ticket);
      this.#dirty.add(pool);
    }
    if (charge !== undefined) this.#pools.get(charge.account)?.queue.correct(charge.of, tokens);
    ticket.state = { kind: 'ended' };
    return state.reservations.filter((_, i) => ticket.parts[i]?.kind === 'reserve');
  }

  #wait(ticket: Ticket<T>, denial: Denial, now: Now): void {
    if (!denial.waitable || ticket.until_mono_ms <= now.mono_ms) ticket.state = { kind: 'denied', denial };
    else if (this.#makeRoom(ticket, denial)) {
      this.#deadlines.add(ticket);
      this.#line(ticket, denial);
    } else ticket.state = { kind: 'shed', denial };
  }

  /** At the limit, whoever came last of the worst tier makes room for a better one. */
  #makeRoom(ticket: Ticket<T>, denial: Denial): boolean {
    if (this.#deadlines.size >= this.#limits.waiting) return false;
    const queue = this.#pools.get(denial.account)?.queue;
    if (queue === undefined || queue.size < this.#limits.waiting_per_account) return true;
    for (const qos of WORST_FIRST) {
      const last = queue.newest(qos)?.owner;
      if (qosRank(qos) <= qosRank(ticket.key.qos)) return false;
      if (last?.state.kind !== 'waiting') continue;
      this.#leave(last);
      this.#refuse(last, { kind: 'shed', denial: last.state.denial });
      return true;
    }
    return false;
  }

  #line(ticket: Ticket<T>, denial: Denial): void {
    const { account } = denial;
    const pool = this.#pools.get(account) ?? this.#open(account);
    ticket.place = pool.queue.add(ticket, ticket.key);
    ticket.state = { kind: 'waiting', account, denial };
    this.#dirty.add(pool);
  }

  /** Out of its queue, for good. */
  #leave(ticket: Ticket<T>): Pool<T> {
    this.#deadlines.remove(ticket);
    return this.#unline(ticket);
  }

  #unline(ticket: Ticket<T>): Pool<T> {
    const { state, place } = ticket;
    assert(state.kind === 'waiting' && place !== undefined, 'a demand that waits has a place');
    const pool = this.#pools.get(state.account);
    assert(pool !== undefined, 'who waits, waits at an account that is known');
    pool.queue.remove(place);
    ticket.place = undefined;
    return pool;
  }

  /** An account at which others wait, and at which it has not had its turn. */
  #lineFor(ticket: Ticket<T>, at: Pool<T> | undefined): Pool<T> | undefined {
    if (this.#pools.size === 0) return undefined;
    for (const account of ticket.accounts()) {
      const pool = this.#pools.get(account);
      if (pool !== undefined && pool !== at && pool.queue.size > 0 && !ticket.passed.has(account)) return pool;
    }
    return undefined;
  }

  #run(now: Now): Changes<T> {
    for (const pool of this.#dirty) {
      this.#dirty.delete(pool);
      this.#serve(pool, now);
      this.#forgetIdle(pool);
    }
    if (this.#decided.length === 0 && this.#preempted.length === 0) return NO_CHANGES;
    const changes = { decided: this.#decided, preempted: this.#preempted };
    this.#decided = [];
    this.#preempted = [];
    return changes;
  }

  /** Grants what fits, in order, until the next one does not. */
  #serve(pool: Pool<T>, now: Now): void {
    const windows = this.#ledger.windows(pool.account);
    if (windows === undefined) return;
    for (let place = pool.next(windows); place !== undefined; place = pool.next(windows)) {
      const ticket = place.owner;
      const other = this.#lineFor(ticket, pool);
      if (other !== undefined) {
        this.#move(ticket, pool, busy(other.account));
        continue;
      }
      const taken = takeParts(this.#ledger, ticket.parts, ticket.key.qos, now.now_ms);
      if (taken.ok) this.#grantFrom(pool, ticket, taken.reservations);
      else if (taken.thrown !== undefined) this.#drop(ticket, { kind: 'failed', thrown: taken.thrown });
      else if (!taken.denial.waitable) this.#drop(ticket, { kind: 'denied', denial: taken.denial });
      else if (taken.denial.account !== pool.account) this.#move(ticket, pool, taken.denial);
      else {
        ticket.state = { kind: 'waiting', account: pool.account, denial: taken.denial };
        this.#preempt(pool, ticket);
        return;
      }
    }
  }

  #grantFrom(pool: Pool<T>, ticket: Ticket<T>, reservations: readonly Reservation[]): void {
    const { place } = ticket;
    assert(place !== undefined, 'a demand that waits has a place');
    ticket.charge = { account: pool.account, of: pool.queue.serve(place) };
    ticket.place = undefined;
    this.#deadlines.remove(ticket);
    this.#granted(ticket, reservations);
    this.#decided.push(ticket);
  }

  #drop(ticket: Ticket<T>, refusal: Refusal): void {
    this.#leave(ticket);
    this.#refuse(ticket, refusal);
  }

  #refuse(ticket: Ticket<T>, refusal: Refusal): void {
    ticket.state = refusal;
    this.#decided.push(ticket);
  }

  #move(ticket: Ticket<T>, from: Pool<T>, denial: Denial): void {
    ticket.passed.add(from.account);
    this.#unline(ticket);
    this.#line(ticket, denial);
  }

  #preempt(pool: Pool<T>, ticket: Ticket<T>): void {
    const windows = this.#ledger.windows(pool.account);
    const demand = demandAt(ticket, pool.account);
    if (windows === undefined || demand === undefined || !PREEMPTING.has(ticket.key.qos)) return;
    for (const victim of pool.victims(windows, ticket.key.qos, demand)) {
      pool.stopped(victim);
      this.#preempted.push(victim);
    }
  }

  #touch(account: string): void {
    const pool = this.#pools.get(account);
    if (pool !== undefined) this.#dirty.add(pool);
  }

  #open(account: string): Pool<T> {
    const pool = new Pool<T>(account, NO_SHARES);
    this.#pools.set(account, pool);
    return pool;
  }

  #forgetIdle(pool: Pool<T>): void {
    if (pool.is_idle) this.#pools.delete(pool.account);
  }
}

const NO_CHANGES: Changes<never> = { decided: [], preempted: [] };
const WORST_FIRST: readonly Qos[] = [...QOS_TIERS].reverse();
/** Silver has its part and its turn, and stops nobody. */
const PREEMPTING: ReadonlySet<Qos> = new Set(['gold']);

/** Others wait there already. */
function busy(account: string): Denial {
  return { ok: false, account, dimension: 'window_calls', limit: 0, available: 0, waitable: true };
}

function demandAt(ticket: Ticket<unknown>, account: string): Amounts | undefined {
  for (const part of ticket.parts) {
    if (part.kind === 'reserve' && part.accounts.includes(account)) return part.amounts;
  }
  return undefined;
}
