import { qosRank } from '@atp-router/kernel';
import { type Fleet, size } from './fleet.ts';
import type { Call, Tenant } from './model.ts';
import type { Before } from './policies/policy.ts';

/** What one tenant was given within the measured time. */
export interface TenantCount {
  readonly tenant: Tenant;
  /** Tokens of calls that were asked for. */
  offered_tokens: number;
  asked: number;
  refused: number;
  stopped: number;
  finished: number;
  /** Tokens of calls that were finished, and of those that were stopped. */
  finished_tokens: number;
  wasted_tokens: number;
  /** From a call's arrival to its beginning, of those that began; and to its end, of those that were finished. */
  readonly waits_ms: number[];
  readonly whole_ms: number[];
  /** At each provider: how long somebody of it waited there. */
  readonly backlogged_ms: number[];
}

/** What runs and waits at one provider, by tier, best first. */
export interface Busy {
  readonly calls: [number, number, number];
  /** Reserved. */
  readonly tokens: [number, number, number];
  readonly waiting: [number, number, number];
  /** Reserved tokens of those that wait. */
  readonly waiting_tokens: [number, number, number];
  readonly waiting_of: Map<Tenant, number>;
}

/** Counts what happens from `warm_ms` to `end_ms`, and what is used while somebody waits. */
export class Meter {
  readonly tenants: Map<Tenant, TenantCount> = new Map();
  readonly busy: readonly Busy[];
  /** Provider-milliseconds in which somebody waited there, and the part of the fuller window that was used then. */
  contended_ms = 0;
  used_ms = 0;
  /** The same of bronze: what it held while it waited. */
  bronze_waited_ms = 0;
  bronze_held_ms = 0;
  readonly #fleet: Fleet;
  readonly #warm_ms: number;
  readonly #end_ms: number;

  constructor(fleet: Fleet, tenants: readonly Tenant[], warm_ms: number, end_ms: number) {
    this.#fleet = fleet;
    this.#warm_ms = warm_ms;
    this.#end_ms = end_ms;
    this.busy = Array.from({ length: fleet.providers }, () => ({
      calls: [0, 0, 0],
      tokens: [0, 0, 0],
      waiting: [0, 0, 0],
      waiting_tokens: [0, 0, 0],
      waiting_of: new Map(),
    }));
    for (const tenant of tenants) this.tenants.set(tenant, countOf(tenant, fleet.providers));
  }

  get measured_ms(): number {
    return this.#end_ms - this.#warm_ms;
  }

  /** Time goes on: what is as it is has been so from `from_ms` on. */
  pass(from_ms: number, to_ms: number): void {
    const passed_ms = Math.min(to_ms, this.#end_ms) - Math.max(from_ms, this.#warm_ms);
    if (passed_ms <= 0) return;
    for (const [i, place] of this.busy.entries()) {
      if (place.waiting_of.size === 0) continue;
      this.contended_ms += passed_ms;
      this.used_ms += passed_ms * this.#dominant(sum(place.calls), sum(place.tokens));
      for (const tenant of place.waiting_of.keys()) {
        const { backlogged_ms } = this.tenants.get(tenant) as TenantCount;
        backlogged_ms[i] = (backlogged_ms[i] ?? 0) + passed_ms;
      }
      if (place.waiting[2] === 0) continue;
      this.bronze_waited_ms += passed_ms;
      this.bronze_held_ms += passed_ms * this.#dominant(place.calls[2], place.tokens[2]);
    }
  }

  /** Its count, when what happens now counts. */
  at(call: Call, now_ms: number): TenantCount | undefined {
    return now_ms >= this.#warm_ms && now_ms < this.#end_ms ? this.tenants.get(call.asked.tenant) : undefined;
  }

  asked(call: Call, now_ms: number): void {
    const count = this.at(call, now_ms);
    if (count === undefined) return;
    count.asked += 1;
    count.offered_tokens += size(call.asked);
  }

  waits(call: Call, by: 1 | -1): void {
    const { waiting, waiting_tokens, waiting_of } = this.busy[call.provider] as Busy;
    const { tenant } = call.asked;
    const rank = qosRank(tenant.qos);
    waiting[rank] += by;
    waiting_tokens[rank] += by * call.reserved_tokens;
    const left = (waiting_of.get(tenant) ?? 0) + by;
    if (left === 0) waiting_of.delete(tenant);
    else waiting_of.set(tenant, left);
  }

  runs(call: Call, by: 1 | -1): void {
    const { calls, tokens } = this.busy[call.provider] as Busy;
    const rank = qosRank(call.asked.tenant.qos);
    calls[rank] += by;
    tokens[rank] += by * call.reserved_tokens;
  }

  /** The provider with the least before a call of a tenant. */
  leastBefore(tenant: Tenant, before: Before): number {
    const worst = before === 'all' ? 2 : qosRank(tenant.qos);
    let [best, least, least_own] = [0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const [i, place] of this.busy.entries()) {
      const own = before === 'its tenant' ? (place.waiting_of.get(tenant) ?? 0) : 0;
      const load = this.#load(place, worst);
      if (own > least_own || (own === least_own && load >= least)) continue;
      [best, least, least_own] = [i, load, own];
    }
    return best;
  }

  #load({ calls, tokens, waiting, waiting_tokens }: Busy, worst: number): number {
    let [all_calls, all_tokens] = [0, 0];
    for (let rank = 0; rank <= worst; rank += 1) {
      all_calls += (calls[rank] ?? 0) + (waiting[rank] ?? 0);
      all_tokens += (tokens[rank] ?? 0) + (waiting_tokens[rank] ?? 0);
    }
    return this.#dominant(all_calls, all_tokens);
  }

  #dominant(calls: number, tokens: number): number {
    return Math.max(calls / this.#fleet.calls, tokens / this.#fleet.tokens);
  }
}

function sum([a, b, c]: readonly [number, number, number]): number {
  return a + b + c;
}

function countOf(tenant: Tenant, providers: number): TenantCount {
  return {
    tenant,
    offered_tokens: 0,
    asked: 0,
    refused: 0,
    stopped: 0,
    finished: 0,
    finished_tokens: 0,
    wasted_tokens: 0,
    waits_ms: [],
    whole_ms: [],
    backlogged_ms: Array.from({ length: providers }, () => 0),
  };
}
