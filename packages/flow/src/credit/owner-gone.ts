import type { Recovered } from './messages.ts';
import type { OwnerSlot } from './owner-slot.ts';
import { NOTHING } from '../amounts.ts';
import type { OwnerWorker } from './owner-worker.ts';

/**
 * Incarnations that are gone, for what is debited for them: what they had said, and all that they held then, until somebody
 * knows better. Beyond `max` the one that went first keeps its debits for ever.
 */
export class Gone {
  readonly #max: number;
  readonly #workers: Map<string, OwnerWorker> = new Map();
  /** Latest incarnation of a name that is not known any more: what is told of it and of earlier ones counts already. */
  readonly #forgotten: Map<string, number> = new Map();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#workers.size;
  }

  workers(): IterableIterator<OwnerWorker> {
    return this.#workers.values();
  }

  find(name: string, incarnation: number): OwnerWorker | undefined {
    return this.#workers.get(keyOf(name, incarnation));
  }

  hasForgotten(name: string, incarnation: number): boolean {
    return incarnation <= (this.#forgotten.get(name) ?? Number.NEGATIVE_INFINITY);
  }

  /** It was taken for gone, and is not. */
  take(name: string, incarnation: number): OwnerWorker | undefined {
    const key = keyOf(name, incarnation);
    const worker = this.#workers.get(key);
    this.#workers.delete(key);
    return worker;
  }

  add(worker: OwnerWorker): void {
    for (const slot of worker.slots()) slot.lost = NOTHING;
    this.#workers.set(keyOf(worker.name, worker.incarnation), worker);
    for (const [key, oldest] of this.#workers) {
      if (this.#workers.size <= this.#max) break;
      this.#workers.delete(key);
      this.#forget(oldest);
    }
  }

  /** Its journal was read. `make` is asked for one that this owner has never seen. */
  settle({ worker: name, incarnation, totals, is_whole }: Recovered, make: () => OwnerWorker): void {
    if (this.hasForgotten(name, incarnation)) return;
    const key = keyOf(name, incarnation);
    if (!this.#workers.has(key)) this.add(make());
    const worker = this.#workers.get(key);
    if (worker === undefined) return;
    const named = new Set<OwnerSlot>();
    for (const { account, day, used } of totals) {
      const slot = worker.slot(account, day, () => undefined);
      named.add(slot);
      slot.tell(used);
    }
    if (is_whole) for (const slot of worker.slots()) if (!named.has(slot)) slot.tell(NOTHING);
  }

  /** A later incarnation counts what those before it used. Returns accounts of which something comes back. */
  inherit(name: string, incarnation: number): ReadonlySet<string> {
    const accounts = new Set<string>();
    for (const [key, worker] of this.#workers) {
      if (worker.name !== name || worker.incarnation >= incarnation) continue;
      for (const slot of worker.slots()) {
        slot.tell(NOTHING);
        accounts.add(slot.account);
      }
      this.#workers.delete(key);
      this.#forget(worker);
    }
    return accounts;
  }

  /** Nothing of slots that are past is asked for any more. */
  tidy(isPast: (slot: OwnerSlot) => boolean): void {
    for (const [key, worker] of this.#workers) {
      for (const slot of worker.slots()) if (isPast(slot)) worker.drop(slot);
      if (worker.slot_count > 0) continue;
      this.#workers.delete(key);
      this.#forget(worker);
    }
  }

  #forget({ name, incarnation }: OwnerWorker): void {
    const latest = Math.max(incarnation, this.#forgotten.get(name) ?? incarnation);
    this.#forgotten.delete(name);
    this.#forgotten.set(name, latest);
    const [oldest] = this.#forgotten.keys();
    if (this.#forgotten.size > this.#max && oldest !== undefined) this.#forgotten.delete(oldest);
  }
}

function keyOf(name: string, incarnation: number): string {
  return `${incarnation} ${name}`;
}
