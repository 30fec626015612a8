/** How far a prompt is known at one target. */
export interface Known {
  /** Blocks from the beginning on that were used within the time that was asked for. */
  readonly blocks: number;
  /** Ms since the last of them was used; 0 where there is none. */
  readonly age_ms: number;
}

/** The blocks that one target is believed to hold, with the time at which each was used last. The least recently used goes first. */
export class WarmBlocks {
  readonly #blocks_max: number;
  /** In the order of their use. */
  readonly #used: Map<number, number> = new Map();

  constructor(blocks_max: number) {
    this.#blocks_max = blocks_max;
  }

  get size(): number {
    return this.#used.size;
  }

  known(blocks: readonly number[], now_ms: number, ttl_ms: number): Known {
    let [count, age_ms] = [0, 0];
    for (const block of blocks) {
      const used_ms = this.#used.get(block);
      if (used_ms === undefined || now_ms - used_ms > ttl_ms) break;
      count += 1;
      age_ms = Math.max(0, now_ms - used_ms);
    }
    return { blocks: count, age_ms };
  }

  /** All of them are used now. The end of a prompt goes before its beginning, without which it is of no use (as in vLLM). */
  use(blocks: readonly number[], now_ms: number): void {
    for (let i = blocks.length - 1; i >= 0; i -= 1) {
      const block = blocks[i] as number;
      this.#used.delete(block);
      this.#used.set(block, now_ms);
    }
    for (const oldest of this.#used.keys()) {
      if (this.#used.size <= this.#blocks_max) return;
      this.#used.delete(oldest);
    }
  }

  /** What stands behind the first `keep` is not there after all. */
  forget(blocks: readonly number[], keep: number): void {
    for (let i = keep; i < blocks.length; i += 1) this.#used.delete(blocks[i] as number);
  }
}
