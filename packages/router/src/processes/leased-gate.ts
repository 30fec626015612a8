import {
  type Amounts,
  CreditWorker,
  type Denial,
  type FlowDemand,
  minus,
  NOTHING,
  type Now,
  type OwnerMessage,
  type Part,
  type Reservation,
  type WorkerEffect,
  type WorkerMessage,
} from '@atp-router/flow';
import { AtpError } from '@atp-router/kernel';
import type { FlowWatch, Gate, GateTicket, Holder } from '../engine/gate.ts';
import { nowOf } from '../engine/ports.ts';
import { Watchers } from '../engine/watchers.ts';
import { Alarm } from '../engine/alarm.ts';
import { HolderLeases } from './holder-leases.ts';
import { InOrder } from './in-order.ts';
import { Growth } from './leased-growth.ts';
import { LeasedBooks } from './leased-books.ts';
import { LeasedLimits, usedOfBudgets } from './leased-limits.ts';
import type { LeasedGateParts } from './leased-parts.ts';
import { LeasedTicket, own } from './leased-ticket.ts';
import { LeasedView } from './leased-view.ts';
import { isOwn, OwnWindows } from './own-windows.ts';

type Effect = WorkerEffect<LeasedTicket>;

/**
 * The gate of a worker process: calls start within credit that the owner of the limits has leased to it, and wait in the owner's
 * queue where that is not enough (ADR 0019).
 */
