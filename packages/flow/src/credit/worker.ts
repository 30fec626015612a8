import { assert, type Qos } from '@atp-router/kernel';
import { type Amounts, assertAmounts, type Denial } from '../amounts.ts';
import { dayNumber } from '../days.ts';
import type { Now } from '../scheduler/changes.ts';
import type { DayTotal, DenyReason, OwnerBody, OwnerMessage, Recovered, WorkerBody } from './messages.ts';
import { type CreditOptions, DEFAULT_CREDIT } from './options.ts';
import { isNothing, minus, negative, plus } from './sums.ts';
import { type Asking, WorkerAsks } from './worker-asks.ts';
import { type Hold, type LimitsOf, WorkerBooks } from './worker-books.ts';
import { type Grown, type Requested, toldOf, type WorkerEffect, type WorkerSetup } from './worker-effects.ts';
import { hellosOf, wantOf } from './worker-hello.ts';
import { WorkerLink } from './worker-link.ts';
import { WorkerReports } from './worker-reports.ts';
import { stopsFor } from './worker-stops.ts';
import { type CreditDemand, CreditTicket, Growth } from './worker-ticket.ts';

/**
 * Admits calls of one process from leased credit, and asks the owner of the limits for what that does not cover. Without a
 * clock and without IO: every input is told the time, returns what is to be done, and `tick` wants to be called when
 * `due_mono_ms` has come.
 */
export class CreditWorker<T> {
  readonly books: WorkerBooks;
  readonly #options: CreditOptions;
  readonly #link: WorkerLink;
  readonly #recovered: Recovered[];
  readonly #is_heir: boolean;
  readonly #asks: WorkerAsks<T>;
  /** By start: the oldest first. */
  readonly #running: Map<number, CreditTicket<T>> = new Map();
  readonly #reports: WorkerReports;
  #effects: WorkerEffect<T>[] = [];

  constructor({ worker, incarnation, limitsOf, recovered = [], inherited, options }: WorkerSetup) {
    this.#options = { ...DEFAULT_CREDIT, ...options };
    this.books = new WorkerBooks(limitsOf, inherited);
    this.#reports = new WorkerReports(this.books, this.#options.report_ms);
    this.#link = new WorkerLink(worker, incarnation, this.#options);
    this.#recovered = [...recovered];
    this.#is_heir = inherited !== undefined;
    this.#asks = new WorkerAsks<T>(this.#options.wants);
  }

  get waiting(): number {
    return this.#asks.size;
  }

  /** Of the owner that it listens to. */
  get epoch(): number {
    return this.#link.epoch;
  }

  /** Calls that hold something. */
  running(): IterableIterator<CreditTicket<T>> {
    return this.#running.values();
  }

  /** Whether it may admit from credit now. */
  hasLease(now: Now): boolean {
    return this.#link.has_lease(now.mono_ms);
  }

