import { assert } from '@atp-router/kernel';
import type { Windows } from '../account.ts';
import type { AccountLedger } from '../account-ledger.ts';
import { type Denial, NOTHING } from '../amounts.ts';
import { ServiceWindow } from '../fair/service-window.ts';
import { StarvationGuard, type StarvationOptions } from '../fair/starvation.ts';
import type { Reservation } from '../reservation.ts';
import { Charges } from './charges.ts';
import { type Changes, type Mutable, noChanges, type Now } from './changes.ts';
import type { Pool } from './pool.ts';
import { refusalOf, type Taken, takeParts } from './take-parts.ts';
import { accountsOf, type Part, type Refusal, type Ticket } from './ticket.ts';
import type { WaitingRoom } from './waiting-room.ts';
import { demandAt, wantedAt } from './wanted.ts';

/** Serves the queues in which something has changed: grants, refuses, moves and preempts, and notes what others must hear. */
export class Arbiter<T> {
  readonly service: ServiceWindow = new ServiceWindow();
  readonly #ledger: AccountLedger;
  readonly #room: WaitingRoom<T>;
  readonly #starvation: StarvationGuard;
  readonly #long_wait_ms: number;
  readonly #charges: Charges<T> = new Charges();
  readonly #dirty: Set<Pool<T>> = new Set();
  /** Queues whose first waits for room in the ledger's table of accounts, in the order in which they came. */
  readonly #homeless: Set<Pool<T>> = new Set();
  /** Queues whose first does not fit: once all is granted that can be, others may be stopped for it. */
  readonly #short: Set<Pool<T>> = new Set();
  readonly #none: Changes<T> = noChanges();
  /** What the present input has changed. */
  #changes: Mutable<Changes<T>> | undefined;

  constructor(ledger: AccountLedger, room: WaitingRoom<T>, starvation: StarvationOptions) {
    this.#ledger = ledger;
    this.#room = room;
    this.#starvation = new StarvationGuard(starvation);
    this.#long_wait_ms = starvation.wait_ms;
  }

  touch(account: string): void {
    const pool = this.#room.pools.get(account);
    if (pool !== undefined) this.touched(pool);
  }

  touched(pool: Pool<T>): void {
    pool.blocked = undefined;
    this.#dirty.add(pool);
  }

