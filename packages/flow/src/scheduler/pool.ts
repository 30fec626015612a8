import { QOS_TIERS, type Qos, qosRank } from '@atp-router/kernel';
import type { Windows } from '../account.ts';
import { type Amounts, type Denial, NOTHING, plus } from '../amounts.ts';
import { FairQueue, type FairPlace } from '../fair/fair-queue.ts';
import { Watermark, type WatermarkOptions } from '../window/watermark.ts';
import { Pace } from './pace.ts';
import {
  assertShares,
  hasShareWithout,
  isBelowShare,
  leftOfShare,
  NO_SHARES,
  type Shares,
  shortage,
} from './shares.ts';
import type { QueueOptions } from './options.ts';
import type { Ticket } from './ticket.ts';

/** How many of a tier wait in a queue. */
export interface Crowd<T> {
  readonly pool: Pool<T>;
  waiting: number;
  heap_at: number;
}

/** An account that somebody waits for, or whose tiers have parts of their own: who waits, and who may be stopped. */
export class Pool<T> {
  readonly account: string;
  readonly queue: FairQueue<Ticket<T>> = new FairQueue();
  readonly pace: Pace = new Pace();
  readonly mark: Watermark;
  shares: Shares = NO_SHARES;
  /** Demands that may wait here; undefined: as everywhere. */
  max_waiting: number | undefined = undefined;
  /** Was next and did not fit here, and nothing has come back here since. */
  blocked: Ticket<T> | undefined = undefined;
  /** By tier. */
  readonly crowds: readonly [Crowd<T>, Crowd<T>, Crowd<T>] = [this.#crowd(), this.#crowd(), this.#crowd()];
  /** Granted and may be stopped for somebody else, oldest first, by tier. Only where tiers have parts. */
  readonly #running: readonly [Set<Ticket<T>>, Set<Ticket<T>>, Set<Ticket<T>>] = [new Set(), new Set(), new Set()];
  /** Told to stop for somebody, here or elsewhere, and what they hold comes back; by tier. */
  readonly #stopping: readonly [Set<Ticket<T>>, Set<Ticket<T>>, Set<Ticket<T>>] = [new Set(), new Set(), new Set()];

  constructor(account: string, marks?: WatermarkOptions) {
    this.mark = new Watermark(marks);
    this.account = account;
  }

  configure({ shares = NO_SHARES, max_waiting }: QueueOptions): void {
    assertShares(shares);
    this.shares = shares;
    this.max_waiting = max_waiting;
  }

  get has_shares(): boolean {
    return this.shares.gold > 0 || this.shares.silver > 0 || this.shares.bronze > 0;
  }

  /** Nobody waits, and what it has been told and has seen is not missed when it is forgotten. */
  get is_idle(): boolean {
    const has_options = this.has_shares || this.max_waiting !== undefined;
    return (
      this.queue.size === 0 && !has_options && [...this.#running, ...this.#stopping].every(({ size }) => size === 0)
    );
  }

  /** What whoever lines up behind others is told: what refuses the first of them. */
  busy(windows: Windows | undefined): Denial {
    const state = windows && this.next(windows)?.owner.state;
    return state?.kind === 'waiting' && state.account === this.account ? state.denial : busyAt(this.account);
  }

  /** Who is next: of a tier that has less than its part, the best of them first; else of the best tier. */
  next(windows: Windows): FairPlace<Ticket<T>> | undefined {
    if (this.queue.size === 0) return undefined;
    for (const qos of QOS_TIERS) {
      if (this.queue.waiting(qos) > 0 && isBelowShare(windows, this.shares[qos], qos)) return this.queue.peek(qos);
    }
    return this.queue.peek('gold') ?? this.queue.peek('silver') ?? this.queue.peek('bronze');
  }

  /** Whether there is no room here for a demand of so much, whatever its other accounts say. */
  isFull(windows: Windows, demand: Amounts): boolean {
    return (
      (demand.calls > 0 && demand.calls > windows.max_parallel - windows.out_calls) ||
      (demand.tokens > 0 && demand.tokens > windows.max_tokens - windows.out_tokens) ||
      (demand.usd_nanos > 0 && demand.usd_nanos > windows.max_usd_nanos - windows.out_usd_nanos)
    );
  }

  /** Demands that are served before a further one of a tier, as far as it can be known. */
  ahead(qos: Qos): number {
    return QOS_TIERS.reduce((sum, tier) => sum + (qosRank(tier) <= qosRank(qos) ? this.queue.waiting(tier) : 0), 0);
  }

  started(ticket: Ticket<T>): void {
    if (ticket.is_preemptible && this.has_shares) this.#running[qosRank(ticket.key.qos)].add(ticket);
  }

  ended(ticket: Ticket<T>, mono_ms: number): void {
    this.pace.ended(mono_ms);
    this.#running[qosRank(ticket.key.qos)].delete(ticket);
    this.#stopping[qosRank(ticket.key.qos)].delete(ticket);
  }

  /** What may be stopped for somebody of a tier at most; undefined when it stops nobody, or has its part already. */
  claim(windows: Windows, qos: Qos): Amounts | undefined {
    const share = this.shares[qos];
    return PREEMPTING.has(qos) && isBelowShare(windows, share, qos) ? leftOfShare(windows, share, qos) : undefined;
  }

  /**
   * Whom to stop so that the first demand of a tier fits, and then others behind it, which want `wanted` together with it.
   * Each time bronze before silver, the oldest first of those that hold what is short, and none whose tier would have less than
   * its part. Nobody when enough is on its way back, or when stopping all of them would not do for the first demand.
   */
  victims(windows: Windows, qos: Qos, demand: Amounts, wanted: Amounts): readonly Ticket<T>[] {
    const given = this.#stopping.map((tickets) => this.#heldBy(tickets));
    const found = new Set<Ticket<T>>();
    if (!this.#find(windows, qos, demand, given, found)) return [];
    this.#find(windows, qos, wanted, given, found);
    return [...found];
  }

  /**
   * Adds to `found` whom to stop for a demand; false when something is missing still. Once there is enough in one window, all are
   * gone over again: what a tier had to keep there it may give now, and it goes before a better one. As there are three
   * windows, they are gone over three times at most.
   */
  #find(windows: Windows, qos: Qos, demand: Amounts, given: Amounts[], found: Set<Ticket<T>>): boolean {
    for (let short = given.reduce(minus, shortage(windows, demand)); !isNothing(short); ) {
      const left = this.#findOnce(windows, qos, short, given, found);
      if (!endsShortage(left, short)) return false;
      short = left;
    }
    return true;
  }

  /** Until one window more has enough: returns what is missing then. */
  #findOnce(windows: Windows, qos: Qos, short: Amounts, given: Amounts[], found: Set<Ticket<T>>): Amounts {
    let left = short;
    for (const tier of WORST_FIRST) {
      const rank = qosRank(tier);
      if (rank <= qosRank(qos)) break;
      for (const ticket of this.#running[rank]) {
        const held = ticket.heldAt(this.account);
        if (found.has(ticket) || !helps(held, short)) continue;
        const all = plus(given[rank] ?? NOTHING, held);
        if (!hasShareWithout(windows, this.shares[tier], tier, all, short)) break;
        given[rank] = all;
        found.add(ticket);
        left = minus(left, held);
        if (endsShortage(left, short)) return left;
      }
    }
    return left;
  }

  /** It was told to stop, here or elsewhere, and gives back what it has. */
  stopped(ticket: Ticket<T>): void {
    const rank = qosRank(ticket.key.qos);
    if (this.#running[rank].delete(ticket)) this.#stopping[rank].add(ticket);
  }

  #crowd(): Crowd<T> {
    return { pool: this, waiting: 0, heap_at: -1 };
  }

  #heldBy(tickets: Iterable<Ticket<T>>): Amounts {
    let held = NOTHING;
    for (const ticket of tickets) held = plus(held, ticket.heldAt(this.account));
    return held;
  }
}

