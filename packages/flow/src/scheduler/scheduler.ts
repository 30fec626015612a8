import { assert, type Qos } from '@atp-router/kernel';
import type { AccountLedger, Reservation } from '../account-ledger.ts';
import type { Amounts, Denial } from '../amounts.ts';
import type { FairKey } from '../fair/fair-queue.ts';
import { StarvationGuard } from '../fair/starvation.ts';
import { DEFAULT_SCHEDULER, type SchedulerOptions } from './options.ts';
import type { Pool } from './pool.ts';
import { assertShares, type Shares } from './shares.ts';
import { takeParts } from './take-parts.ts';
import { type Part, type Refusal, Ticket } from './ticket.ts';
import { WaitingRoom } from './waiting-room.ts';

/** Two times, never one for the other: the wall clock's day decides budgets and may jump; waiting is monotone. */
export interface Now {
  readonly now_ms: number;
  readonly mono_ms: number;
}

/** What others have to be told after an input, besides its own ticket. */
export interface Changes<T> {
  /** Granted, or refused for good; see `state`. */
  readonly decided: readonly Ticket<T>[];
  /** To be stopped: each is still granted until it is settled or released. */
  readonly preempted: readonly Ticket<T>[];
  /** Accounts whose pressure began or is over. */
  readonly marks: readonly { readonly account: string; readonly is_high: boolean }[];
  /** Tenants that are given more weight for a while. */
  readonly starving: readonly { readonly qos: Qos; readonly tenant: string }[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? I[] : T[K] };

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
  readonly #starvation: StarvationGuard;
  readonly #room: WaitingRoom<T>;
  readonly #dirty: Set<Pool<T>> = new Set();
  readonly #none: Changes<T> = { decided: [], preempted: [], marks: [], starving: [] };
  /** What the present input has changed. */
  #changes: Mutable<Changes<T>> | undefined;

  constructor(ledger: AccountLedger, options: Partial<SchedulerOptions> = {}) {
    this.#ledger = ledger;
    const all = { ...DEFAULT_SCHEDULER, ...options };
    this.#room = new WaitingRoom(all);
    this.#starvation = new StarvationGuard(all.starvation);
  }

  get waiting(): number {
    return this.#room.deadlines.size;
  }

  /** Monotone time at which `expire` wants to be called. */
  get deadline_mono_ms(): number | undefined {
    return this.#room.deadlines.peek()?.until_mono_ms;
  }

  pool(account: string): Pool<T> | undefined {
    return this.#room.pools.get(account);
  }

  /** Gives the tiers their parts of an account. */
  setShares(account: string, shares: Shares): void {
    assertShares(shares);
    const pool = this.#room.pools.get(account) ?? this.#room.open(account);
    pool.shares = shares;
    this.#room.forgetIdle(pool);
  }

