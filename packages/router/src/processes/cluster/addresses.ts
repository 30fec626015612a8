/** Workers of other machines that are known to the holder of the limits: as many as it serves, and some that are gone. */
const ADDRESSES_MAX = 1_000;

/** Through which process a worker of another machine is reached: the one that passed on its latest message. */
export class Addresses {
  readonly #by_worker: Map<string, { readonly address: string; readonly mono_ms: number }> = new Map();

  /** Returns whether it was not heard of from there before. */
  note(worker: string, address: string, mono_ms: number): boolean {
    const is_new = this.of(worker) !== address;
    this.#by_worker.delete(worker);
    this.#by_worker.set(worker, { address, mono_ms });
    const [oldest] = this.#by_worker.size > ADDRESSES_MAX ? this.#by_worker.keys() : [];
    if (oldest !== undefined) this.#by_worker.delete(oldest);
    return is_new;
  }

  /** Each process once. */
  all(): ReadonlySet<string> {
    return new Set([...this.#by_worker.values()].map(({ address }) => address));
  }

  of(worker: string): string | undefined {
    return this.#by_worker.get(worker)?.address;
  }

  /** Takes out those that were not heard of since then. */
  *silent(since_mono_ms: number): Generator<string> {
    for (const [worker, { mono_ms }] of this.#by_worker) {
      if (mono_ms >= since_mono_ms) return;
      this.#by_worker.delete(worker);
      yield worker;
    }
  }
}
