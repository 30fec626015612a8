import type { Faults } from './faults.ts';

/**
 * Tells those whose wait is over, one after the other. Who is told may end at once, which makes room for the next one:
 * that one is told when this one is done, and not within it, or a thousand of them would overflow the stack.
 */
export class Starts {
  readonly #faults: Faults;
  readonly #owners: (() => void)[] = [];
  #telling = false;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  tell(waited: readonly (() => void)[]): void {
    for (const owner of waited) this.#owners.push(owner);
    if (this.#telling || this.#owners.length === 0) return;
    this.#telling = true;
    for (let i = 0; i < this.#owners.length; i += 1) this.#faults.safely(this.#owners[i] as () => void);
    this.#owners.length = 0;
    this.#telling = false;
  }
}
