import type { Ended, WorkerBody } from './messages.ts';
import type { WorkerBooks } from './worker-books.ts';
import type { CreditTicket } from './worker-ticket.ts';

/** Ends that are told of together; about 50 B each. */
const ENDED_MAX = 500;

/** What the owner has not been told yet, and when it is. */
export class WorkerReports {
  readonly #books: WorkerBooks;
  readonly #every_ms: number;
  #ended: Ended[] = [];
  #at_mono_ms = Number.NEGATIVE_INFINITY;

  constructor(books: WorkerBooks, every_ms: number) {
    this.#books = books;
    this.#every_ms = every_ms;
  }

  /** When everything that has changed is told. */
  get due_mono_ms(): number {
    const has_any = this.#books.size > 0 || this.#ended.length > 0;
    return has_any ? this.#at_mono_ms + this.#every_ms : Number.POSITIVE_INFINITY;
  }

  /** Something cannot wait for that. */
  get is_urgent(): boolean {
    return this.#books.is_urgent || this.#ended.length >= ENDED_MAX;
  }

  ended(...ends: readonly Ended[]): void {
    this.#ended.push(...ends);
  }

  /** What was added to another call ends with that: its own charge stands. */
  added<T>({ id, asked }: CreditTicket<T>): void {
    asked.forEach(({ into, amounts }, part) => {
      if (into !== undefined) this.ended({ id, part, tokens: amounts.tokens });
    });
  }

  isDue(mono_ms: number): boolean {
    return mono_ms - this.#at_mono_ms >= this.#every_ms;
  }

  /** What is urgent, or with `all` everything that has changed. */
  syncs(all: boolean, mono_ms: number): readonly WorkerBody[] {
    if (all) this.#at_mono_ms = mono_ms;
    const bodies: WorkerBody[] = [];
    for (let slots = this.#books.syncs(all); slots.length > 0 || this.#ended.length > 0; ) {
      bodies.push({ type: 'sync', slots, ended: this.#ended });
      this.#ended = [];
      slots = this.#books.syncs(all);
    }
    return bodies;
  }

  /** A link begins: its hello tells all. */
  restart(): void {
    this.#ended = [];
  }
}