  /** Until nothing more can be granted. */
  run(now: Now): Changes<T> {
    this.#serveDirty(now);
    // Whatever ends anywhere may have made room in the table.
    for (const pool of this.#homeless) {
      this.touched(pool);
      this.#serveDirty(now);
      if (this.#homeless.has(pool)) break;
    }
    for (const pool of this.#short) {
      this.#short.delete(pool);
      this.#preempt(pool);
    }
    const changes = this.#changes ?? this.#none;
    this.#changes = undefined;
    return changes;
  }

  grant(ticket: Ticket<T>, reservations: readonly Reservation[], now: Now): void {
    let open = 0;
    for (const part of ticket.parts) {
      if (part.kind === 'reserve') open += 1;
      if (this.#room.pools.size === 0) continue;
      for (const account of accountsOf(part)) {
        const pool = this.#room.pools.get(account);
        if (pool === undefined) continue;
        if (part.kind === 'reserve') pool.started(ticket);
        // Its tier may have its part now, and another one its turn; or more than that, and some of it is gold's.
        if (pool.has_shares && pool.queue.size > 0) this.#dirty.add(pool);
      }
    }
    ticket.state = { kind: 'granted', reservations, open };
    if (ticket.lease_ms === Number.POSITIVE_INFINITY || open === 0) return;
    ticket.due_mono_ms = now.mono_ms + ticket.lease_ms;
    this.#room.due.add(ticket);
  }

  /** Waits at the account that refused it; false when there is no room, neither free nor of somebody worse. */
  join(ticket: Ticket<T>, denial: Denial, now: Now): boolean {
    const shed = this.#room.makeRoom(ticket, denial);
    if (shed === 'full') return false;
    if (shed !== undefined) {
      this.refuse(shed.ticket, { kind: 'shed', denial: shed.denial });
      // Whoever stood behind it there may have its turn.
      this.touched(shed.from);
    }
    this.#line(ticket, denial, now);
    return true;
  }

  #line(ticket: Ticket<T>, denial: Denial, now: Now): void {
    const { qos, tenant } = ticket.key;
    const factor = this.#starvation.factor(qos, tenant, now.mono_ms);
    this.#dirty.add(this.#room.line(ticket, denial, ticket.patience(denial.account, now.mono_ms), factor));
  }

  refuse(ticket: Ticket<T>, refusal: Refusal): void {
    ticket.state = refusal;
    this.#changed.decided.push(ticket);
  }

  /** It has waited long enough. */
  giveUp(ticket: Ticket<T>, now: Now): void {
    assert(ticket.state.kind === 'waiting', 'who gives up has waited');
    const { denial } = ticket.state;
    const pool = this.#room.leave(ticket);
    this.#dirty.add(pool);
    this.#waited(pool, ticket, now);
    this.refuse(ticket, { kind: 'expired', denial });
  }

  /** Its holder is taken for dead: all that it still holds is debited. */
  lapse(ticket: Ticket<T>, now: Now): void {
    const { state } = ticket;
    assert(state.kind === 'granted', 'a lease is of something granted');
    this.#room.due.remove(ticket);
    const held = ticket.parts.map((part, i) => [part, state.reservations[i] as Reservation] as const);
    for (const [part, reservation] of held) {
      if (part.kind !== 'reserve' || reservation.state !== 'open') continue;
      this.#ended(ticket, part, reservation, reservation.tokens, now);
      this.#ledger.lapse(reservation);
    }
    ticket.state = { kind: 'lapsed', reservations: state.reservations, open: state.open };
    this.#changed.lapsed.push(ticket);
  }

  /** One of its parts has ended: whoever waits for what it had is tried again. */
  end(ticket: Ticket<T>, at: number, tokens: number, now: Now): void {
    const { state } = ticket;
    const part = ticket.parts[at];
    assert((state.kind === 'granted' || state.kind === 'lapsed') && part?.kind === 'reserve', 'what was granted ends');
    if (state.kind === 'granted') this.#ended(ticket, part, state.reservations[at] as Reservation, tokens, now);
    // What it held was debited; less may have been used, and a day's budget has room again.
    else for (const account of part.accounts) this.touch(account);
    state.open -= 1;
    if (state.open > 0) return;
    if (ticket.heap_at !== -1) this.#room.due.remove(ticket);
    ticket.state = ENDED;
  }

  #ended(ticket: Ticket<T>, part: ReservePart, reservation: Reservation, tokens: number, now: Now): void {
    if (this.#room.pools.size === 0) return;
    for (const account of part.accounts) {
      const pool = this.#room.pools.get(account);
      if (pool === undefined) continue;
      pool.ended(ticket, now.mono_ms);
      this.touched(pool);
      this.#charges.correct(reservation, pool, tokens);
    }
  }

  get #changed(): Mutable<Changes<T>> {
    this.#changes ??= noChanges();
    return this.#changes;
  }

  #serveDirty(now: Now): void {
    for (const pool of this.#dirty) {
      this.#dirty.delete(pool);
      if (this.#serve(pool, now)?.dimension === 'accounts') this.#homeless.add(pool);
      else this.#homeless.delete(pool);
      if (pool.queue.size === 0 && pool.mark.emptied())
        this.#changed.marks.push({ account: pool.account, is_high: false });
      this.#room.rest(pool);
    }
  }

