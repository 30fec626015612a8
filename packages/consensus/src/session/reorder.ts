/** What became of a piece. `overflow`: it was kept, but no more should be sent until the missing one has come. */
export type Pushed = 'in_order' | 'waits' | 'overflow' | 'duplicate';

/**
 * Pieces of one lane in their order. Those that come too early wait, up to `max`; one more is kept so that nothing is lost,
 * and says that the lane has to be held back. A sender that goes on for twice as long has broken the rule: `isBroken`.
 */
export class ReorderBuffer {
  readonly #max: number;
  readonly #early: Map<number, string> = new Map();
  #next = 0;
  #waits = 0;
  #waiting_max = 0;

  constructor(max: number) {
    this.#max = Math.max(1, max);
  }

  /** The piece that is waited for. */
  get next(): number {
    return this.#next;
  }

  get waiting(): number {
    return this.#early.size;
  }

  get waits(): number {
    return this.#waits;
  }

  get waiting_max(): number {
    return this.#waiting_max;
  }

  get is_full(): boolean {
    return this.#early.size >= this.#max;
  }

  get is_broken(): boolean {
    return this.#early.size > 2 * this.#max;
  }

  /** `out` is called with each piece whose turn it is. */
  push(seq: number, text: string, out: (text: string) => void): Pushed {
    if (seq < this.#next || this.#early.has(seq)) return 'duplicate';
    if (seq > this.#next) {
      this.#early.set(seq, text);
      this.#waits += 1;
      this.#waiting_max = Math.max(this.#waiting_max, this.#early.size);
      return this.is_full ? 'overflow' : 'waits';
    }
    out(text);
    this.#next += 1;
    for (let early = this.#early.get(this.#next); early !== undefined; early = this.#early.get(this.#next)) {
      this.#early.delete(this.#next);
      out(early);
      this.#next += 1;
    }
    return 'in_order';
  }

  /** Begins anew. */
  reset(): void {
    this.#early.clear();
    this.#next = 0;
  }
}
