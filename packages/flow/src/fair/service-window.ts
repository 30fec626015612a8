import { QOS_TIERS, type Qos } from '@atp-router/kernel';
import { jainIndex } from './jain.ts';

/** What fairness is judged over: long enough for several calls of each tenant, short enough to show an unfair minute. */
const WINDOW_MS = 30_000;
/** Tenants that are counted in one window; further ones are not, about 100 B each. */
const TENANTS_MAX = 10_000;
/** Whoever got less than this part of the mean is behind the others; a single long demand makes a smaller difference. */
const BEHIND = 0.5;

/**
 * Tokens that tenants were served while they had to wait, by their weight, over the last one to two windows: those who do not
 * have to wait get what they ask for, and say nothing of fairness. Monotone time, in milliseconds.
 */
export class ServiceWindow {
  readonly #tiers: Record<Qos, Tally> = { gold: new Tally(), silver: new Tally(), bronze: new Tally() };
  #since_ms = Number.NEGATIVE_INFINITY;

  served(qos: Qos, tenant: string, tokens_by_weight: number, now_ms: number): void {
    this.#turn(now_ms);
    this.#tiers[qos].add(tenant, tokens_by_weight);
  }

  /** Jain's index of a tier, see `jainIndex`. */
  jain(qos: Qos, now_ms: number): number {
    this.#turn(now_ms);
    return jainIndex(this.#tiers[qos].sums());
  }

  /** Whether a tenant got much less than others of its tier that had to wait. */
  isBehind(qos: Qos, tenant: string, now_ms: number): boolean {
    this.#turn(now_ms);
    return this.#tiers[qos].of(tenant) < BEHIND * this.#tiers[qos].mean;
  }

  #turn(now_ms: number): void {
    const passed_ms = now_ms - this.#since_ms;
    if (passed_ms < WINDOW_MS) return;
    const follows = passed_ms < 2 * WINDOW_MS;
    // The next window begins where this one was over, not when somebody noticed: what is in it would be counted for longer.
    this.#since_ms = follows ? this.#since_ms + WINDOW_MS : now_ms;
    for (const qos of QOS_TIERS) this.#tiers[qos].turn(follows);
  }
}

class Tally {
  #present: Map<string, number> = new Map();
  #past: Map<string, number> = new Map();
  #present_sum = 0;
  #past_sum = 0;
  /** Tenants of the past that are not in the present. */
  #only_past = 0;

  /** What a tenant got on average; 0 when nobody got anything. */
  get mean(): number {
    const tenants = this.#present.size + this.#only_past;
    return tenants === 0 ? 0 : (this.#present_sum + this.#past_sum) / tenants;
  }

  of(tenant: string): number {
    return (this.#present.get(tenant) ?? 0) + (this.#past.get(tenant) ?? 0);
  }

  add(tenant: string, amount: number): void {
    const sum = this.#present.get(tenant);
    if (sum === undefined) {
      if (this.#present.size >= TENANTS_MAX) return;
      if (this.#past.has(tenant)) this.#only_past -= 1;
    }
    this.#present.set(tenant, (sum ?? 0) + amount);
    this.#present_sum += amount;
  }

  turn(keeps: boolean): void {
    this.#past = keeps ? this.#present : new Map();
    this.#past_sum = keeps ? this.#present_sum : 0;
    this.#only_past = this.#past.size;
    this.#present = new Map();
    this.#present_sum = 0;
  }

  *sums(): Generator<number> {
    for (const [tenant, sum] of this.#present) yield sum + (this.#past.get(tenant) ?? 0);
    for (const [tenant, sum] of this.#past) if (!this.#present.has(tenant)) yield sum;
  }
}