  /** Grants what fits, in order, until the next one does not: returns why. */
  #serve(pool: Pool<T>, now: Now): Denial | undefined {
    for (;;) {
      const windows = this.#ledger.windows(pool.account) ?? NO_WINDOWS;
      const ticket = pool.next(windows)?.owner;
      if (ticket === undefined) return undefined;
      if (pool.blocked === ticket && ticket.state.kind === 'waiting') {
        this.#short.add(pool);
        return ticket.state.denial;
      }
      const other = this.#room.lineFor(ticket, pool);
      if (other !== undefined) {
        this.#move(ticket, pool, other.busy(this.#ledger.windows(other.account)), now);
        continue;
      }
      const denial = this.#try(pool, windows, ticket, now);
      if (denial === undefined) continue;
      pool.blocked = ticket;
      this.#short.add(pool);
      return denial;
    }
  }

  /** The first in line is granted, refused or moved; or it does not fit here, for the reason that is returned. */
  #try(pool: Pool<T>, windows: Windows, ticket: Ticket<T>, now: Now): Denial | undefined {
    const demand = demandAt(ticket, pool.account);
    const taken = this.#take(ticket, demand !== undefined && pool.isFull(windows, demand), now);
    if (taken.ok) this.#grantFrom(pool, ticket, taken.reservations, now);
    else if (taken.denial === undefined) this.#drop(ticket, { kind: 'failed', thrown: taken.thrown });
    else if (!taken.denial.waitable) this.#drop(ticket, { kind: 'denied', denial: taken.denial });
    else if (taken.denial.account !== pool.account) this.#move(ticket, pool, taken.denial, now);
    else {
      ticket.state = { kind: 'waiting', account: pool.account, denial: taken.denial };
      return taken.denial;
    }
    return undefined;
  }

  #take(ticket: Ticket<T>, is_full: boolean, { now_ms }: Now): Taken {
    const denial = is_full ? refusalOf(this.#ledger, ticket.parts, now_ms) : undefined;
    return denial === undefined ? takeParts(this.#ledger, ticket.parts, ticket.key.qos, now_ms) : { ok: false, denial };
  }

  #grantFrom(pool: Pool<T>, ticket: Ticket<T>, reservations: readonly Reservation[], now: Now): void {
    const { place } = ticket;
    const at = ticket.indexAt(pool.account);
    const [part, reservation] = [ticket.parts[at], reservations[at]];
    assert(place !== undefined && part !== undefined && reservation !== undefined, 'a demand that waits has a place');
    const grown = part.kind === 'grow' ? part.by.tokens : undefined;
    this.#charges.add(reservation, pool.account, pool.queue.serve(place), grown);
    this.#room.left(ticket, pool);
    this.grant(ticket, reservations, now);
    this.#changed.decided.push(ticket);
    const { qos, tenant, weight, tokens } = ticket.key;
    this.service.served(qos, tenant, tokens / weight, now.mono_ms);
    this.#waited(pool, ticket, now);
  }

  #waited(pool: Pool<T>, { key: { qos, tenant }, since_mono_ms }: Ticket<T>, now: Now): void {
    const wait_ms = now.mono_ms - since_mono_ms;
    const mark = pool.mark.waited(wait_ms);
    if (mark !== undefined) this.#changed.marks.push({ account: pool.account, is_high: mark === 'high' });
    const is_behind = wait_ms > this.#long_wait_ms && this.service.isBehind(qos, tenant, now.mono_ms);
    const starves = this.#starvation.waited(qos, tenant, wait_ms, now.mono_ms, is_behind);
    if (starves) this.#changed.starving.push({ qos, tenant });
  }

  #drop(ticket: Ticket<T>, refusal: Refusal): void {
    this.#room.leave(ticket);
    this.refuse(ticket, refusal);
  }

  /** It had its turn here, and another account refuses it: it waits there, if it waits for that at all. */
  #move(ticket: Ticket<T>, from: Pool<T>, denial: Denial, now: Now): void {
    ticket.passed.push(from.account);
    this.#room.leave(ticket);
    if (ticket.patience(denial.account, now.mono_ms) <= now.mono_ms) this.refuse(ticket, { kind: 'denied', denial });
    else if (!this.join(ticket, denial, now)) this.refuse(ticket, { kind: 'shed', denial });
  }

  /** What it holds elsewhere comes back too: less may be missing there now. */
  #stopped(victim: Ticket<T>, account: string): void {
    const pool = this.#room.pools.get(account);
    if (pool === undefined) return;
    pool.stopped(victim);
    if (pool.queue.size > 0 && account !== victim.stopped_at) this.#short.add(pool);
  }

  #preempt(pool: Pool<T>): void {
    const windows = this.#ledger.windows(pool.account);
    const ticket = windows && pool.next(windows)?.owner;
    if (windows === undefined || ticket === undefined) return;
    const { qos } = ticket.key;
    const claim = pool.claim(windows, qos);
    const demand = demandAt(ticket, pool.account);
    if (demand === undefined || claim === undefined) return;
    for (const victim of pool.victims(windows, qos, demand, wantedAt(pool, ticket, claim, this.#ledger))) {
      victim.stopped_at = pool.account;
      for (const part of victim.parts) for (const account of accountsOf(part)) this.#stopped(victim, account);
      this.#changed.preempted.push(victim);
    }
  }
}

type ReservePart = Extract<Part, { kind: 'reserve' }>;

/** Of an account that is not in the table. */
const NO_WINDOWS: Windows = {
  ...{ max_parallel: Infinity, limit_parallel: Infinity, max_tokens: Infinity, max_usd_nanos: Infinity },
  ...{ out_calls: 0, out_tokens: 0, out_usd_nanos: 0 },
  tier: () => NOTHING,
};

const ENDED = { kind: 'ended' } as const;
