interface Open<T> {
  readonly waiting: T;
  readonly deadline_ms: number;
}

/** Questions that wait for their answers, by number, each with its deadline; a bounded table without a clock. */
export class OpenQuestions<T> {
  readonly #open: Map<number, Open<T>> = new Map();
  readonly #max: number;
  #next_id = 1;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#open.size;
  }

  /** The number of the question, never used twice; undefined when too many are open. */
  add(waiting: T, deadline_ms: number): number | undefined {
    if (this.#open.size >= this.#max) return undefined;
    const id = this.#next_id;
    this.#next_id += 1;
    this.#open.set(id, { waiting, deadline_ms });
    return id;
  }

  /** Undefined when it was never asked, or is answered or given up. */
  take(id: number): T | undefined {
    const open = this.#open.get(id);
    this.#open.delete(id);
    return open?.waiting;
  }

  /** Takes those whose deadline has come, oldest first. */
  takeDue(now_ms: number): T[] {
    const due: T[] = [];
    for (const [id, { waiting, deadline_ms }] of this.#open) {
      if (deadline_ms > now_ms) continue;
      this.#open.delete(id);
      due.push(waiting);
    }
    return due;
  }

  /** Takes all, oldest first. */
  takeAll(): T[] {
    const all = [...this.#open.values()].map(({ waiting }) => waiting);
    this.#open.clear();
    return all;
  }

  /** The earliest deadline; infinite when none is open. Looks at all of them: asked once per timer, not per question. */
  deadline_ms(): number {
    let earliest_ms = Number.POSITIVE_INFINITY;
    for (const { deadline_ms } of this.#open.values()) earliest_ms = Math.min(earliest_ms, deadline_ms);
    return earliest_ms;
  }
}