  /** Granted or refused at once, or waits, as the ticket's state says; `changes` has the others. */
  request(demand: Demand<T>, now: Now): { readonly ticket: Ticket<T>; readonly changes: Changes<T> } {
    const until = Math.min(demand.until_mono_ms ?? now.mono_ms, demand.key.deadline_mono_ms);
    const { owner, key, parts, is_preemptible } = demand;
    const ticket = new Ticket(owner, key, parts, now.mono_ms, until, is_preemptible);
    const line = this.#room.lineFor(ticket, undefined);
    if (line === undefined) {
      const taken = takeParts(this.#ledger, parts, key.qos, now.now_ms);
      if (taken.ok) this.#granted(ticket, taken.reservations);
      else if (taken.denial === undefined) ticket.state = { kind: 'failed', thrown: taken.thrown };
      else this.#wait(ticket, taken.denial, now);
    } else this.#wait(ticket, busy(line.account), now);
    const changes = this.#run(now);
    if (changes === this.#none) return { ticket, changes };
    return { ticket, changes: { ...changes, decided: changes.decided.filter((other) => other !== ticket) } };
  }

  /** How long a demand that was refused at an account had better wait before it comes again; undefined when nothing is known. */
  wait_ms(account: string, qos: Qos, now: Now): number | undefined {
    const pool = this.#room.pools.get(account);
    return pool?.pace.wait_ms(pool.ahead(qos), now.mono_ms);
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
    if (ticket.state.kind !== 'waiting') return this.#none;
    const pool = this.#room.leave(ticket);
    ticket.state = { kind: 'cancelled' };
    this.#dirty.add(pool);
    return this.#run(now);
  }

  /** Takes out everybody who has waited long enough: one of them may have stood in the way. */
  expire(now: Now): Changes<T> {
    for (let ticket = this.#room.deadlines.peek(); ticket !== undefined; ticket = this.#room.deadlines.peek()) {
      if (ticket.until_mono_ms > now.mono_ms || ticket.state.kind !== 'waiting') break;
      const { denial } = ticket.state;
      const pool = this.#room.leave(ticket);
      this.#dirty.add(pool);
      this.#waited(pool, ticket, now);
      this.#refuse(ticket, { kind: 'expired', denial });
    }
    return this.#run(now);
  }

  /** Something came back to an account from elsewhere, or a limit has changed; undefined: anywhere, or it is another day. */
  wake(account: string | undefined, now: Now): Changes<T> {
    if (account === undefined) for (const pool of this.#room.pools.values()) this.#dirty.add(pool);
    else this.#touch(account);
    return this.#run(now);
  }

  #granted(ticket: Ticket<T>, reservations: readonly Reservation[]): void {
    ticket.state = { kind: 'granted', reservations };
    if (this.#room.pools.size === 0) return;
    for (const account of ticket.accounts()) this.#room.pools.get(account)?.started(ticket);
  }

  /** What the ticket itself reserved; whoever had a reservation adjusted ends that himself. */
  #end(ticket: Ticket<T>, tokens: number): readonly Reservation[] {
    const { state, charge } = ticket;
    assert(state.kind === 'granted', 'only a granted demand ends');
    for (const account of ticket.accounts()) {
      const pool = this.#room.pools.get(account);
      if (pool === undefined) continue;
      pool.ended(ticket);
      this.#dirty.add(pool);
    }
    if (charge !== undefined) this.#room.pools.get(charge.account)?.queue.correct(charge.of, tokens);
    ticket.state = { kind: 'ended' };
    return state.reservations.filter((_, i) => ticket.parts[i]?.kind === 'reserve');
  }

  #wait(ticket: Ticket<T>, denial: Denial, now: Now): void {
    if (!denial.waitable || ticket.until_mono_ms <= now.mono_ms) ticket.state = { kind: 'denied', denial };
    else {
      const shed = this.#room.makeRoom(ticket, denial);
      if (shed === 'full') ticket.state = { kind: 'shed', denial };
      else {
        if (shed !== undefined) this.#refuse(shed.ticket, { kind: 'shed', denial: shed.denial });
        this.#room.deadlines.add(ticket);
        this.#line(ticket, denial, now);
      }
    }
  }

  #line(ticket: Ticket<T>, denial: Denial, now: Now): void {
    const { qos, tenant } = ticket.key;
    this.#dirty.add(this.#room.line(ticket, denial, this.#starvation.factor(qos, tenant, now.mono_ms)));
  }

