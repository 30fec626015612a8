import type { Cluster } from '@atp-router/adapters';
import { dayNumber, type KeptTotal, type Recovered } from '@atp-router/flow';
import type { OwnerGate } from '../owner-gate.ts';

/** Totals that are kept with one beat: about 100 kB. More follow with the next one. */
const KEPT_AT_ONCE = 1_000;

/**
 * What the workers of all machines used of the day, kept where machines meet: whoever holds the limits after a machine was lost
 * counts what its workers spent, until they say so themselves.
 */
export class KeptTotals {
  readonly #cluster: Pick<Cluster, 'keep' | 'kept'>;
  readonly #gate: OwnerGate;
  #has_read = false;
  #is_busy = false;

  constructor(cluster: Pick<Cluster, 'keep' | 'kept'>, gate: OwnerGate) {
    this.#cluster = cluster;
    this.#gate = gate;
  }

  /** With each beat. What fails is tried again with the next one. */
  turn(now_ms: number): void {
    if (!this.#is_busy) void this.#work(() => (this.#has_read ? this.#keep() : this.#read(dayNumber(now_ms))));
  }

  /** The server may have come back empty. */
  lost(): void {
    this.#gate.owner.unkeep();
  }

  async #work(run: () => Promise<void>): Promise<void> {
    this.#is_busy = true;
    try {
      await run();
    } catch {
      // The beat tells of a server that cannot be used.
    } finally {
      this.#is_busy = false;
    }
  }

  async #read(today: number): Promise<void> {
    const days = await Promise.all([today - 1, today, today + 1].map((day) => this.#cluster.kept(day)));
    this.#has_read = true;
    // Who is there has said what it used, or is about to: that takes the place of what was kept.
    const there = new Set(Array.from(this.#gate.owner.workers(), ({ name }) => name));
    for (const recovered of byWorker(days.flat())) if (!there.has(recovered.worker)) this.#gate.settledFor(recovered);
  }

  async #keep(): Promise<void> {
    const { owner } = this.#gate;
    const totals = owner.unkept(KEPT_AT_ONCE);
    if (totals.length === 0) return;
    await this.#cluster.keep(totals);
    owner.kept(totals);
  }
}

function byWorker(totals: readonly KeptTotal[]): readonly Recovered[] {
  return Array.from(
    Map.groupBy(totals, ({ worker }) => worker),
    ([worker, of]) => ({
      worker,
      incarnation: Math.max(...of.map(({ incarnation }) => incarnation)),
      totals: of.map(({ account, day, used }) => ({ account, day, used })),
      is_whole: true,
    }),
  );
}
