import type { AccountLedger } from '../account-ledger.ts';
import { NOTHING } from '../amounts.ts';
import type { Now } from '../scheduler/changes.ts';
import type { Contention } from './contention.ts';
import type { KeptTotal, Recovered, WorkerMessage } from './messages.ts';
import type { CreditOptions } from './options.ts';
import type { OwnerDesk } from './owner-desk.ts';
import { Gone } from './owner-gone.ts';
import type { OwnerSlot } from './owner-slot.ts';
import { OwnerWorker } from './owner-worker.ts';

/** Pieces of a journal that are kept for a worker which is not known to be dead. */
const SETTLED_MAX = 50;

/** Which workers there are, whose messages count, and what becomes of those that are not heard of. */
export class OwnerRoster {
  readonly #ledger: AccountLedger;
  readonly #desk: OwnerDesk;
  readonly #contention: Contention;
  readonly #options: CreditOptions;
  readonly #workers: Map<string, OwnerWorker> = new Map();
  readonly #gone: Gone;

  constructor(ledger: AccountLedger, desk: OwnerDesk, contention: Contention, options: CreditOptions) {
    this.#ledger = ledger;
    this.#desk = desk;
    this.#contention = contention;
    this.#options = options;
    this.#gone = new Gone(options.gone);
  }

  workers(): IterableIterator<OwnerWorker> {
    return this.#workers.values();
  }

  find(name: string, incarnation: number): OwnerWorker | undefined {
    const known = this.#workers.get(name);
    return known?.incarnation === incarnation ? known : this.#gone.find(name, incarnation);
  }

  /** What is debited and not kept for whoever follows, `most` at a time. */
  unkept(most: number): readonly KeptTotal[] {
    const totals: KeptTotal[] = [];
    for (const { name, incarnation, slots } of this.#all()) {
      for (const { account, day, known, kept } of slots) {
        if (totals.length === most) return totals;
        if (known !== kept) totals.push({ worker: name, incarnation, account, day, used: known });
      }
    }
    return totals;
  }

  keep(totals: readonly KeptTotal[]): void {
    for (const { worker, incarnation, account, day, used } of totals) {
      const slot = this.find(worker, incarnation)?.peek(account, day);
      if (slot !== undefined) slot.kept = used;
    }
  }

  /** Nobody can read any more what was kept. */
  unkeep(): void {
    for (const { slots } of this.#all()) for (const slot of slots) slot.kept = NOTHING;
  }

  *#all(): Generator<{ readonly name: string; readonly incarnation: number; readonly slots: Iterable<OwnerSlot> }> {
    for (const workers of [this.#gone.workers(), this.#workers.values()])
      for (const worker of workers) yield { name: worker.name, incarnation: worker.incarnation, slots: worker.slots() };
  }

  get alive(): number {
    let alive = 0;
    for (const { state } of this.#workers.values()) if (state !== 'lapsed') alive += 1;
    return alive;
  }

  get gone(): number {
    return this.#gone.size;
  }

  get due_mono_ms(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const { state, lease_mono_ms } of this.#workers.values())
      if (state !== 'lapsed') due = Math.min(due, lease_mono_ms);
    return due;
  }

  /** Whose message it is, when it is the next one of its link. Undefined: it is void. */
  admit(message: WorkerMessage, own_epoch: number, now: Now): OwnerWorker | 'resync' | undefined {
    const { worker: name, incarnation, epoch, seq, body } = message;
    if (epoch < own_epoch) return 'resync';
    const known = this.#workers.get(name);
    if (known !== undefined && incarnation < known.incarnation) return undefined;
    const is_new = known === undefined || incarnation > known.incarnation;
    if (is_new && (seq !== 1 || body.type !== 'hello')) return 'resync';
    const worker = is_new ? this.#add(name, incarnation, known, now) : known;
    const takes = worker?.takes(message);
    if (worker === undefined || takes === 'void') return undefined;
    if (takes === 'next') return worker;
    if (worker.state === 'live') worker.state = 'broken';
    return 'resync';
  }

  expire(now: Now): void {
    for (const worker of this.#workers.values()) {
      if (worker.state !== 'lapsed' && worker.lease_mono_ms <= now.mono_ms) this.#lapse(worker, now);
    }
  }

  /** The journal of an incarnation was read. Of one that seems to be alive it counts once that is over. */
  settle(recovered: Recovered, now: Now): void {
    const { worker: name, incarnation } = recovered;
    const known = this.#workers.get(name);
    if (known?.incarnation === incarnation) {
      if (known.settled.length < SETTLED_MAX) known.settled.push(recovered);
      if (known.state === 'lapsed') this.#bury(known, now);
      return;
    }
    this.#settleGone(recovered);
  }

  #settleGone(recovered: Recovered): void {
    const { worker: name, incarnation } = recovered;
    this.#gone.settle(recovered, () => new OwnerWorker(name, incarnation, this.#ledger));
    for (const { account } of recovered.totals) this.#desk.wake(account);
  }

  /** What it says was used is what earlier incarnations of its name used, too. */
  inherit({ name, incarnation }: OwnerWorker): void {
    for (const account of this.#gone.inherit(name, incarnation)) this.#desk.wake(account);
  }

  /**
   * Accounts keep two days, and nobody asks for more. What is debited is known for as long as the ledger has the day: of a clock
   * that jumped ahead and came back nothing must be debited again.
   */
  turnDay(today: number): void {
    const isPast = ({ account, day }: OwnerSlot): boolean =>
      day < today - 1 && this.#ledger.usedOn(account, day) === undefined;
    this.#gone.tidy(isPast);
    for (const worker of this.#workers.values()) {
      for (const slot of worker.slots()) {
        if (!isPast(slot) || !slot.is_over) continue;
        worker.drop(slot);
        this.#contention.remove(slot);
      }
    }
  }

  /** Undefined: there are too many, or it was given up so long ago that nobody knows what it is debited. */
  #add(name: string, incarnation: number, before: OwnerWorker | undefined, now: Now): OwnerWorker | undefined {
    if (this.#gone.hasForgotten(name, incarnation)) return undefined;
    if (before !== undefined) this.#bury(before, now);
    if (this.#workers.size >= this.#options.workers) {
      const lapsed = [...this.#workers.values()].find(({ state }) => state === 'lapsed');
      if (lapsed === undefined) return undefined;
      this.#bury(lapsed, now);
    }
    const worker = this.#gone.take(name, incarnation) ?? new OwnerWorker(name, incarnation, this.#ledger);
    for (const slot of worker.slots()) this.#contention.add(slot, worker);
    this.#workers.set(name, worker);
    return worker;
  }

  #lapse(worker: OwnerWorker, now: Now): void {
    worker.state = 'lapsed';
    this.#desk.release(worker, new Set(), now);
    this.#contention.forget(worker);
    for (const slot of worker.slots()) {
      slot.lapse();
      this.#desk.wake(slot.account);
    }
    if (worker.settled.length > 0) this.#bury(worker, now);
  }

  /** It does not run any more. */
  #bury(worker: OwnerWorker, now: Now): void {
    if (worker.state !== 'lapsed') this.#lapse(worker, now);
    if (this.#workers.get(worker.name) !== worker) return;
    for (const slot of worker.slots()) this.#contention.remove(slot);
    this.#workers.delete(worker.name);
    this.#gone.add(worker);
    for (const recovered of worker.settled) this.#settleGone(recovered);
  }
}
