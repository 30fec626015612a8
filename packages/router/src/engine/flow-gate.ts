import {
  type AccountLedger,
  type Amounts,
  type Changes,
  type Denial,
  type FlowDemand,
  type Now,
  type Part,
  type QueueOptions,
  type Reservation,
  Scheduler,
} from '@atp-router/flow';
import { type Qos, untilNextUtcDay_ms } from '@atp-router/kernel';
import { Alarm } from './alarm.ts';
import type { FlowWatch, Gate, GateTicket, Here, Holder, PoolView } from './gate.ts';
import { allHere } from './held-here.ts';
import { Watchers } from './watchers.ts';
import { type Ambient, nowOf } from './ports.ts';
import type { Starts } from './starts.ts';

/**
 * The scheduler with a clock: whoever starts something goes through here. Wakes those whose wait is over, one after the other,
 * and keeps one timer for all patience and leases, armed only while there are any.
 */
export class FlowGate implements Gate {
  readonly here: Here;
  readonly #scheduler: Scheduler<Holder>;
  readonly #accounts: AccountLedger;
  readonly #ambient: Ambient;
  readonly #starts: Starts;
  readonly #watches: Watchers;
  readonly #alarm: Alarm;

  constructor(accounts: AccountLedger, ambient: Ambient, starts: Starts, watch?: FlowWatch) {
    this.here = allHere(accounts);
    this.#accounts = accounts;
    this.#ambient = ambient;
    this.#starts = starts;
    this.#watches = new Watchers(watch);
    this.#scheduler = new Scheduler(accounts);
    this.#alarm = new Alarm(ambient, () => this.#ring());
  }

  /** For as long as there is a gate. */
  listen(watch: Partial<FlowWatch>): void {
    this.#watches.add(watch);
  }

  /** Granted or refused at once, or waits, as the ticket's state says. */
  request(demand: FlowDemand<Holder>): GateTicket {
    const { ticket, changes } = this.#scheduler.request(demand, this.#now());
    this.#took(changes);
    if (ticket.state.kind !== 'waiting') this.#watches.tell((watch) => watch.decided?.(ticket, ticket.since_mono_ms));
    return ticket;
  }

  replace(ticket: GateTicket, parts: readonly Part[]): void {
    this.#took(this.#scheduler.replace(ticket, parts, this.#now()));
  }

  settle(ticket: GateTicket, part: number, actual: Amounts): void {
    this.#took(this.#scheduler.settle(ticket, part, actual, this.#now()));
  }

  release(ticket: GateTicket, part: number): void {
    this.#took(this.#scheduler.release(ticket, part, this.#now()));
  }

  /** Returns what refuses growth; less always fits. */
  adjust(reservation: Reservation, amounts: Amounts): Denial | undefined {
    const { denial, changes } = this.#scheduler.adjust(reservation, amounts, this.#now());
    this.#took(changes);
    return denial;
  }

  /** Its holder lives. */
  renew(ticket: GateTicket): void {
    this.#scheduler.renew(ticket, this.#now());
  }

  /** Leaves the queue; nothing for one that is decided. */
  cancel(ticket: GateTicket): void {
    const has_waited = ticket.state.kind === 'waiting';
    this.#took(this.#scheduler.cancel(ticket, this.#now()));
    if (has_waited) this.#watches.tell((watch) => watch.decided?.(ticket, this.#ambient.clock.mono_ms()));
  }

  /** Limits of an account, or of any, have changed. */
  wake(account?: string): void {
    this.#took(this.#scheduler.wake(account, this.#now()));
  }

  /** Calls that may wait in all; those that do already stay. */
  setMaxWaiting(most: number): void {
    this.#scheduler.setMaxWaiting(most);
  }

  configure(account: string, options: QueueOptions | undefined): void {
    this.#scheduler.configure(account, options);
  }

  /** How long one had better wait before asking an account again that has just refused it; undefined when nothing is known. */
  wait_ms(account: string, qos: Qos): number | undefined {
    return this.#scheduler.wait_ms(account, qos, this.#now());
  }

  /** Calls in flight and waiting at an account. */
  load(account: string): { readonly in_flight: number; readonly waiting: number } {
    const waiting = this.#scheduler.pool(account)?.queue.size ?? 0;
    return { in_flight: this.#accounts.windows(account)?.out_calls ?? 0, waiting };
  }

  waiting(qos: Qos): number {
    return this.#scheduler.waiting(qos);
  }

  waitingOf(tenant: string): number {
    return this.#scheduler.waitingOf(tenant);
  }

  /** Queues of accounts in which somebody waits, or waited lately. */
  pools(): Iterable<PoolView> {
    return this.#scheduler.pools();
  }

  jain(qos: Qos): number {
    return this.#scheduler.jain(qos, this.#now());
  }

  /** When the next patience or lease ends. */
  get due_mono_ms(): number | undefined {
    return this.#scheduler.due_mono_ms;
  }

  /** Nobody waits or holds anything any more. */
  rest(): void {
    this.#alarm.rest();
  }

  #now(): Now {
    return nowOf(this.#ambient);
  }

  #took(changes: Changes<Holder>): void {
    this.#tell(changes);
    // Who was moved to another account may have less patience there.
    this.#arm();
  }

  #tell(changes: Changes<Holder>): void {
    const { decided, preempted, lapsed, marks, starving } = changes;
    this.#watches.signs({ marks, starving });
    if (decided.length + preempted.length + lapsed.length === 0) return;
    const mono_ms = this.#ambient.clock.mono_ms();
    const told: (() => void)[] = [];
    for (const ticket of decided) {
      this.#watches.tell((watch) => watch.decided?.(ticket, mono_ms));
      told.push(() => ticket.owner.decided(ticket));
    }
    for (const ticket of preempted) {
      this.#watches.tell((watch) => watch.preempted?.(ticket));
      told.push(() => ticket.owner.preempted(ticket.stopped_at ?? ''));
    }
    for (const ticket of lapsed) {
      this.#watches.tell((watch) => watch.lapsed?.(ticket));
      told.push(() => ticket.owner.lapsed());
    }
    this.#starts.tell(told);
  }

  #arm(): void {
    this.#alarm.arm(this.#next_ms());
  }

  #ring(): void {
    const now = this.#now();
    this.#tell(this.#scheduler.expire(now));
    // It may be midnight.
    this.#tell(this.#scheduler.wake(undefined, now));
    this.#arm();
  }

  /**
   * The first patience or lease to end, or the midnight that renews the budgets that somebody waits for. Midnight is the wall
   * clock's, which is asked anew each time, since it may jump; the others do not jump with it.
   */
  #next_ms(): number {
    const { clock } = this.#ambient;
    const due_ms = this.#scheduler.due_mono_ms ?? Infinity;
    if (this.#scheduler.waiting() === 0) return due_ms;
    return Math.min(due_ms, clock.mono_ms() + untilNextUtcDay_ms(clock.now_ms()));
  }
}
