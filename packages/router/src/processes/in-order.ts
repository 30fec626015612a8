/** Takes one thing after the other: what comes about meanwhile follows when its turn has come. `done`: there is nothing left. */
export class InOrder<E> {
  readonly #take: (one: E) => void;
  readonly #done: () => void;
  readonly #queue: E[] = [];
  #is_taking = false;

  constructor(take: (one: E) => void, done: () => void) {
    this.#take = take;
    this.#done = done;
  }

  add(more: readonly E[]): void {
    this.#queue.push(...more);
    if (this.#is_taking) return;
    this.#is_taking = true;
    try {
      for (let i = 0; i < this.#queue.length; i += 1) this.#take(this.#queue[i] as E);
    } finally {
      this.#queue.length = 0;
      this.#is_taking = false;
    }
    this.#done();
  }
}
