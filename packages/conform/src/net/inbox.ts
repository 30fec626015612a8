/** What came and nobody took yet. Every wait has an end. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiting: Set<() => void> = new Set();
  #is_closed = false;

  get closed(): boolean {
    return this.#is_closed;
  }

  put(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  /** Nothing more comes. */
  close(): void {
    this.#is_closed = true;
    this.#wake();
  }

  /** All that is there, left where it is. */
  all(): readonly T[] {
    return this.#items;
  }

  /** Forgets what is there. */
  clear(): void {
    this.#items.length = 0;
  }

  /** Takes the first that fits; undefined when none came in time, or before the end. */
  async take(fits: (item: T) => boolean, within_ms: number): Promise<T | undefined> {
    const end_ms = performance.now() + within_ms;
    for (;;) {
      const at = this.#items.findIndex(fits);
      if (at >= 0) return this.#items.splice(at, 1)[0];
      const left_ms = end_ms - performance.now();
      if (this.#is_closed || left_ms <= 0) return undefined;
      await this.#change(left_ms);
    }
  }

  /** Whether it was closed in time. */
  async ended(within_ms: number): Promise<boolean> {
    const end_ms = performance.now() + within_ms;
    while (!this.#is_closed) {
      const left_ms = end_ms - performance.now();
      if (left_ms <= 0) return false;
      await this.#change(left_ms);
    }
    return true;
  }

  #change(within_ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, within_ms);
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
