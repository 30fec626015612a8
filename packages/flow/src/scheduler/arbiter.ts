import { assert, type Qos } from '@atp-router/kernel';
import type { AccountLedger } from '../account-ledger.ts';
import type { Amounts, Denial } from '../amounts.ts';
import { ServiceWindow } from '../fair/service-window.ts';
import { StarvationGuard, type StarvationOptions } from '../fair/starvation.ts';
import type { Reservation } from '../reservation.ts';
import { type Changes, type Mutable, noChanges, type Now } from './changes.ts';
import type { Pool } from './pool.ts';
import { takeParts } from './take-parts.ts';
import type { Part, Refusal, Ticket } from './ticket.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** Serves the queues in which something has changed: grants, refuses, moves and preempts, and notes what others must hear. */
export class Arbiter<T> {
  readonly service: ServiceWindow = new ServiceWindow();
  readonly #ledger: AccountLedger;
  readonly #room: WaitingRoom<T>;
  readonly #starvation: StarvationGuard;
  readonly #dirty: Set<Pool<T>> = new Set();
  readonly #none: Changes<T> = noChanges();
  /** What the present input has changed. */
  #changes: Mutable<Changes<T>> | undefined;

  constructor(ledger: AccountLedger, room: WaitingRoom<T>, starvation: StarvationOptions) {
    this.#ledger = ledger;
    this.#room = room;
    this.#starvation = new StarvationGuard(starvation);
  }

  touch(account: string): void {
    const pool = this.#room.pools.get(account);
    if (pool !== undefined) this.#dirty.add(pool);
  }

  touched(pool: Pool<T>): void {
    this.#dirty.add(pool);
  }

  /** Until nothing more can be granted. */
  run(now: Now): Changes<T> {
    for (const pool of this.#dirty) {
      this.#dirty.delete(pool);
      this.#serve(pool, now);
      if (pool.queue.size === 0 && pool.mark.emptied())
        this.#changed.marks.push({ account: pool.account, is_high: false });
      this.#room.rest(pool);
    }
    const changes = this.#changes ?? this.#none;
    this.#changes = undefined;
    return changes;
  }

  grant(ticket: Ticket<T>, reservations: readonly Reservation[], now: Now): void {
    let open = 0;
    for (const part of ticket.parts) {
      if (part.kind !== 'reserve') continue;
      open += 1;
      if (this.#room.pools.size === 0) continue;
      for (const account of part.accounts) this.#room.pools.get(account)?.started(ticket);
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
    if (shed !== undefined) this.refuse(shed.ticket, { kind: 'shed', denial: shed.denial });
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
      this.#ended(ticket, part, reservation.tokens, now);
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
    if (state.kind === 'granted') this.#ended(ticket, part, tokens, now);
    state.open -= 1;
    if (state.open > 0) return;
    if (ticket.heap_at !== -1) this.#room.due.remove(ticket);
    ticket.state = ENDED;
  }

  #ended(ticket: Ticket<T>, { accounts }: Extract<Part, { kind: 'reserve' }>, tokens: number, now: Now): void {
    if (this.#room.pools.size === 0) return;
    for (const account of accounts) {
      const pool = this.#room.pools.get(account);
      if (pool === undefined) continue;
      pool.ended(ticket, now.mono_ms);
      this.#dirty.add(pool);
      if (ticket.charge?.account === account) ticket.charge.of = pool.queue.correct(ticket.charge.of, tokens);
    }
  }

  get #changed(): Mutable<Changes<T>> {
    this.#changes ??= noChanges();
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
        this.#move(ticket, pool, other.busy(this.#ledger.windows(other.account)), now);
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
    this.#room.left(ticket);
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
    if (this.#starvation.waited(qos, tenant, wait_ms, now.mono_ms)) this.#changed.starving.push({ qos, tenant });
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

  #preempt(pool: Pool<T>, ticket: Ticket<T>): void {
    const windows = this.#ledger.windows(pool.account);
    const demand = demandAt(ticket, pool.account);
    if (windows === undefined || demand === undefined || !PREEMPTING.has(ticket.key.qos)) return;
    for (const victim of pool.victims(windows, ticket.key.qos, demand)) {
      pool.stopped(victim);
      this.#changed.preempted.push(victim);
    }
  }
}

const ENDED = { kind: 'ended' } as const;

/** Silver has its part and its turn, and stops nobody. */
const PREEMPTING: ReadonlySet<Qos> = new Set(['gold']);

function demandAt<T>(ticket: Ticket<T>, account: string): Amounts | undefined {
  const part = ticket.partAt(account);
  return part?.kind === 'reserve' ? part.amounts : undefined;
}
