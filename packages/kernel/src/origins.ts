/** What one origin has learned, up to a point of its own history. */
export interface Contribution<T> {
  readonly origin: string;
  /** Rises with all that the origin takes in; the higher one has all that the lower one has. */
  readonly tick: number;
  readonly value: T;
}

/** Origins whose records are kept beside one's own: at one more the one that is least far is left out. */
export const ORIGINS_MAX = 64;

/**
 * What several origins have learned: one record of each, the newest. A state-based CRDT: to merge takes the newest of each
 * origin, so that it may be done in any order, any number of times, and nothing counts twice (Shapiro, Preguiça, Baquero &
 * Zawirski 2011). With more origins than fit, those with the highest ticks stay, which keeps it so.
 */
export class Origins<T> {
  readonly #max: number;
  #newest: ReadonlyMap<string, Contribution<T>> = new Map();

  constructor(max: number = ORIGINS_MAX) {
    this.#max = max;
  }

  /** Whether anything has changed by it. */
  merge(contributions: Iterable<Contribution<T>>): boolean {
    return this.take(contributions).size > 0;
  }

  /** The same; returns the origins of which something newer is kept now. */
  take(contributions: Iterable<Contribution<T>>): ReadonlySet<string> {
    const next = new Map(this.#newest);
    for (const one of contributions) {
      const known = next.get(one.origin);
      if (known === undefined || isNewer(one, known)) next.set(one.origin, one);
    }
    const kept = [...next.values()]
      .sort((a, b) => b.tick - a.tick || (a.origin < b.origin ? -1 : 1))
      .slice(0, this.#max);
    const changed = kept.filter((one) => this.#newest.get(one.origin) !== one);
    if (changed.length > 0) this.#newest = new Map(kept.map((one) => [one.origin, one]));
    return new Set(changed.map(({ origin }) => origin));
  }

  /** In an order that is the same everywhere, so that sums of them are, too. */
  all(): readonly Contribution<T>[] {
    return [...this.#newest.values()].sort((a, b) => (a.origin < b.origin ? -1 : 1));
  }
}

/** An origin says one thing at a tick. Where it is said to have said two, any rule will do that is the same everywhere. */
function isNewer<T>(one: Contribution<T>, known: Contribution<T>): boolean {
  if (one.tick !== known.tick) return one.tick > known.tick;
  return JSON.stringify(one.value) > JSON.stringify(known.value);
}
