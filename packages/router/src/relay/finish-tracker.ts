import type { GenEvent } from '@atp-router/dialects';

/** Knows whether a stream has reached its proper end: every choice finished, or the shape's end mark was seen. */
export class FinishTracker {
  readonly #n: number;
  readonly #finished: Set<number> = new Set();
  #end = false;

  constructor(n: number) {
    this.#n = n;
  }

  get complete(): boolean {
    return this.#finished.size >= this.#n || (this.#end && this.#finished.size > 0);
  }

  /** The shape's own end mark was seen. */
  get ended(): boolean {
    return this.#end;
  }

  see(event: GenEvent): void {
    if (event.type === 'finish') this.#finished.add(event.choice);
    else if (event.type === 'end') this.#end = true;
  }
}
