import { assert, QOS_TIERS, type Qos, qosRank } from '@atp-router/kernel';
import type { Denial } from '../amounts.ts';
import type { FairKey } from '../fair/fair-queue.ts';
import { IndexedHeap } from '../indexed-heap.ts';
import type { SchedulerOptions } from './options.ts';
import { type Crowd, Pool } from './pool.ts';
import type { Ticket } from './ticket.ts';

/** Accounts that refused somebody and where nobody waits now: remembered for how fast they grant. About 500 B each. */
const IDLE_POOLS_MAX = 1_000;

type Crowds<T> = IndexedHeap<Crowd<T>>;

function crowdsOf<T>(): Crowds<T> {
  return new IndexedHeap<Crowd<T>>((a, b) => a.waiting > b.waiting);
}

/** Who waits, at which account, and until when. Bounded; decides nothing. */
export class WaitingRoom<T> {
  readonly pools: Map<string, Pool<T>> = new Map();
  /** Times of those who wait, and of leases. */
  readonly due: IndexedHeap<Ticket<T>> = new IndexedHeap<Ticket<T>>((a, b) => a.due_mono_ms < b.due_mono_ms);
  readonly #waiting: [number, number, number] = [0, 0, 0];
  /** By tier, the queue in which most wait first. */
  readonly #crowds: readonly [Crowds<T>, Crowds<T>, Crowds<T>] = [crowdsOf(), crowdsOf(), crowdsOf()];
  readonly #tenants: Map<string, number> = new Map();
  /** Least recently used first. */
  readonly #idle: Map<string, Pool<T>> = new Map();
  readonly #options: SchedulerOptions;

  /** In all. */
  max_waiting: number;

  constructor(options: SchedulerOptions) {
    this.max_waiting = options.waiting;
    this.#options = options;
  }

  get size(): number {
    return this.#waiting[0] + this.#waiting[1] + this.#waiting[2];
  }

  waiting(qos: Qos): number {
    return this.#waiting[qosRank(qos)];
  }

  /**
   * At the limit somebody of the worst tier makes room for a better one, or else of its own tier for a tenant that has fewer
   * waiting: whoever came last of the tenant that has most. In a full queue it is one of those there; where too many wait in all,
   * one of the queue in which most of that tier wait. It has left, and is returned. `full`: there is none.
   */
  makeRoom(
    ticket: Ticket<T>,
    { account }: Denial,
  ): { readonly ticket: Ticket<T>; readonly denial: Denial; readonly from: Pool<T> } | 'full' | undefined {
    const pool = this.pools.get(account);
    const most = pool?.max_waiting ?? this.#options.waiting_per_account;
    const is_full = (pool?.queue.size ?? 0) >= most;
    if (!is_full && this.size < this.max_waiting) return undefined;
    const last = is_full ? pool && leastNeeded(pool, ticket) : this.#leastNeeded(ticket);
    if (last?.state.kind !== 'waiting') return 'full';
    const { denial } = last.state;
    return { ticket: last, denial, from: this.leave(last) };
  }

