import { type AccountBook, partOf, type Demand } from './records.ts';
import { addTo, DIMENSIONS, isNone, less, type Sum } from './sums.ts';

const NONE: Readonly<Sum> = [0, 0, 0];
const WORST_FIRST = ['bronze', 'silver'] as const;

/** What an account has, once all is back that was told to stop, and what its first demand lacks there. */
export class Room {
  readonly book: AccountBook;
  readonly tiers: readonly Sum[];
  /** Missing for the first demand. */
  readonly short: Readonly<Sum>;

  constructor(book: AccountBook, running: Iterable<Demand>, head: Demand) {
    this.book = book;
    this.tiers = book.tiers.map((held) => [...held]);
    for (const other of running) {
      if (other.stopped_at === undefined || (other.stoppable & (1 << book.at)) === 0) continue;
      addTo(this.tiers[other.rank] as Sum, other.heldAt(book) ?? NONE, -1);
    }
    const part = head.partAt(book);
    this.short = part?.kind === 'reserve' ? excess(this, part.amounts) : NONE;
  }
}

/** What is missing for so much. */
export function excess({ book, tiers }: Room, wanted: Readonly<Sum>): Sum {
  const short: Sum = [0, 0, 0];
  for (const i of DIMENSIONS) {
    const left = book.windows[i] - tiers.reduce((sum, held) => sum + held[i], 0);
    short[i] = wanted[i] > 0 ? Math.max(0, wanted[i] - left) : 0;
  }
  return short;
}

/**
 * Whom to stop so that the first demand fits, and then until nothing of `more` is missing: bronze before silver, the oldest first of those
 * that hold what is short, as long as the tier keeps its part. Nobody when that would not do for the first.
 */
export function walk(room: Room, order: Iterable<Demand>, more: Readonly<Sum>): readonly Demand[] {
  const { book } = room;
  const [first, all]: Sum[] = [[...room.short], [...more]];
  const found: Demand[] = [];
  for (const qos of WORST_FIRST) {
    const part = partOf(book, qos);
    const tier: Sum = [...(room.tiers[qos === 'bronze' ? 2 : 1] as Sum)];
    for (const other of order) {
      if (other.wish.qos !== qos || !isStoppable(other, book)) continue;
      const short = isNone(first as Sum) ? (all as Sum) : (first as Sum);
      const held = other.heldAt(book) ?? NONE;
      if (DIMENSIONS.every((i) => short[i] === 0 || held[i] === 0)) continue;
      const left = less(tier, held);
      if (DIMENSIONS.some((i) => short[i] > 0 && left[i] < part[i])) break;
      found.push(other);
      addTo(tier, held, -1);
      pay(first as Sum, held);
      pay(all as Sum, held);
    }
  }
  return isNone(first as Sum) ? found : [];
}

/**
 * What can be said of those who were stopped where it is only known how much may be made free at most: `most`. Each gave back something that
 * was short and left its tier its part of that; whoever was passed over, older or of a worse tier, had nothing of it or would not have; and the first
 * demand fits afterwards.
 */
export function isRight(victims: readonly Demand[], room: Room, order: Iterable<Demand>, most: Readonly<Sum>): boolean {
  const { book } = room;
  const first: Sum = [...room.short];
  const all: Sum = [...most];
  const tiers = room.tiers.map((held): Sum => [...held]);
  const all_running = [...order].filter((demand) => isStoppable(demand, book));
  let last_place = -1;
  for (const victim of victims) {
    const tier = tiers[victim.rank] as Sum;
    const held = victim.heldAt(book) ?? NONE;
    const short = isNone(first) ? all : first;
    const left = less(tier, held);
    const part = partOf(book, victim.wish.qos);
    // Of those that are known to be short all keep the part; of those that may be one does.
    const given = DIMENSIONS.filter((i) => short[i] > 0 && held[i] > 0);
    const keeps = isNone(first) ? given.some((i) => left[i] >= part[i]) : given.every((i) => left[i] >= part[i]);
    if (given.length === 0 || !keeps) return false;
    const place = placeOf(victim, all_running);
    if (place <= last_place) return false;
    last_place = place;
    const passed = all_running.filter((other) => placeOf(other, all_running) < place && !victims.includes(other));
    if (passed.some((other) => other.rank === victim.rank && !mayLack(other, given, book))) return false;
    const worse = passed.filter((other) => other.rank > victim.rank);
    const worse_part = partOf(book, 'bronze');
    const keeps_part = worse.some((other) => {
      const without = less(tiers[other.rank] as Sum, other.heldAt(book) ?? NONE);
      return DIMENSIONS.some((i) => (room.short[i] > 0 || most[i] > 0) && without[i] < worse_part[i]);
    });
    if (!keeps_part && worse.some((other) => !mayLack(other, given, book))) return false;
    addTo(tier, held, -1);
    pay(first, held);
    pay(all, held);
  }
  return isNone(first);
}

/** By tier, worst first, and then by age. */
function placeOf(demand: Demand, running: readonly Demand[]): number {
  return (2 - demand.rank) * running.length + running.indexOf(demand);
}

/** Has nothing of at least one of what may have been short. */
function mayLack(demand: Demand, given: readonly (0 | 1 | 2)[], book: AccountBook): boolean {
  const held = demand.heldAt(book) ?? NONE;
  return given.some((i) => held[i] === 0);
}

function isStoppable(demand: Demand, book: AccountBook): boolean {
  return (
    (demand.stoppable & (1 << book.at)) !== 0 && demand.stopped_at === undefined && demand.heldAt(book) !== undefined
  );
}

function pay(short: Sum, by: Readonly<Sum>): void {
  for (const i of DIMENSIONS) short[i] = Math.max(0, short[i] - by[i]);
}
