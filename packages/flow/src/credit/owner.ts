import type { AccountLedger } from '../account-ledger.ts';
import type { Amounts } from '../amounts.ts';
import { NOTHING } from '../amounts.ts';
import { dayNumber } from '../days.ts';
import type { Now, QueueSigns } from '../scheduler/changes.ts';
import type { QueueOptions, SchedulerOptions } from '../scheduler/options.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { Contention, overOf } from './contention.ts';
import {
  CREDIT_VERSION,
  type KeptTotal,
  type OwnerMessage,
  type Recovered,
  type WorkerBody,
  type WorkerMessage,
} from './messages.ts';
import { type CreditOptions, DEFAULT_CREDIT } from './options.ts';
import { isTooMuch } from './owner-bounds.ts';
import { OwnerDesk } from './owner-desk.ts';
import { OwnerRoster } from './owner-roster.ts';
import { type Asked, callOf, type OwnerWorker, resync } from './owner-worker.ts';
import { plus } from './sums.ts';
import { isOverdrawn } from './top-up.ts';

export type OwnerEffect =
  | { readonly kind: 'send'; readonly message: OwnerMessage }
  /** A later owner is there: this one decides nothing any more. */
  | { readonly kind: 'deposed'; readonly epoch: number };

export interface OwnerSetup {
  /** Higher than that of every owner before. */
  readonly epoch: number;
  /** With the limits in force and without anything outstanding or used. */
  readonly ledger: AccountLedger;
  /** Workers that may hold credit of an earlier owner. Absent: not known. Empty: there are none, and nothing to wait for. */
  readonly workers?: readonly { readonly name: string; readonly incarnation: number }[] | undefined;
  /** Until when it may decide without a renewal; whoever elects owners makes no other one before. Absent: for ever. */
  readonly tenure_mono_ms?: number | undefined;
  readonly scheduler?: Partial<SchedulerOptions>;
  readonly options?: Partial<CreditOptions>;
  /** Told of pressure and starvation in the queues while an input is taken. It must not throw, nor call back. */
  readonly onSigns?: ((signs: QueueSigns) => void) | undefined;
}

/** Beyond the credit that is out and backed by a limit, at one account. */
export interface CreditBound {
  /** Held by workers that were not heard of any more, and freed since: their calls may still run. */
  readonly lost: Amounts;
  /** Outstanding beyond windows that were lowered, or that calls held already when a worker came back. */
  readonly over: Amounts;
}

/**
 * Holds the truth of all limits and the queue of all who wait, and leases credit to workers. Without a clock and without IO:
 * every input is told the time and returns what is to be sent; `tick` wants to be called when `due_mono_ms` has come.
 */
export class CreditOwner {
  readonly epoch: number;
  readonly scheduler: Scheduler<Asked>;
  readonly #ledger: AccountLedger;
  readonly #options: CreditOptions;
  readonly #contention: Contention;
  readonly #desk: OwnerDesk;
  readonly #roster: OwnerRoster;
  /** Workers that a new owner waits for, until the time from which on no other can have credit. */
  #recovery: { readonly names: Set<string> | undefined; readonly until_mono_ms: number } | undefined;
  #held: { readonly asked: Asked; readonly mono_ms: number }[] = [];
  #tenure_mono_ms: number;
  #is_deposed = false;
  #scanned_mono_ms: number;
  #day: number;
  #effects: OwnerEffect[] = [];

  constructor({ epoch, ledger, workers, tenure_mono_ms, scheduler, options, onSigns }: OwnerSetup, now: Now) {
    this.epoch = epoch;
    this.#ledger = ledger;
    this.#options = { ...DEFAULT_CREDIT, ...options };
    this.scheduler = new Scheduler<Asked>(ledger, { waiting: this.#options.wants, ...scheduler });
    const tell = (worker: OwnerWorker, body: OwnerMessage['body']): void => {
      if (worker.state !== 'lapsed') this.#effects.push({ kind: 'send', message: worker.message(epoch, body) });
    };
    this.#contention = new Contention(ledger, this.scheduler, tell);
    this.#desk = new OwnerDesk(ledger, this.scheduler, this.#contention, this.#options, tell, (signs) => {
      onSigns?.(signs);
    });
    this.#roster = new OwnerRoster(ledger, this.#desk, this.#contention, this.#options);
    this.#tenure_mono_ms = tenure_mono_ms ?? Number.POSITIVE_INFINITY;
    this.#scanned_mono_ms = now.mono_ms;
    this.#day = dayNumber(now.now_ms);
    const { ttl_ms, margin_ms } = this.#options;
    const names = workers && new Set(workers.map(({ name }) => name));
    if (names?.size !== 0) this.#recovery = { names, until_mono_ms: now.mono_ms + ttl_ms + margin_ms };
    this.#desk.is_frozen = this.#recovery !== undefined;
    for (const worker of workers ?? []) this.#effects.push({ kind: 'send', message: callOf(worker, epoch) });
  }

