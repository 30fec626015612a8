import { assert } from '@atp-router/kernel';

/** Whoever is in a list keeps the place it has there; -1 while it is in none. */
export interface Listed {
  place: number;
}

/**
 * The calls that run, in no order. An array and not a `Set`, because a table of V8 that was replaced keeps its entries and
 * points to the next table: once one of them is old, every call that was in one of them survives until the next full
 * collection. That was a third of the garbage collector's work at full load.
 */
export class RunList<T extends Listed> implements Iterable<T> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    assert(item.place === -1, 'a call is listed once');
    item.place = this.#items.length;
    this.#items.push(item);
  }

  /** Leaves alone what is not in the list. */
  delete(item: T): void {
    const { place } = item;
    if (place === -1) return;
    assert(this.#items[place] === item, 'a call is where it says');
    item.place = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    last.place = place;
    this.#items[place] = last;
  }

  [Symbol.iterator](): ArrayIterator<T> {
    return this.#items[Symbol.iterator]();
  }
}
