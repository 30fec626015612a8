/** What is due when, on a clock that only moves when somebody looks. Of what is due at once the first that was written down. */
export class Agenda {
  #now_ms = 0;
  #count = 0;
  #due: { readonly at_ms: number; readonly n: number; readonly run: () => void }[] = [];

  get now_ms(): number {
    return this.#now_ms;
  }

  after(delay_ms: number, run: () => void): { cancel(): void } {
    const entry = { at_ms: this.#now_ms + delay_ms, n: this.#count, run };
    this.#count += 1;
    this.#due.push(entry);
    return {
      cancel: () => {
        this.#due = this.#due.filter((one) => one !== entry);
      },
    };
  }

  /** Does the next thing; false: there is none. */
  step(): boolean {
    let next = this.#due[0];
    for (const one of this.#due) {
      if (next === undefined || one.at_ms < next.at_ms || (one.at_ms === next.at_ms && one.n < next.n)) next = one;
    }
    if (next === undefined) return false;
    this.#due = this.#due.filter((one) => one !== next);
    this.#now_ms = Math.max(this.#now_ms, next.at_ms);
    next.run();
    return true;
  }
}
