/** Who waits for room at an agent. */
interface RoomWaiter {
  /** It may be given more than the agent suggests. */
  readonly beyond: boolean;
  readonly run: () => void;
}

/**
 * Attempts that have a place and wait for an agent of theirs, in their order. As many as there are places at most: whoever waits has
 * one, and gives up in its own time.
 */
export class RoomWaiters {
  readonly #by: Map<string, Set<RoomWaiter>> = new Map();
  readonly #waking: Set<string> = new Set();

  /** It waits for any of these. Returns what takes it back. */
  add(ids: readonly string[], beyond: boolean, run: () => void): () => void {
    const remove = (): void => {
      for (const id of ids) this.#remove(id, waiter);
    };
    const waiter: RoomWaiter = {
      beyond,
      run: () => {
        remove();
        run();
      },
    };
    for (const id of ids) this.#by.set(id, (this.#by.get(id) ?? new Set<RoomWaiter>()).add(waiter));
    return remove;
  }

  /** Runs those for whom there is room, each once. Who begins makes the agent tell of its room again: not within this. */
  wake(id: string, hasRoom: (beyond: boolean) => boolean): void {
    const waiters = this.#by.get(id);
    if (waiters === undefined || this.#waking.has(id)) return;
    this.#waking.add(id);
    try {
      for (const waiter of [...waiters]) {
        if (waiters.has(waiter) && hasRoom(waiter.beyond)) waiter.run();
      }
    } finally {
      this.#waking.delete(id);
    }
  }

  #remove(id: string, waiter: RoomWaiter): void {
    const waiters = this.#by.get(id);
    if (waiters?.delete(waiter) === true && waiters.size === 0) this.#by.delete(id);
  }
}
