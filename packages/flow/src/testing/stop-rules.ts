import { type AccountBook, partOf, type Demand } from './records.ts';
import { addTo, DIMENSIONS, isNone, less, type Sum } from './sums.ts';

const NONE: Readonly<Sum> = [0, 0, 0];
const WORST_FIRST = ['bronze', 'silver'] as const;

/** Windows, a bit for each dimension. */
type Mask = number;
const MASKS: readonly Mask[] = [0, 1, 2, 3, 4, 5, 6, 7];

/** What an account has, once all is back that was told to stop, and who may be stopped there beside those. */
class Room {
  readonly #book: AccountBook;
  readonly #tiers: readonly Sum[];
  /** Oldest first. */
  readonly #stoppable: Set<Demand> = new Set();

  constructor(book: AccountBook, order: Iterable<Demand>) {
    this.#book = book;
    this.#tiers = book.tiers.map((held): Sum => [...held]);
    for (const other of order) {
      if ((other.stoppable & (1 << book.at)) === 0 || other.heldAt(book) === undefined) continue;
      if (other.stopped_at === undefined) this.#stoppable.add(other);
      else addTo(this.#tiers[other.rank] as Sum, other.heldAt(book) ?? NONE, -1);
    }
  }

  /** What is missing for so much. */
  excess(wanted: Readonly<Sum>): Sum {
    const short: Sum = [0, 0, 0];
    for (const i of DIMENSIONS) {
      const left = this.#book.windows[i] - this.#tiers.reduce((sum, held) => sum + held[i], 0);
      short[i] = wanted[i] > 0 ? Math.max(0, wanted[i] - left) : 0;
    }
    return short;
  }

  /**
   * Who is the next to stop where something is missing in these windows: bronze before silver, the oldest of those that hold some of it;
   * nobody of a tier which that one would leave less than its part there.
   */
  next(short: Mask): Demand | undefined {
    for (const qos of WORST_FIRST) {
      const part = partOf(this.#book, qos);
      for (const other of this.#stoppable) {
        if (other.wish.qos !== qos || (maskOf(other.heldAt(this.#book) ?? NONE) & short) === 0) continue;
        const left = less(this.#tiers[other.rank] as Sum, other.heldAt(this.#book) ?? NONE);
        if (DIMENSIONS.some((i) => (short & (1 << i)) !== 0 && left[i] < part[i])) break;
        return other;
      }
    }
    return undefined;
  }

  stop(demand: Demand): void {
    this.#stoppable.delete(demand);
    addTo(this.#tiers[demand.rank] as Sum, demand.heldAt(this.#book) ?? NONE, -1);
  }

  /** Stops one after the other until nothing is missing for so much, or nobody is left. */
  stopFor(wanted: Readonly<Sum>): readonly Demand[] {
    const found: Demand[] = [];
    for (;;) {
      const victim = this.next(maskOf(this.excess(wanted)));
      if (victim === undefined) return found;
      this.stop(victim);
      found.push(victim);
    }
  }
}

/** Whom to stop so that the first demand fits, and then until nothing of `wanted` is missing. Nobody when that would not do for the first. */
export function walk(
  book: AccountBook,
  order: Iterable<Demand>,
  head: Demand,
  wanted: Readonly<Sum>,
): readonly Demand[] {
  const room = new Room(book, order);
  const first = firstOf(room, head, book);
  return first === undefined ? [] : [...first, ...room.stopFor(wanted)];
}

/**
 * Whether they may have been stopped where it is only known how much is made free at most: `most`. Whom the first demand needs is known
 * exactly. How much is missing for others after it is not, but who is the next depends only on the windows in which something is. So they are
 * right if there are windows for which each was the next, and nobody was to follow. At first that may be any in which something is missing for
 * `most`. After each stop it may be fewer: one has enough only if it was given something, and has for certain when `most` lacks nothing there.
 *
 * The order is looked at anew after each stop, as the rule says: the oldest that holds what is short *now*. The scheduler went over each tier
 * once for the first demand and for those behind it. An older one that had nothing of what the first lacked was not seen again, and a younger one
 * was stopped for what the others lacked (seed 713273). `walk` did the same, so only the bound told of it.
 */
export function isPossible(
  victims: readonly Demand[],
  book: AccountBook,
  order: Iterable<Demand>,
  head: Demand,
  most: Readonly<Sum>,
): boolean {
  const room = new Room(book, order);
  const first = firstOf(room, head, book);
  if (first === undefined || first.some((victim, i) => victim !== victims[i])) return false;
  let shorts = MASKS.filter((mask) => isWithin(mask, maskOf(room.excess(most))));
  for (const victim of victims.slice(first.length)) {
    const before = shorts.filter((mask) => room.next(mask) === victim);
    room.stop(victim);
    const given = maskOf(victim.heldAt(book) ?? NONE);
    const lacking = maskOf(room.excess(most));
    shorts = MASKS.filter(
      (mask) => isWithin(mask, lacking) && before.some((was) => isWithin(mask, was) && isWithin(was & ~mask, given)),
    );
  }
  return shorts.some((mask) => room.next(mask) === undefined);
}

/** Stops whom the first demand needs; undefined when that would not do. */
function firstOf(room: Room, head: Demand, book: AccountBook): readonly Demand[] | undefined {
  const part = head.partAt(book);
  if (part?.kind !== 'reserve') return undefined;
  const found = room.stopFor(part.amounts);
  return isNone(room.excess(part.amounts)) ? found : undefined;
}

function maskOf(sum: Readonly<Sum>): Mask {
  return DIMENSIONS.reduce<Mask>((mask, i) => (sum[i] > 0 ? mask | (1 << i) : mask), 0);
}

function isWithin(mask: Mask, other: Mask): boolean {
  return (mask & ~other) === 0;
}
