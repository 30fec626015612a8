import { IndexedHeap } from '@atp-router/flow';
import type { LeasedTicket } from './leased-ticket.ts';

/** Granted tickets whose holder has to say now and then that it lives. */
export class HolderLeases {
  readonly #heap: IndexedHeap<LeasedTicket> = new IndexedHeap((a, b) => a.due_mono_ms < b.due_mono_ms);

  get due_mono_ms(): number {
    return this.#heap.peek()?.due_mono_ms ?? Number.POSITIVE_INFINITY;
  }

  begin(ticket: LeasedTicket, mono_ms: number): void {
    if (!Number.isFinite(ticket.lease_ms)) return;
    ticket.due_mono_ms = mono_ms + ticket.lease_ms;
    this.#heap.add(ticket);
  }

  renew(ticket: LeasedTicket, mono_ms: number): void {
    if (ticket.heap_at === -1) return;
    ticket.due_mono_ms = mono_ms + ticket.lease_ms;
    this.#heap.moved(ticket);
  }

  end(ticket: LeasedTicket): void {
    if (ticket.heap_at !== -1) this.#heap.remove(ticket);
  }

  /** Takes out those whose time is over. */
  *lapsed(mono_ms: number): Generator<LeasedTicket> {
    for (
      let first = this.#heap.peek();
      first !== undefined && first.due_mono_ms <= mono_ms;
      first = this.#heap.peek()
    ) {
      this.#heap.remove(first);
      yield first;
    }
  }
}