export class LeasedGate extends LeasedView implements Gate {
  readonly #parts: LeasedGateParts;
  readonly #credit: CreditWorker<LeasedTicket>;
  readonly #books: LeasedBooks;
  readonly #leases: HolderLeases = new HolderLeases();
  readonly #watches: Watchers;
  readonly #growth: Growth;
  readonly #alarm: Alarm;
  readonly #limits: LeasedLimits;
  protected readonly own: OwnWindows;
  /** Messages are numbered: they leave in the order in which they came about. */
  readonly #turns: InOrder<Effect> = new InOrder(
    (effect) => this.#take(effect),
    () => this.#settled(),
  );
  #send: ((message: WorkerMessage) => void) | undefined;
  #told: (() => void)[] = [];

  constructor(parts: LeasedGateParts) {
    const { accounts, worker, incarnation, inherited, options = {}, watch } = parts;
    super(parts);
    this.#parts = parts;
    this.#watches = new Watchers(watch);
    this.#books = new LeasedBooks(accounts);
    this.#limits = new LeasedLimits(accounts, () => this.#recount());
    const limitsOf = this.#limits.of;
    this.#credit = new CreditWorker({ worker, incarnation, limitsOf, inherited, options });
    this.own = new OwnWindows({
      ...{ accounts, waits: this.waits, watches: this.#watches, now: this.#now },
      ask: (ticket) => this.#ask(ticket),
      decided: (ticket) => this.#tellDecided(ticket),
      done: () => this.#took([]),
    });
    this.#growth = new Growth(accounts, this.#books, this.#credit, this.#took);
    this.#alarm = new Alarm(parts.ambient, () => this.#tick());
  }

  /** There is a way to the owner. */
  up(send: (message: WorkerMessage) => void): void {
    this.#send = send;
    this.#took(this.#credit.connected(this.#now()));
  }

  /** There is none: calls go on, and start within credit while its lease lasts. */
  down(): void {
    this.#send = undefined;
    this.#took(this.#credit.disconnected(this.#now()));
  }

  receive(message: OwnerMessage): void {
    this.#took(this.#credit.receive(message, this.#now()));
  }

  /** No call runs any more: what was used is told, and what it has goes back. */
  leave(): void {
    this.#took(this.#credit.leave(this.#now()));
    this.#alarm.close();
  }

  listen(watch: Partial<FlowWatch>): void {
    this.#watches.add(watch);
  }

  request(demand: FlowDemand<Holder>): GateTicket {
    const ticket = new LeasedTicket(demand, this.#now().mono_ms);
    this.own.enter(ticket);
    if (ticket.state.kind !== 'waiting') this.#watches.tell((watch) => watch.decided?.(ticket, ticket.since_mono_ms));
    return ticket;
  }

  /** It loses its place in the queue: a want that waits there cannot be changed. */
  replace(given: GateTicket, parts: readonly Part[]): void {
    const ticket = own(given);
    if (ticket.state.kind !== 'waiting') return;
    this.#withdraw(ticket);
    ticket.parts = parts;
    ticket.waited(this.#now().mono_ms - ticket.since_mono_ms);
    this.own.enter(ticket);
    if (ticket.state.kind === 'waiting') return;
    this.#tellDecided(ticket);
    this.#settled();
  }

  settle(given: GateTicket, part: number, actual: Amounts): void {
    const ticket = own(given);
    const reservation = ticket.reservation(part);
    const { state, calls, tokens, usd_nanos } = reservation;
    this.#parts.accounts.settle(reservation, actual);
    if (state === 'lapsed') {
      const by = minus(actual, { calls, tokens, usd_nanos });
      this.#took(this.#credit.correct(ticket.credit, part, by, this.#now()));
    } else this.#end(ticket, part, actual);
  }

  release(given: GateTicket, part: number): void {
    const ticket = own(given);
    const reservation = ticket.reservation(part);
    if (reservation.state === 'lapsed') this.settle(given, part, NOTHING);
    else {
      this.#parts.accounts.release(reservation);
      this.#end(ticket, part, NOTHING);
    }
  }

  adjust(reservation: Reservation, amounts: Amounts, onRefused?: (denial: Denial) => void): Denial | undefined {
    return this.#growth.adjust(reservation, amounts, this.#now(), onRefused);
  }

  renew(ticket: GateTicket): void {
    this.#leases.renew(own(ticket), this.#now().mono_ms);
  }

  cancel(given: GateTicket): void {
    const ticket = own(given);
    if (ticket.state.kind !== 'waiting') return;
    ticket.state = { kind: 'cancelled' };
    this.#withdraw(ticket);
    this.#watches.tell((watch) => watch.decided?.(ticket, this.#now().mono_ms));
  }

  /** Here it matters which accounts have limits. How high they are is the owner's, but for sessions. */
  wake(account?: string): void {
    if (account !== undefined && isOwn(account)) this.own.changed(account);
    else this.#limits.changed(account);
  }

  /** As `wake`, for all that `run` changes. */
  together(run: () => void): void {
    this.#limits.together(run);
  }

  get due_mono_ms(): number {
    return Math.min(this.#credit.due_mono_ms, this.#leases.due_mono_ms, this.own.due_mono_ms);
  }

  #recount(): void {
    const now = this.#now();
    this.#took(this.#credit.setLimits(this.#limits.of, now, usedOfBudgets(this.#parts.accounts, this.others, now)));
  }

  /** It waits for nothing any more. */
  #withdraw(ticket: LeasedTicket): void {
    this.waits.end(ticket);
    if (ticket.has_asked) this.#took(this.#credit.cancel(ticket.credit, this.#now()));
    this.own.leave(ticket);
  }

  #ask(ticket: LeasedTicket): void {
    const { key, is_preemptible } = ticket;
    const parts = ticket.parts.map((part) => this.#books.creditPart(part));
    const { ticket: credit, effects } = this.#credit.request(
      { owner: ticket, key, parts, is_preemptible },
      this.#now(),
    );
    ticket.asked(credit);
    this.#decide(ticket);
    if (ticket.state.kind === 'waiting') this.waits.begin(ticket);
    this.#took(effects);
  }

  #decide(ticket: LeasedTicket): void {
    const { state } = ticket.credit;
    if (state.kind !== 'granted') {
      ticket.explain();
      if (state.kind === 'refused') this.own.leave(ticket);
      if (state.kind !== 'refused' || state.retry_ms === undefined) return;
      const account = state.denial?.account ?? ticket.account;
      this.waits.refused(account, this.#now().mono_ms + state.retry_ms);
    } else if (this.#books.grant(ticket)) this.#leases.begin(ticket, this.#now().mono_ms);
    else {
      const now = this.#now();
      ticket.fail(new AtpError('internal_error', 'The books of this process have no room for another account.'));
      for (const [part, { is_open }] of ticket.credit.held.entries())
        if (is_open) this.#took(this.#credit.end(ticket.credit, part, NOTHING, now));
      this.own.leave(ticket);
    }
  }

  #end(ticket: LeasedTicket, part: number, actual: Amounts): void {
    const { state } = ticket;
    if (state.kind !== 'granted') return;
    state.open -= 1;
    if (state.open === 0) {
      ticket.state = { kind: 'ended' };
      this.#leases.end(ticket);
    }
    this.#took(this.#credit.end(ticket.credit, part, actual, this.#now()));
    if (ticket.own?.part === part) this.own.leave(ticket);
  }

  #take(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        this.#send?.(effect.message);
        break;
      case 'standing':
        this.others.tell(effect.standing);
        break;
      case 'decided': {
        const ticket = effect.ticket.owner;
        // It was asked for anew meanwhile, or is not wanted any more.
        if (ticket.state.kind !== 'waiting' || ticket.credit !== effect.ticket) return;
        this.waits.end(ticket);
        this.#decide(ticket);
        this.#tellDecided(ticket);
        break;
      }
      case 'grown':
      case 'not_grown':
        this.#growth.answered(effect, this.#now(), (run) => this.#told.push(run));
        break;
      case 'stop': {
        const ticket = effect.ticket.owner;
        ticket.stopped_at = effect.account;
        this.#watches.tell((watch) => watch.preempted?.(ticket));
        this.#told.push(() => ticket.owner.preempted(effect.account));
      }
    }
  }

  #tellDecided(ticket: LeasedTicket): void {
    this.#watches.tell((watch) => watch.decided?.(ticket, this.#now().mono_ms));
    this.#told.push(() => ticket.owner.decided(ticket));
  }

  /** Whoever is told may ask for something at once: only when all else is done. */
  #settled(): void {
    this.#alarm.arm(this.due_mono_ms);
    const told = this.#told;
    this.#told = [];
    this.#parts.starts.tell(told);
  }

  readonly #took = (effects: readonly Effect[]): void => this.#turns.add(effects);

  #tick(): void {
    const now = this.#now();
    // Whose holder was not heard of for so long is taken for dead: what it held counts as used until it says more.
    for (const ticket of this.#leases.lapsed(now.mono_ms)) {
      const { credit, owner } = ticket;
      // All of it has ended before anybody hears of any of it.
      const effects = this.#books.lapse(ticket).flatMap(({ part, held }) => this.#credit.end(credit, part, held, now));
      this.#watches.tell((watch) => watch.lapsed?.(ticket));
      this.#told.push(() => owner.lapsed());
      this.#took(effects);
      this.own.leave(ticket);
    }
    this.own.expire();
    this.#took(this.#credit.tick(now));
  }

  readonly #now = (): Now => nowOf(this.#parts.ambient);
}