  #run(now: Now): Changes<T> {
    for (const pool of this.#dirty) {
      this.#dirty.delete(pool);
      this.#serve(pool, now);
      this.#room.forgetIdle(pool);
    }
    const changes = this.#changes ?? this.#none;
    this.#changes = undefined;
    return changes;
  }

  get #changed(): Mutable<Changes<T>> {
    this.#changes ??= { decided: [], preempted: [], marks: [], starving: [] };
    return this.#changes;
  }

  /** Grants what fits, in order, until the next one does not. */
  #serve(pool: Pool<T>, now: Now): void {
    const windows = this.#ledger.windows(pool.account);
    if (windows === undefined) return;
    for (let place = pool.next(windows); place !== undefined; place = pool.next(windows)) {
      const ticket = place.owner;
      const other = this.#room.lineFor(ticket, pool);
      if (other !== undefined) {
        this.#move(ticket, pool, busy(other.account), now);
        continue;
      }
      const taken = takeParts(this.#ledger, ticket.parts, ticket.key.qos, now.now_ms);
      if (taken.ok) this.#grantFrom(pool, ticket, taken.reservations, now);
      else if (taken.denial === undefined) this.#drop(ticket, { kind: 'failed', thrown: taken.thrown });
      else if (!taken.denial.waitable) this.#drop(ticket, { kind: 'denied', denial: taken.denial });
      else if (taken.denial.account !== pool.account) this.#move(ticket, pool, taken.denial, now);
      else {
        ticket.state = { kind: 'waiting', account: pool.account, denial: taken.denial };
        this.#preempt(pool, ticket);
        return;
      }
    }
  }

  #grantFrom(pool: Pool<T>, ticket: Ticket<T>, reservations: readonly Reservation[], now: Now): void {
    const { place } = ticket;
    assert(place !== undefined, 'a demand that waits has a place');
    ticket.charge = { account: pool.account, of: pool.queue.serve(place) };
    ticket.place = undefined;
    this.#room.deadlines.remove(ticket);
    this.#granted(ticket, reservations);
    this.#changed.decided.push(ticket);
    pool.pace.granted(now.mono_ms);
    this.#waited(pool, ticket, now);
  }

  #waited(pool: Pool<T>, { key: { qos, tenant }, since_mono_ms }: Ticket<T>, now: Now): void {
    const wait_ms = now.mono_ms - since_mono_ms;
    const mark = pool.mark.waited(wait_ms);
    if (mark !== undefined) this.#changed.marks.push({ account: pool.account, is_high: mark === 'high' });
    if (this.#starvation.waited(qos, tenant, wait_ms, now.mono_ms)) this.#changed.starving.push({ qos, tenant });
  }

  #drop(ticket: Ticket<T>, refusal: Refusal): void {
    this.#room.leave(ticket);
    this.#refuse(ticket, refusal);
  }

  #refuse(ticket: Ticket<T>, refusal: Refusal): void {
    ticket.state = refusal;
    this.#changed.decided.push(ticket);
  }

  #move(ticket: Ticket<T>, from: Pool<T>, denial: Denial, now: Now): void {
    ticket.passed.add(from.account);
    this.#room.unline(ticket);
    this.#line(ticket, denial, now);
  }

  #preempt(pool: Pool<T>, ticket: Ticket<T>): void {
    const windows = this.#ledger.windows(pool.account);
    const demand = demandAt(ticket, pool.account);
    if (windows === undefined || demand === undefined || !PREEMPTING.has(ticket.key.qos)) return;
    for (const victim of pool.victims(windows, ticket.key.qos, demand)) {
      pool.stopped(victim);
      this.#changed.preempted.push(victim);
    }
  }

  #touch(account: string): void {
    const pool = this.#room.pools.get(account);
    if (pool !== undefined) this.#dirty.add(pool);
  }
}

/** Silver has its part and its turn, and stops nobody. */
const PREEMPTING: ReadonlySet<Qos> = new Set(['gold']);

/** Others wait there already. */
function busy(account: string): Denial {
  return { ok: false, account, dimension: 'window_calls', limit: 0, available: 0, waitable: true };
}

function demandAt<T>(ticket: Ticket<T>, account: string): Amounts | undefined {
  for (const part of ticket.parts) {
    if (part.kind === 'reserve' && part.accounts.includes(account)) return part.amounts;
  }
  return undefined;
}
