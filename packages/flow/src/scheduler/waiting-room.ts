import { assert, QOS_TIERS, type Qos, qosRank } from '@atp-router/kernel';
import type { Denial } from '../amounts.ts';
import { IndexedHeap } from '../indexed-heap.ts';
import type { SchedulerOptions } from './options.ts';
import { Pool } from './pool.ts';
import { NO_SHARES } from './shares.ts';
import type { Ticket } from './ticket.ts';

/** Who waits, at which account, and until when. Bounded; decides nothing. */
export class WaitingRoom<T> {
  readonly pools: Map<string, Pool<T>> = new Map();
  readonly deadlines: IndexedHeap<Ticket<T>> = new IndexedHeap<Ticket<T>>((a, b) => a.until_mono_ms < b.until_mono_ms);
  readonly #options: SchedulerOptions;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /**
   * At the limit, whoever came last of the worst tier makes room for a better one: it has left, and is returned. `full`: there
   * is none.
   */
  makeRoom(
    ticket: Ticket<T>,
    denial: Denial,
  ): { readonly ticket: Ticket<T>; readonly denial: Denial } | 'full' | undefined {
    const { waiting, waiting_per_account } = this.#options;
    const queue = this.pools.get(denial.account)?.queue;
    const is_full = this.deadlines.size >= waiting || (queue?.size ?? 0) >= waiting_per_account;
    if (!is_full) return undefined;
    for (const qos of WORST_FIRST) {
      if (qosRank(qos) <= qosRank(ticket.key.qos)) break;
      const last = queue?.newest(qos)?.owner;
      if (last?.state.kind !== 'waiting') continue;
      const shed = { ticket: last, denial: last.state.denial };
      this.leave(last);
      return shed;
    }
    return 'full';
  }

  /** Waits at the account that refused it, with its weight times `factor`. */
  line(ticket: Ticket<T>, denial: Denial, factor: number): Pool<T> {
    const { account } = denial;
    const pool = this.pools.get(account) ?? this.open(account);
    const { key } = ticket;
    ticket.place = pool.queue.add(ticket, factor === 1 ? key : { ...key, weight: key.weight * factor });
    ticket.state = { kind: 'waiting', account, denial };
    return pool;
  }

  /** Out of its queue, for good. */
  leave(ticket: Ticket<T>): Pool<T> {
    this.deadlines.remove(ticket);
    return this.unline(ticket);
  }

  unline(ticket: Ticket<T>): Pool<T> {
    const { state, place } = ticket;
    assert(state.kind === 'waiting' && place !== undefined, 'a demand that waits has a place');
    const pool = this.pools.get(state.account);
    assert(pool !== undefined, 'who waits, waits at an account that is known');
    pool.queue.remove(place);
    ticket.place = undefined;
    return pool;
  }

  /** An account at which others wait, and at which it has not had its turn. */
  lineFor(ticket: Ticket<T>, at: Pool<T> | undefined): Pool<T> | undefined {
    if (this.pools.size === 0) return undefined;
    for (const account of ticket.accounts()) {
      const pool = this.pools.get(account);
      if (pool !== undefined && pool !== at && pool.queue.size > 0 && !ticket.passed.has(account)) return pool;
    }
    return undefined;
  }

  open(account: string): Pool<T> {
    const pool = new Pool<T>(account, NO_SHARES, this.#options.marks);
    this.pools.set(account, pool);
    return pool;
  }

  forgetIdle(pool: Pool<T>): void {
    if (pool.is_idle) this.pools.delete(pool.account);
  }
}

const WORST_FIRST: readonly Qos[] = [...QOS_TIERS].reverse();
