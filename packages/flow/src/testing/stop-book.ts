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
      const problems = book.line
        .filter(({ wish }) => wish.qos === 'gold')
        .map((demand) => this.#whyNot(demand, book, victims));
      const [first = 'nobody of gold waits there'] = problems;
      if (!problems.includes(undefined)) this.#watch.broken(`at ${book.id} ${victims.length} were stopped: ${first}`);
      for (const victim of victims) victim.stopped_at = book;
    }
  }

  #whyNot(demand: Demand, book: AccountBook, victims: readonly Demand[]): string | undefined {
    const tiers: Sum[] = book.tiers.map((held) => [...held]);
    const part = demand.partAt(book);
    if (part?.kind !== 'reserve') return 'a demand that grows stops nobody';
    const gold = partOf(book, 'gold');
    if (!DIMENSIONS.every((i) => (tiers[0] as Sum)[i] < gold[i])) return 'gold has its part';
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
    return this.#walk(book, [...victims], tiers, short);
  }

  /** Bronze before silver, the oldest first, as long as something is short and the tier keeps its part. */
  #walk(book: AccountBook, victims: Demand[], tiers: readonly Sum[], short: Sum): string | undefined {
    for (const qos of ['bronze', 'silver'] as const) {
      const part = partOf(book, qos);
      for (const other of this.running) {
        if (other.wish.qos !== qos || !this.#isStoppable(other, book)) continue;
        const held = other.heldAt(book) ?? NONE;
        if (DIMENSIONS.every((i) => short[i] === 0 || held[i] === 0)) continue;
        const left = less(tiers[other.rank] as Sum, held);
        if (DIMENSIONS.some((i) => short[i] > 0 && left[i] < part[i])) break;
        if (victims[0] !== other) return `${victims.length} of them are not the oldest of the worst tier`;
        victims.shift();
        addTo(tiers[other.rank] as Sum, held, -1);
        pay(short, held);
      }
    }
    if (victims.length > 0) return `${victims.length} of them for nothing`;
    return DIMENSIONS.some((i) => short[i] > 0) ? 'they do not make room' : undefined;
  }

  #isStoppable(demand: Demand, book: AccountBook): boolean {
    return (
      (demand.stoppable & (1 << book.at)) !== 0 && demand.stopped_at === undefined && demand.heldAt(book) !== undefined
    );
  }
}

function pay(short: Sum, by: Readonly<Sum>): void {
  for (const i of DIMENSIONS) short[i] = Math.max(0, short[i] - by[i]);
}