  /** Who makes room where too many wait in all. */
  #leastNeeded({ key }: Ticket<T>): Ticket<T> | undefined {
    for (const qos of WORST_FIRST) {
      const queue = this.#crowds[qosRank(qos)]?.peek()?.pool.queue;
      if (queue === undefined || qosRank(qos) < qosRank(key.qos)) continue;
      const than = qos === key.qos ? this.waitingOf(key.tenant) + 1 : 0;
      return queue.newestOfCrowd(qos, than)?.owner;
    }
    return undefined;
  }

  /** Waits at the account that refused it, with its weight times `factor`. */
  line(ticket: Ticket<T>, denial: Denial, until_mono_ms: number, factor: number): Pool<T> {
    const pool = this.open(denial.account);
    const { key } = ticket;
    ticket.place = pool.queue.add(ticket, factor === 1 ? key : { ...key, weight: key.weight * factor });
    ticket.state = { kind: 'waiting', account: denial.account, denial };
    this.#count(key, 1);
    this.#crowded(pool, key.qos);
    ticket.has_waited = true;
    ticket.due_mono_ms = until_mono_ms;
    this.due.add(ticket);
    return pool;
  }

  /** Out of its queue. */
  leave(ticket: Ticket<T>): Pool<T> {
    const { state, place } = ticket;
    assert(state.kind === 'waiting' && place !== undefined, 'a demand that waits has a place');
    const pool = this.pools.get(state.account);
    assert(pool !== undefined, 'who waits, waits at an account that is known');
    pool.queue.remove(place);
    this.left(ticket, pool);
    return pool;
  }

  /** Its place is gone already: it was served. */
  left(ticket: Ticket<T>, from: Pool<T>): void {
    ticket.place = undefined;
    this.#count(ticket.key, -1);
    this.#crowded(from, ticket.key.qos);
    this.due.remove(ticket);
  }

  /** The number of those who wait there has changed. */
  #crowded(pool: Pool<T>, qos: Qos): void {
    const heap = this.#crowds[qosRank(qos)];
    const crowd = pool.crowds[qosRank(qos)];
    crowd.waiting = pool.queue.waiting(qos);
    if (crowd.waiting === 0) heap.remove(crowd);
    else if (crowd.heap_at === -1) heap.add(crowd);
    else heap.moved(crowd);
  }

  /** Demands of a tenant that wait, whatever for. */
  waitingOf(tenant: string): number {
    return this.#tenants.get(tenant) ?? 0;
  }

  #count({ qos, tenant }: FairKey, by: 1 | -1): void {
    this.#waiting[qosRank(qos)] += by;
    const sum = this.waitingOf(tenant) + by;
    if (sum === 0) this.#tenants.delete(tenant);
    else this.#tenants.set(tenant, sum);
  }

  /** An account at which others wait, and at which it has not had its turn. */
  lineFor(ticket: Ticket<T>, at: Pool<T> | undefined): Pool<T> | undefined {
    if (this.size === (at?.queue.size ?? 0)) return undefined;
    for (const part of ticket.parts) {
      // What grows runs already: it does not stand behind those who wait to begin.
      if (part.kind === 'grow') continue;
      for (const account of part.accounts) {
        const pool = this.pools.get(account);
        if (pool !== undefined && pool !== at && pool.queue.size > 0 && !ticket.passed.includes(account)) return pool;
      }
    }
    return undefined;
  }

  open(account: string): Pool<T> {
    const known = this.pools.get(account);
    if (known !== undefined) {
      this.#idle.delete(account);
      return known;
    }
    const pool = new Pool<T>(account, this.#options.marks);
    this.pools.set(account, pool);
    return pool;
  }

  /** It may be idle by now, and is forgotten once too many others have been since. */
  rest(pool: Pool<T>): void {
    this.#idle.delete(pool.account);
    if (!pool.is_idle) return;
    this.#idle.set(pool.account, pool);
    if (this.#idle.size <= IDLE_POOLS_MAX) return;
    const [oldest] = this.#idle.keys();
    if (oldest === undefined) return;
    this.#idle.delete(oldest);
    this.pools.delete(oldest);
  }
}

/** Who makes room for a demand in a full queue. */
function leastNeeded<T>({ queue }: Pool<T>, { key }: Ticket<T>): Ticket<T> | undefined {
  for (const qos of WORST_FIRST) {
    if (qosRank(qos) <= qosRank(key.qos)) break;
    const last = queue.newestOfCrowd(qos, 0);
    if (last !== undefined) return last.owner;
  }
  return queue.newestOfCrowd(key.qos, queue.waitingOf(key.qos, key.tenant) + 1)?.owner;
}

const WORST_FIRST: readonly Qos[] = [...QOS_TIERS].reverse();
