/** What one origin has learned, up to a point of its own history. */
export interface Contribution<T> {
  readonly origin: string;
  /** Rises with all that the origin takes in; the higher one has all that the lower one has. */
  readonly tick: number;
  readonly value: T;
}

/** Processes whose states are kept beside this one's own: at one more the one that is least far is left out. */
export const ORIGINS_MAX = 64;

/**
 * What several origins have learned: one state of each, the newest, so that it may be merged in any order and any number of
 * times (Shapiro, Preguiça, Baquero & Zawirski 2011; the same rules as for what consensus learns).
 */
export class Origins<T> {
  #newest: ReadonlyMap<string, Contribution<T>> = new Map();

  /** Those of whom there is something newer now. */
  merge(contributions: Iterable<Contribution<T>>): ReadonlySet<string> {
    const next = new Map(this.#newest);
    for (const one of contributions) {
      const known = next.get(one.origin);
      if (known === undefined || one.tick > known.tick) next.set(one.origin, one);
    }
    const kept = [...next.values()]
      .sort((a, b) => b.tick - a.tick || (a.origin < b.origin ? -1 : 1))
      .slice(0, ORIGINS_MAX);
    const changed = kept.filter((one) => this.#newest.get(one.origin) !== one);
    if (changed.length > 0) this.#newest = new Map(kept.map((one) => [one.origin, one]));
    return new Set(changed.map(({ origin }) => origin));
  }

  /** In an order that is the same everywhere, so that sums of them are, too. */
  all(): readonly Contribution<T>[] {
    return [...this.#newest.values()].sort((a, b) => (a.origin < b.origin ? -1 : 1));
  }
}
