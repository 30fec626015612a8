import { type AccountBook, type Demand, partOf } from './records.ts';
import type { QueueBook } from './queue-book.ts';
import { addTo, DIMENSIONS, less, type Sum } from './sums.ts';
import type { Watch } from './watch.ts';

const NONE: Readonly<Sum> = [0, 0, 0];

/** What is granted and may be stopped, and who was. */
export class StopBook {
  readonly #watch: Watch;
  readonly #queues: QueueBook;
  /** Granted, oldest first. */
  readonly running: Set<Demand> = new Set();

  constructor(queues: QueueBook, watch: Watch) {
    this.#queues = queues;
    this.#watch = watch;
  }

  granted(demand: Demand): void {
    for (const part of demand.parts) {
      if (part.kind !== 'reserve') continue;
      this.running.add(demand);
      if (!demand.wish.is_preemptible) continue;
      for (const book of part.accounts) if (book.has_shares) demand.stoppable |= 1 << book.at;
    }
  }

  /** Who was told to stop in this step: nothing is granted after that. */
  judge(stopped: readonly Demand[]): void {
    const pools = new Map<AccountBook, Demand[]>();
    for (const demand of stopped) {
      const pool = this.#queues.find(demand.ticket?.stopped_at ?? '');
      pools.set(pool, [...(pools.get(pool) ?? []), demand]);
    }
    for (const [book, victims] of pools) {
      const gold = book.line.filter(({ wish }) => wish.qos === 'gold');
      const right = gold.flatMap((demand) =>
        [...this.#orders()].map((order) => numbersOf(this.#victims(demand, book, order))),
      );
      if (!right.includes(numbersOf(victims)))
        this.#watch.broken(`at ${book.id} ${numbersOf(victims)} were stopped, and not ${right.join(' or ')}`);
      for (const victim of victims) victim.stopped_at = book;
    }
  }

  /** Afterwards nobody is left who should stop for gold. */
  judgeLeft(): void {
    for (const book of this.#queues.withLine()) {
      if (book.shares.gold === 0 || book.life === undefined) continue;
      const [head, ...others] = this.#queues.heads(book);
      if (head?.wish.qos !== 'gold' || others.length > 0) continue;
      const left = this.#victims(head, book, this.running);
      if (left.length === 0) continue;
      if ([...this.#orders()].every((order) => this.#victims(head, book, order).length > 0))
        this.#watch.broken(`at ${book.id} ${numbersOf(left)} are not stopped for ${head.number}`);
    }
  }

  /** What is granted, oldest first: where in its step a newcomer was granted nobody knows. */
  *#orders(): Generator<readonly Demand[]> {
    const all = [...this.running];
    yield all;
    for (const [at, demand] of all.entries()) {
      if (!demand.is_newcomer) continue;
      for (let to = at - 1; all[to]?.granted_at === demand.granted_at; to -= 1)
        yield all.toSpliced(at, 1).toSpliced(to, 0, demand);
    }
  }

  /** Whom to stop so that a demand fits; nobody when that is not its right or would not do. */
  #victims(demand: Demand, book: AccountBook, order: Iterable<Demand>): readonly Demand[] {
    const tiers: Sum[] = book.tiers.map((held) => [...held]);
    const part = demand.partAt(book);
    if (part?.kind !== 'reserve') return [];
    const gold = partOf(book, 'gold');
    if (!DIMENSIONS.every((i) => (tiers[0] as Sum)[i] < gold[i])) return [];
    const short: Sum = [0, 0, 0];
    for (const i of DIMENSIONS) {
      const left = book.windows[i] - (tiers[0] as Sum)[i] - (tiers[1] as Sum)[i] - (tiers[2] as Sum)[i];
      short[i] = part.amounts[i] > 0 ? Math.max(0, part.amounts[i] - left) : 0;
    }
    for (const other of this.running) {
      if (other.stopped_at === undefined || (other.stoppable & (1 << book.at)) === 0) continue;
      pay(short, other.heldAt(book) ?? NONE);
      addTo(tiers[other.rank] as Sum, other.heldAt(book) ?? NONE, -1);
    }
    return this.#walk(book, order, tiers, short);
  }

  /** Bronze before silver, the oldest first, as long as something is short and the tier keeps its part. */
  #walk(book: AccountBook, order: Iterable<Demand>, tiers: readonly Sum[], short: Sum): readonly Demand[] {
    const found: Demand[] = [];
    for (const qos of ['bronze', 'silver'] as const) {
      const part = partOf(book, qos);
      for (const other of order) {
        if (other.wish.qos !== qos || !this.#isStoppable(other, book)) continue;
        const held = other.heldAt(book) ?? NONE;
        if (DIMENSIONS.every((i) => short[i] === 0 || held[i] === 0)) continue;
        const left = less(tiers[other.rank] as Sum, held);
        if (DIMENSIONS.some((i) => short[i] > 0 && left[i] < part[i])) break;
        found.push(other);
        addTo(tiers[other.rank] as Sum, held, -1);
        pay(short, held);
      }
    }
    return DIMENSIONS.some((i) => short[i] > 0) ? [] : found;
  }

  #isStoppable(demand: Demand, book: AccountBook): boolean {
    return (
      (demand.stoppable & (1 << book.at)) !== 0 && demand.stopped_at === undefined && demand.heldAt(book) !== undefined
    );
  }
}

function numbersOf(demands: readonly Demand[]): string {
  return demands.length === 0 ? 'nobody' : demands.map(({ number }) => number).join(', ');
}

function pay(short: Sum, by: Readonly<Sum>): void {
  for (const i of DIMENSIONS) short[i] = Math.max(0, short[i] - by[i]);
}
