import { assert, type Qos } from '@atp-router/kernel';
import { DeadlineHeap, takeExpired, type Waiter, WaitQueue } from './wait-queue.ts';

export interface ConcurrencyLimit {
  /** Calls in flight at one time; 0 closes the key. */
  readonly max_parallel: number;
  /** Calls that may wait for a place. */
  readonly max_waiting: number;
}

/** What a provider account commonly takes; two rounds of waiting keep the wait below a caller's patience. */
export const DEFAULT_CONCURRENCY: ConcurrencyLimit = { max_parallel: 256, max_waiting: 512 };

/** For keys whose calls are only counted. */
export const UNLIMITED: ConcurrencyLimit = { max_parallel: Number.POSITIVE_INFINITY, max_waiting: 0 };

/** Idle keys that are remembered, so that clients who make up model names do not grow the table. */
const MAX_IDLE_KEYS = 1_024;

/**
 * One call's place at a key. `queued` becomes `granted` (then it must be released), `expired` or `cancelled`;
 * `full` had no place, neither now nor in the queue.
 */
export class LimiterTicket<T> {
  readonly owner: T;
  readonly slot: Slot<T>;
  state: 'granted' | 'queued' | 'full' | 'released' | 'expired' | 'cancelled';
  waiter: Waiter<LimiterTicket<T>> | undefined = undefined;

  constructor(owner: T, slot: Slot<T>, state: 'granted' | 'queued' | 'full') {
    this.owner = owner;
    this.slot = slot;
    this.state = state;
  }
}

interface Slot<T> {
  readonly key: string;
  readonly queue: WaitQueue<LimiterTicket<T>>;
  max_parallel: number;
  in_flight: number;
  /** Has a limit of its own, so it is remembered while idle. */
  own: boolean;
  /** Had one, and is forgotten as soon as it is idle. */
  leaving: boolean;
}

/**
 * Concurrency per key (provider and model) with a bounded queue. `T` is what the driver needs to start a call that was
 * granted late. Time comes from outside: call `expire` when `nextDeadline_ms` has passed.
 */
export class Limiter<T> {
  readonly #slots: Map<string, Slot<T>> = new Map();
  readonly #heap: DeadlineHeap<LimiterTicket<T>> = new DeadlineHeap();
  readonly #defaults: ConcurrencyLimit;

  constructor(defaults: ConcurrencyLimit = DEFAULT_CONCURRENCY) {
    this.#defaults = defaults;
  }

  /** `timeout_ms` is how long to wait for a place; 0 or less does not wait. */
  acquire(key: string, qos: Qos, now_ms: number, timeout_ms: number, owner: T): LimiterTicket<T> {
    const slot = this.#slots.get(key) ?? this.#open(key, this.#defaults, false);
    if (slot.in_flight < slot.max_parallel) {
      slot.in_flight += 1;
      return new LimiterTicket(owner, slot, 'granted');
    }
    const ticket = new LimiterTicket(owner, slot, 'queued');
    if (timeout_ms > 0) ticket.waiter = slot.queue.add(ticket, qos, now_ms + timeout_ms);
    if (ticket.waiter === undefined) {
      ticket.state = 'full';
      this.#forgetIdle(slot);
    }
    return ticket;
  }

  /** Gives a granted place back; returns who is granted now and has to be started. */
  release(ticket: LimiterTicket<T>): readonly LimiterTicket<T>[] {
    assert(ticket.state === 'granted', 'only a granted ticket is released');
    ticket.state = 'released';
    const slot = ticket.slot;
    slot.in_flight -= 1;
    assert(slot.in_flight >= 0, 'calls in flight below zero');
    if (slot.queue.size > 0) return this.#grant(slot);
    this.#forgetIdle(slot);
    return NOBODY;
  }

  /** Leaves the queue or, if granted meanwhile, releases; a ticket that has ended is left alone. */
  cancel(ticket: LimiterTicket<T>): readonly LimiterTicket<T>[] {
    if (ticket.state === 'granted') return this.release(ticket);
    if (ticket.state !== 'queued' || ticket.waiter === undefined) return NOBODY;
    ticket.slot.queue.remove(ticket.waiter);
    ticket.state = 'cancelled';
    this.#forgetIdle(ticket.slot);
    return NOBODY;
  }

  /** Takes out everybody who has waited long enough. */
  expire(now_ms: number): readonly LimiterTicket<T>[] {
    if (this.#heap.due(now_ms) === undefined) return NOBODY;
    const expired = takeExpired(this.#heap, now_ms);
    for (const ticket of expired) {
      ticket.state = 'expired';
      this.#forgetIdle(ticket.slot);
    }
    return expired;
  }

  nextDeadline_ms(): number | undefined {
    return this.#heap.next_ms();
  }

  /** Sets a key's own limit, or with undefined returns it to the default; returns who is granted now. */
  setLimit(key: string, limit: ConcurrencyLimit | undefined): readonly LimiterTicket<T>[] {
    const wanted = limit ?? this.#defaults;
    const slot = this.#slots.get(key) ?? this.#open(key, wanted, false);
    slot.own = limit !== undefined;
    slot.leaving = false;
    slot.max_parallel = wanted.max_parallel;
    slot.queue.max_waiting = wanted.max_waiting;
    const granted = slot.queue.size > 0 ? this.#grant(slot) : NOBODY;
    this.#forgetIdle(slot);
    return granted;
  }

  /**
   * Limits of their own remain to these keys only. Where somebody still holds a place or waits for one, the limit stays
   * until the last of them has left.
   */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const slot of this.#slots.values()) {
      if (!slot.own || keys.has(slot.key)) continue;
      slot.own = false;
      slot.leaving = true;
      this.#forgetIdle(slot);
    }
  }

  /** Calls in flight and waiting at a key, for metrics and the admin API. */
  load(key: string): { readonly in_flight: number; readonly waiting: number } {
    const slot = this.#slots.get(key);
    return { in_flight: slot?.in_flight ?? 0, waiting: slot?.queue.size ?? 0 };
  }

  keys(): IterableIterator<string> {
    return this.#slots.keys();
  }

  #grant(slot: Slot<T>): LimiterTicket<T>[] {
    const granted: LimiterTicket<T>[] = [];
    while (slot.in_flight < slot.max_parallel) {
      const waiter = slot.queue.peek();
      if (waiter === undefined) break;
      slot.queue.remove(waiter);
      slot.in_flight += 1;
      waiter.owner.state = 'granted';
      granted.push(waiter.owner);
    }
    return granted;
  }

  #open(key: string, limit: ConcurrencyLimit, own: boolean): Slot<T> {
    const queue = new WaitQueue<LimiterTicket<T>>(limit.max_waiting, this.#heap);
    const slot: Slot<T> = { key, queue, max_parallel: limit.max_parallel, in_flight: 0, own, leaving: false };
    this.#slots.set(key, slot);
    return slot;
  }

  /** Busy keys are bounded by the calls in flight; idle ones without a limit of their own by this. */
  #forgetIdle(slot: Slot<T>): void {
    if (slot.own || slot.in_flight > 0 || slot.queue.size > 0) return;
    if (slot.leaving || this.#slots.size > MAX_IDLE_KEYS) this.#slots.delete(slot.key);
  }
}

const NOBODY: readonly never[] = [];