  /** It does not grant anything yet. */
  get is_recovering(): boolean {
    return this.#recovery !== undefined;
  }

  /** It decides nothing any more, or not at this time. */
  isOver({ mono_ms }: Now): boolean {
    return this.#is_deposed || mono_ms >= this.#tenure_mono_ms;
  }

  renewTenure(until_mono_ms: number): void {
    this.#tenure_mono_ms = Math.max(this.#tenure_mono_ms, until_mono_ms);
  }

  workers(): IterableIterator<OwnerWorker> {
    return this.#roster.workers();
  }

  /** What is debited, for whoever follows this owner: some of what it cannot read yet. `kept` when it can. */
  unkept(most: number): readonly KeptTotal[] {
    return this.#roster.unkept(most);
  }

  kept(totals: readonly KeptTotal[]): void {
    this.#roster.keep(totals);
  }

  /** What was kept is lost. */
  unkeep(): void {
    this.#roster.unkeep();
  }

  /** Incarnations that are gone and for which something is debited. */
  get gone(): number {
    return this.#roster.gone;
  }

  get due_mono_ms(): number {
    const { scan_ms } = this.#options;
    const is_busy = this.scheduler.waiting() > 0 || this.#contention.is_any;
    let due = Math.min(this.scheduler.due_mono_ms ?? Infinity, this.#desk.due_mono_ms, this.#roster.due_mono_ms);
    if (is_busy) due = Math.min(due, this.#scanned_mono_ms + scan_ms);
    if (this.#recovery !== undefined) due = Math.min(due, this.#recovery.until_mono_ms);
    return due;
  }

  /** Calls on the workers that it was told of. */
  start(now: Now): readonly OwnerEffect[] {
    return this.#take(now);
  }

  /** What is debited for an incarnation at an account on a day; undefined for one that is not known. */
  debited(worker: string, incarnation: number, account: string, day: number): Amounts | undefined {
    return this.#roster.find(worker, incarnation)?.peek(account, day)?.known;
  }

  /** What may be in flight at an account beyond its limits. */
  bound(account: string): CreditBound {
    let lost = NOTHING;
    for (const slot of this.#contention.slotsAt(account)) lost = plus(lost, slot.lost);
    const windows = this.#ledger.windows(account);
    return { lost, over: windows === undefined ? NOTHING : overOf(windows) };
  }

  configure(account: string, options: QueueOptions | undefined): void {
    this.scheduler.configure(account, options);
  }

  /** Limits of the ledger have changed, of one account or of any. */
  limitsChanged(account: string | undefined, now: Now): readonly OwnerEffect[] {
    for (const id of account === undefined ? this.#ledger.ids() : [account]) {
      if (!this.#contention.isCalm(id)) this.#contention.heat(id);
      if (isOverdrawn(this.#ledger, id, now.now_ms)) this.#contention.press(id);
    }
    if (this.isOver(now)) {
      // It decides when its tenure is renewed, and not before.
      for (const id of account === undefined ? this.#ledger.ids() : [account]) this.#desk.wake(id);
      return [];
    }
    this.#desk.took(this.scheduler.wake(account, now), now);
    return this.#take(now);
  }

  /** A journal was read, by whomever. */
  settledFor(recovered: Recovered, now: Now): readonly OwnerEffect[] {
    this.#roster.settle(recovered, now);
    return this.isOver(now) ? [] : this.#take(now);
  }

  receive(message: WorkerMessage, now: Now): readonly OwnerEffect[] {
    if (message.v !== CREDIT_VERSION || this.isOver(now)) return [];
    if (message.epoch > this.epoch) {
      this.#is_deposed = true;
      return [{ kind: 'deposed', epoch: message.epoch }];
    }
    const worker = this.#roster.admit(message, this.epoch, now);
    if (worker === 'resync') this.#effects.push({ kind: 'send', message: resync(message, this.epoch) });
    if (worker === 'resync' || worker === undefined) return this.#take(now);
    worker.lease_mono_ms = now.mono_ms + this.#options.ttl_ms + this.#options.margin_ms;
    this.#handle(worker, message.body, message.heard, now);
    return this.#take(now);
  }

  tick(now: Now): readonly OwnerEffect[] {
    if (this.isOver(now)) return [];
    this.#roster.expire(now);
    if (this.#recovery !== undefined && this.#recovery.until_mono_ms <= now.mono_ms) this.#recovered(now);
    this.#desk.took(this.scheduler.expire(now), now);
    const today = dayNumber(now.now_ms);
    if (today !== this.#day) {
      this.#day = today;
      this.#roster.turnDay(today);
      this.#desk.took(this.scheduler.wake(undefined, now), now);
    }
    const is_scan = now.mono_ms - this.#scanned_mono_ms >= this.#options.scan_ms;
    if (is_scan) this.#scan(now);
    return this.#take(now, is_scan);
  }

  #handle(worker: OwnerWorker, body: WorkerBody, heard: number, now: Now): void {
    switch (body.type) {
      case 'hello':
        this.#hello(worker, body, now);
        break;
      case 'want':
        this.#ask({ by: worker, want: body.want }, now);
        break;
      case 'cancel':
        this.#held = this.#held.filter(({ asked }) => asked.by !== worker || asked.want.id !== body.id);
        this.#desk.cancel(worker, body.id, now);
        break;
      case 'sync':
        this.#desk.ended(worker, body.ended, now);
        this.#desk.sync(worker, body.slots, heard, now);
        break;
      case 'settled_for':
        this.#roster.settle(body.recovered, now);
        break;
      case 'stopping':
        this.#contention.stopped(worker, body.ask, body.amounts);
        break;
      case 'ping':
        this.#effects.push({ kind: 'send', message: worker.message(this.epoch, { type: 'pong' }) });
        break;
    }
  }

  /** A link has begun: what the worker says of itself replaces all that was known, and what waits keeps its place. */
  #hello(worker: OwnerWorker, piece: Extract<WorkerBody, { type: 'hello' }>, now: Now): void {
    worker.hello?.slots.push(...piece.slots);
    worker.hello?.wants.push(...piece.wants);
    worker.hello?.recovered.push(...piece.recovered);
    if (worker.hello !== undefined && isTooMuch(worker.hello, this.#options)) worker.hello = undefined;
    if (!piece.is_last || worker.hello === undefined) return;
    const { slots, wants, recovered, is_heir } = worker.begin();
    this.#effects.push({ kind: 'send', message: worker.message(this.epoch, { type: 'welcome' }) });
    for (const one of recovered) this.#roster.settle(one, now);
    const ids = new Set(wants.map(({ id }) => id));
    const known = new Set(worker.waiting.keys());
    this.#held = this.#held.filter(({ asked }) => asked.by !== worker || ids.has(asked.want.id));
    for (const { asked } of this.#held) if (asked.by === worker) known.add(asked.want.id);
    // First what is out, then who is granted what has come back.
    this.#desk.restart(worker, slots);
    if (is_heir) this.#roster.inherit(worker);
    this.#desk.release(worker, ids, now);
    for (const want of wants) if (!known.has(want.id)) this.#ask({ by: worker, want }, now);
    this.#recovery?.names?.delete(worker.name);
    if (this.#recovery?.names?.size === 0) this.#recovered(now);
  }

  #ask(asked: Asked, now: Now): void {
    if (this.#recovery === undefined) this.#desk.ask(asked, 0, now);
    else if (this.#held.length < this.#options.wants) this.#held.push({ asked, mono_ms: now.mono_ms });
    else this.#desk.deny(asked, 'shed', undefined, now);
  }

  /** No other owner's credit is out there any more that this one does not know of. */
  #recovered(now: Now): void {
    this.#recovery = undefined;
    this.#desk.is_frozen = false;
    const held = this.#held.sort((a, b) => a.mono_ms - a.asked.want.waited_ms - (b.mono_ms - b.asked.want.waited_ms));
    this.#held = [];
    for (const { asked, mono_ms } of held) {
      if (asked.by.state !== 'lapsed') this.#desk.ask(asked, now.mono_ms - mono_ms, now);
    }
  }

  /** Who waits may have been moved to the queue of another account. */
  #scan(now: Now): void {
    this.#scanned_mono_ms = now.mono_ms;
    for (const { waiting } of this.#roster.workers()) {
      for (const { state } of waiting.values()) if (state.kind === 'waiting') this.#contention.heat(state.account);
    }
  }

  #take(now: Now, is_scan: boolean = false): readonly OwnerEffect[] {
    this.#desk.workers = Math.max(1, this.#roster.alive);
    this.#desk.run(now);
    this.#contention.run(now.mono_ms, is_scan);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
