/** Who waits for room at an agent. */
export interface RoomWaiter {
  /** It may be given more than the agent suggests. */
  readonly beyond: boolean;
  readonly run: () => void;
}

/**
 * Attempts that have a place and wait for their agent, in their order. As many as there are places at most: whoever waits has
 * one, and gives up in its own time.
 */
export class RoomWaiters {
  readonly #by: Map<string, Set<RoomWaiter>> = new Map();
  readonly #waking: Set<string> = new Set();

  /** Returns what takes it back. */
  add(id: string, waiter: RoomWaiter): () => void {
    const waiters = this.#by.get(id) ?? new Set<RoomWaiter>();
    waiters.add(waiter);
    this.#by.set(id, waiters);
    return () => this.#remove(id, waiter);
  }

  /** Runs those for whom there is room, each once. Who begins makes the agent tell of its room again: not within this. */
  wake(id: string, hasRoom: (beyond: boolean) => boolean): void {
    const waiters = this.#by.get(id);
    if (waiters === undefined || this.#waking.has(id)) return;
    this.#waking.add(id);
    try {
      for (const waiter of [...waiters]) {
        if (!waiters.has(waiter) || !hasRoom(waiter.beyond)) continue;
        this.#remove(id, waiter);
        waiter.run();
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
