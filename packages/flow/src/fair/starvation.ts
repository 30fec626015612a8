import { assert, type Qos } from '@atp-router/kernel';

export interface StarvationOptions {
  /** A tenant starves when most of its recent waits are longer than this. */
  readonly wait_ms: number;
  /** And longer than so many times the usual wait of its tier, where all wait; and it got much less than the others. */
  readonly factor: number;
  /** What its weight is multiplied by then. */
  readonly bump: number;
  /** Time in which half of the bump is gone. */
  readonly half_life_ms: number;
}

/** A caller gives up after some seconds; four times the usual is no accident of order. */
export const DEFAULT_STARVATION: StarvationOptions = { wait_ms: 5_000, factor: 4, bump: 2, half_life_ms: 30_000 };

/** Waits of a tenant that are looked at: of the last 16 the 90th percentile is the second longest. */
const WAITS = 16;
const QUANTILE = 0.9;
/** Waits of a tier from which the usual one is taken. */
const TIER_WAITS = 64;
/**
 * Tenants of a tier that are watched: when so many have waited since the last time, those are forgotten that have not. About 300 B
 * each, and twice as many at most.
 */
const TENANTS_MAX = 5_000;

interface Watched {
  readonly waits_ms: number[];
  at: number;
  bumped_ms: number;
}

/**
 * Notices who waits much longer than the others of its tier although it should not, and gives it more weight for a while. Fair
 * order alone keeps service equal over time, but demands larger than what comes back at one time can keep somebody waiting.
 * Waiting alone is not starving: who asks for more than its share, or for much at a time, waits long for the same service, and
 * more weight would be a prize for that. Times are monotone, in milliseconds.
 */
export class StarvationGuard {
  readonly #options: StarvationOptions;
  readonly #tiers: Record<Qos, Tier> = { gold: new Tier(), silver: new Tier(), bronze: new Tier() };

  constructor(options: StarvationOptions = DEFAULT_STARVATION) {
    assert(options.bump >= 1 && options.half_life_ms > 0, 'a bump adds, and ends');
    this.#options = options;
  }

  /**
   * A demand waited so long, or waits still; `is_behind`: its tenant was served much less than the others meanwhile. Returns
   * whether the tenant is taken for starving, and was not before.
   */
  waited(qos: Qos, tenant: string, wait_ms: number, now_ms: number, is_behind: boolean = true): boolean {
    const tier = this.#tiers[qos];
    push(tier, wait_ms, TIER_WAITS);
    const watched = tier.watch(tenant);
    push(watched, wait_ms, WAITS);
    if (!is_behind || watched.waits_ms.length < WAITS / 2 || now_ms - watched.bumped_ms < this.#options.half_life_ms)
      return false;
    const usual_ms = quantile(tier.waits_ms, 0.5);
    const { wait_ms: least_ms, factor } = this.#options;
    if (quantile(watched.waits_ms, QUANTILE) <= Math.max(least_ms, factor * usual_ms)) return false;
    watched.bumped_ms = now_ms;
    return true;
  }

  /** What the weight of a tenant is multiplied by now: 1, or more for a while. */
  factor(qos: Qos, tenant: string, now_ms: number): number {
    const bumped_ms = this.#tiers[qos].find(tenant)?.bumped_ms;
    if (bumped_ms === undefined || bumped_ms === Number.NEGATIVE_INFINITY) return 1;
    const { bump, half_life_ms } = this.#options;
    return 1 + (bump - 1) * 0.5 ** (Math.max(0, now_ms - bumped_ms) / half_life_ms);
  }
}

/** Waits of one tier, and of its tenants. */
class Tier {
  readonly waits_ms: number[] = [];
  at = 0;
  #lately: Map<string, Watched> = new Map();
  #before: Map<string, Watched> = new Map();

  find(tenant: string): Watched | undefined {
    return this.#lately.get(tenant) ?? this.#before.get(tenant);
  }

  watch(tenant: string): Watched {
    const known = this.#lately.get(tenant);
    if (known !== undefined) return known;
    const watched = this.#before.get(tenant) ?? { waits_ms: [], at: 0, bumped_ms: Number.NEGATIVE_INFINITY };
    if (this.#lately.size >= TENANTS_MAX) [this.#lately, this.#before] = [new Map(), this.#lately];
    this.#lately.set(tenant, watched);
    return watched;
  }
}

/** Into a ring of so many. */
function push(ring: { readonly waits_ms: number[]; at: number }, wait_ms: number, size: number): void {
  ring.waits_ms[ring.at] = wait_ms;
  ring.at = (ring.at + 1) % size;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}