/** Others wait, who have not been tried yet. */
function busyAt(account: string): Denial {
  return { ok: false, account, dimension: 'window_calls', limit: 0, available: 0, waitable: true };
}

const WORST_FIRST: readonly Qos[] = ['bronze', 'silver'];

/** Silver has its part and its turn, and stops nobody. */
const PREEMPTING: ReadonlySet<Qos> = new Set(['gold']);

/** Whether a part of what is short comes back with it. */
function helps(held: Amounts, short: Amounts): boolean {
  return (
    (short.calls > 0 && held.calls > 0) ||
    (short.tokens > 0 && held.tokens > 0) ||
    (short.usd_nanos > 0 && held.usd_nanos > 0)
  );
}

function minus(a: Amounts, b: Amounts): Amounts {
  return {
    calls: Math.max(0, a.calls - b.calls),
    tokens: Math.max(0, a.tokens - b.tokens),
    usd_nanos: Math.max(0, a.usd_nanos - b.usd_nanos),
  };
}

/** Whether a window that was short has enough. */
function endsShortage(left: Amounts, short: Amounts): boolean {
  return (
    (short.calls > 0 && left.calls === 0) ||
    (short.tokens > 0 && left.tokens === 0) ||
    (short.usd_nanos > 0 && left.usd_nanos === 0)
  );
}

function isNothing({ calls, tokens, usd_nanos }: Amounts): boolean {
  return calls === 0 && tokens === 0 && usd_nanos === 0;
}