  get due_mono_ms(): number {
    const asked_mono_ms = Math.min(this.#link.due_mono_ms, this.#asks.due_mono_ms);
    return this.#link.is_open ? Math.min(asked_mono_ms, this.#reports.due_mono_ms) : asked_mono_ms;
  }

  /** There is a way to the owner, or to another one. */
  connected(now: Now): readonly WorkerEffect<T>[] {
    this.#hello(now);
    return this.#take(now);
  }

  /** There is none: what waits goes on waiting for as long as it would. */
  disconnected(now: Now): readonly WorkerEffect<T>[] {
    this.#link.state = 'down';
    return this.#take(now);
  }

  /** Granted or refused at once, or waits, as the ticket's state says. */
  request(demand: CreditDemand<T>, now: Now): Requested<T> {
    const ticket = new CreditTicket<T>(this.#asks.nextId(), demand, now.mono_ms);
    const today = dayNumber(now.now_ms);
    if (this.#tryHold(ticket.holds(today), ticket.key.qos, now)) this.#start(ticket, today);
    else this.#escalate(ticket, now);
    return { ticket, effects: this.#take(now) };
  }

  /** A call that runs needs more: it has it at once, is told later by `grown` or `not_grown`, or too many ask already. */
  grow(ticket: CreditTicket<T>, part: number, by: Amounts, now: Now): Grown<T> {
    assertAmounts(by);
    const held = ticket.open(part);
    if (this.#tryHold([{ ...held, amounts: by }], ticket.key.qos, now)) {
      held.amounts = plus(held.amounts, by);
      return { answer: 'granted', effects: this.#take(now) };
    }
    if (this.#asks.is_full) return { answer: 'denied', effects: this.#take(now) };
    const growth = new Growth<T>(this.#asks.nextId(), ticket, part, by, now.mono_ms);
    // A call that runs is not ended because an owner is being replaced.
    this.#wait(growth, this.#options.ttl_ms + this.#options.margin_ms + this.#options.answer_ms, now);
    return { answer: 'asked', effects: this.#take(now) };
  }

  /** A part holds less from now on. */
  shrink(ticket: CreditTicket<T>, part: number, to: Amounts, now: Now): readonly WorkerEffect<T>[] {
    assertAmounts(to);
    const held = ticket.open(part);
    const by = minus(to, held.amounts);
    assert(by.calls <= 0 && by.tokens <= 0 && by.usd_nanos <= 0, 'a part that shrinks holds less');
    held.amounts = to;
    this.books.hold(held.accounts, held.day, ticket.key.qos, by, now.mono_ms);
    return this.#take(now);
  }

  /** A part has ended and used so much. */
  end(ticket: CreditTicket<T>, part: number, used: Amounts, now: Now): readonly WorkerEffect<T>[] {
    assertAmounts(used);
    const held = ticket.open(part);
    held.is_open = false;
    this.books.hold(held.accounts, held.day, ticket.key.qos, negative(held.amounts), now.mono_ms);
    if (!isNothing(used)) this.books.use(held.accounts, held.day, used, now.mono_ms);
    if (ticket.is_charged) this.#reports.ended({ id: ticket.id, part, tokens: used.tokens });
    if (!ticket.is_holding) {
      this.#running.delete(ticket.id);
      ticket.state = { kind: 'ended' };
    }
    return this.#take(now);
  }

  /** A part that has ended had used so much more than was said then, or less. */
  correct(ticket: CreditTicket<T>, part: number, by: Amounts, now: Now): readonly WorkerEffect<T>[] {
    const held = ticket.held[part];
    assert(held?.is_open === false, 'a part that has ended');
    this.books.use(held.accounts, held.day, by, now.mono_ms);
    return this.#take(now);
  }

  /** It does not want any more. One that is decided is left alone. */
  cancel(ticket: CreditTicket<T>, now: Now): readonly WorkerEffect<T>[] {
    if (ticket.state.kind === 'waiting') {
      ticket.state = { kind: 'cancelled' };
      this.#asks.leave(ticket);
      this.#send({ type: 'cancel', id: ticket.id }, now);
    }
    return this.#take(now);
  }

  /** Nothing runs here any more: what is idle goes back, and what was used is told. */
  leave(now: Now): readonly WorkerEffect<T>[] {
    this.books.closeAll();
    this.#sync(true, now);
    return this.#take(now);
  }

  /** Other limits are in force in this worker. `used`: what it and those before it used where there is a budget now. */
  setLimits(limitsOf: LimitsOf, now: Now, used: readonly DayTotal[] = []): readonly WorkerEffect<T>[] {
    this.books.setLimits(limitsOf, this.#running.values(), now.mono_ms, used);
    return this.#take(now);
  }

  /** The journal of an incarnation that is gone has been read. */
  settledFor(recovered: Recovered, now: Now): readonly WorkerEffect<T>[] {
    if (this.#recovered.push(recovered) > this.#options.recovered) this.#recovered.shift();
    this.#send({ type: 'settled_for', recovered }, now);
    return this.#take(now);
  }

  receive(message: OwnerMessage, now: Now): readonly WorkerEffect<T>[] {
    const heard = this.#link.hear(message);
    // Without a lease it came while this process stood still: it may have been given to somebody else since.
    if (heard === 'taken' && this.#link.has_lease(now.mono_ms)) this.#handle(message.body, now);
    else if (heard !== 'void' && this.#link.broken()) this.#hello(now);
    return this.#take(now);
  }

  tick(now: Now): readonly WorkerEffect<T>[] {
    for (let first = this.#asks.overdue(now.mono_ms); first !== undefined; first = this.#asks.overdue(now.mono_ms)) {
      this.#send({ type: 'cancel', id: first.id }, now);
      this.#refuse(first, 'unreachable');
    }
    if (this.#reports.isDue(now.mono_ms)) {
      this.books.tidy(dayNumber(now.now_ms), now.mono_ms - this.#options.idle_ms, now.mono_ms);
      this.#sync(true, now);
    }
    const due = this.#link.due(now.mono_ms);
    if (due === 'hello') this.#hello(now);
    else if (due === 'ping') this.#send({ type: 'ping' }, now);
    return this.#take(now);
  }

  /** Without a lease only what no limit concerns. */
  #tryHold(holds: readonly Hold[], qos: Qos, now: Now): boolean {
    if (this.hasLease(now)) return this.books.tryHold(holds, qos, now.mono_ms);
    return !holds.some(({ accounts }) => accounts.some((account) => this.books.isLimited(account)));
  }

  #start(ticket: CreditTicket<T>, day: number): void {
    ticket.start(day);
    if (ticket.is_holding) this.#running.set(ticket.id, ticket);
  }

  #escalate(ticket: CreditTicket<T>, now: Now): void {
    const accounts = ticket.asked.reduce((sum, part) => sum + part.accounts.length, 0);
    if (this.#asks.is_full || this.books.size + accounts > this.#options.slots + this.books.inherited)
      this.#refuse(ticket, 'shed');
    else this.#wait(ticket, (ticket.patience_ms ?? 0) + this.#options.grace_ms + this.#options.answer_ms, now);
  }

  #wait(asking: Asking<T>, longest_ms: number, now: Now): void {
    this.#asks.add(asking, now.mono_ms + longest_ms);
    this.#send({ type: 'want', want: wantOf(asking, now.mono_ms) }, now);
  }

  #refuse(asking: Asking<T> | undefined, reason: DenyReason, denial?: Denial, retry_ms?: number): void {
    if (asking === undefined) return;
    const is_told = this.#asks.leave(asking);
    if (asking.kind === 'grow') {
      const { ticket, part, by } = asking;
      this.#effects.push({ kind: 'not_grown', ticket, part, by, denial });
      return;
    }
    asking.state = { kind: 'refused', reason, denial, retry_ms };
    if (is_told) this.#effects.push({ kind: 'decided', ticket: asking });
  }

  #handle(body: OwnerBody, now: Now): void {
    switch (body.type) {
      case 'grant':
      case 'credit':
        this.#effects.push(...toldOf<T>(body.standings));
        this.books.take(body.credit, now.mono_ms);
        if (body.type === 'grant') this.#granted(body.id, body.day, now);
        break;
      case 'deny':
        this.#effects.push(...toldOf<T>(body.standings));
        this.#refuse(this.#asks.find(body.id), body.reason, body.denial ?? undefined, body.retry_ms ?? undefined);
        break;
      case 'recall':
        this.books.close(body.accounts);
        break;
      case 'preempt': {
        const { stops, amounts } = stopsFor(this.#running.values(), body);
        for (const ticket of stops) this.#effects.push({ kind: 'stop', ticket, account: body.account });
        this.#send({ type: 'stopping', ask: body.ask, amounts }, now);
        break;
      }
      default:
        break;
    }
  }

  /** Its credit has been taken. What was cancelled meanwhile leaves it idle. */
  #granted(id: number, day: number, now: Now): void {
    const asking = this.#asks.find(id);
    if (asking === undefined) return;
    this.#asks.leave(asking);
    if (asking.kind === 'grow') {
      const { ticket, part, by } = asking;
      const held = ticket.held[part];
      if (held?.is_open !== true) return;
      held.amounts = plus(held.amounts, by);
      this.books.hold(held.accounts, held.day, ticket.key.qos, by, now.mono_ms);
      this.#effects.push({ kind: 'grown', ticket, part, by });
      return;
    }
    for (const { accounts, amounts, day: on } of asking.holds(day))
      this.books.hold(accounts, on, asking.key.qos, amounts, now.mono_ms);
    this.#start(asking, day);
    asking.is_charged = true;
    this.#reports.added(asking);
    this.#effects.push({ kind: 'decided', ticket: asking });
  }

  #hello(now: Now): void {
    this.#link.greet(now.mono_ms);
    this.#reports.restart();
    for (const ticket of this.#running.values()) ticket.is_charged = false;
    const wants = [...this.#asks.values()].map((asking) => wantOf(asking, now.mono_ms));
    for (const body of hellosOf(this.books.restart(), wants, this.#recovered, this.#is_heir)) this.#send(body, now);
  }

  #sync(all: boolean, now: Now): void {
    if (!this.#link.is_open) return;
    for (const body of this.#reports.syncs(all, now.mono_ms)) this.#send(body, now);
  }

  #send(body: WorkerBody, now: Now): void {
    if (this.#link.is_open) this.#effects.push({ kind: 'send', message: this.#link.message(body, now.mono_ms) });
  }

  #take(now: Now): readonly WorkerEffect<T>[] {
    if (this.#reports.is_urgent) this.#sync(false, now);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
