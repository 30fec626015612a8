import type { AtpError } from '@atp-router/kernel';
import type { RouterEvent } from '@atp-router/ledger';

/** A journal whose writes end when the test says so. */
export class SlowJournal {
  readonly events: RouterEvent[] = [];
  failure: AtpError | undefined;
  #written = 0;
  #waiting: ((error?: AtpError) => void)[] = [];
  #asked: (() => void)[] = [];

  append(event: RouterEvent): void {
    this.events.push(event);
  }

  barrier(done: (error?: AtpError) => void): void {
    this.#waiting.push(done);
    for (const asked of this.#asked.splice(0)) asked();
  }

  get written(): readonly RouterEvent[] {
    return this.events.slice(0, this.#written);
  }

  /** Resolves when somebody waits for a write. */
  async awaited(): Promise<void> {
    if (this.#waiting.length > 0) return;
    await new Promise<void>((resolve) => this.#asked.push(resolve));
  }

  /** Ends the write that is waited for, or the next one: everything appended is written, or `error` lasts until it is taken away. */
  async end(error?: AtpError): Promise<void> {
    await this.awaited();
    if (error === undefined) this.#written = this.events.length;
    this.failure = error;
    for (const done of this.#waiting.splice(0)) done(error);
  }
}
