import { type Qos, qosRank } from '@atp-router/kernel';
import type { Demand } from './records.ts';
import type { Watch } from './watch.ts';

/** As long as all service counts: the scheduler looks at the last half to whole minute. */
const COUNTED_MS = 30_000;

/** What tenants were served while they had to wait. Judges who is said to starve. */
export class StarveBook {
  readonly #watch: Watch;
  readonly #wait_ms: number;
  /** By tier and tenant: tokens by weight, and those of the present step. */
  readonly #served: Map<string, { before: number; now: number }> = new Map();

  constructor(watch: Watch, wait_ms: number) {
    this.#watch = watch;
    this.#wait_ms = wait_ms;
  }

  /** From a queue. */
  served({ wish: { tokens, weight, tenant }, rank }: Demand): void {
    const known = this.#served.get(keyOf(rank, tenant));
    if (known === undefined) this.#served.set(keyOf(rank, tenant), { before: 0, now: tokens / weight });
    else known.now += tokens / weight;
  }

  /** Each of them has just waited for too long, and had less than half of what others of its tier had: as far as it is known when in this step. */
  judge(
    starving: readonly { readonly qos: Qos; readonly tenant: string }[],
    decided: readonly Demand[],
    mono_ms: number,
  ): void {
    for (const { qos, tenant } of starving) {
      const rank = qosRank(qos);
      const has_waited = decided.some(
        ({ wish, ticket }) =>
          wish.qos === qos && String(wish.tenant) === tenant && mono_ms - (ticket?.since_mono_ms ?? 0) > this.#wait_ms,
      );
      if (!has_waited) this.#watch.broken(`tenant ${tenant} of ${qos} is said to starve and has not waited`);
      const tier = [...this.#served].filter(([key]) => key.startsWith(`${rank} `)).map(([, sum]) => sum);
      const tenants = Math.max(1, tier.filter(({ before }) => before > 0).length);
      const mean = tier.reduce((sum, { before, now }) => sum + before + now, 0) / tenants;
      const own = this.#served.get(keyOf(rank, Number(tenant)))?.before ?? 0;
      if (mono_ms < COUNTED_MS && own > 0 && own >= mean / 2)
        this.#watch.broken(`tenant ${tenant} of ${qos} is said to starve and had ${own} of ${mean}`);
    }
    for (const sum of this.#served.values()) {
      sum.before += sum.now;
      sum.now = 0;
    }
  }
}

function keyOf(rank: number, tenant: number): string {
  return `${rank} ${tenant}`;
}
