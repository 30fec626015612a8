import { QOS_TIERS } from '@atp-router/kernel';
import type { AccountBook, Demand, ReservedPart } from './records.ts';
import { PROVIDER_AT, SESSIONS, TENANTS } from './accounts.ts';
import type { LedgerBook } from './ledger-book.ts';
import type { Watch } from './watch.ts';

/** What a tenant of a tier, or a session of it, was served where all wait. */
class Flow {
  readonly label: string;
  readonly weight: number;
  /** Tokens, as far as they are known; estimates of what is in flight. */
  service = 0;
  /** The largest of its costs. */
  cost = 0;
  in_flight = 0;
  in_flight_max = 0;
  /** By how much an estimate was too low at most, and too high. */
  too_low = 0;
  too_high = 0;
  /** Changes when nobody waits in it any more, and when somebody does again. */
  stretch = 0;
  is_backlogged = false;
  /** Somebody who waited before the present step waits still. */
  stays = false;

  constructor(label: string, weight: number) {
    this.label = label;
    this.weight = weight;
  }

  get by_weight(): number {
    return this.service / this.weight;
  }

  /**
   * Its part of the bound. Virtual time of a flow is ahead of that of another one by its largest cost and what is in flight with too low an
   * estimate at most, and behind by what either has in flight with too high a one; what the order had forgotten meanwhile is corrected once
   * more in these books and not there.
   */
  get slack(): number {
    return (this.cost + this.in_flight_max * (2 * this.too_low + 3 * this.too_high)) / this.weight;
  }
}

class Pair {
  readonly a: Flow;
  readonly b: Flow;
  #stretch_a = 0;
  #stretch_b = 0;
  #least = 0;
  #most = 0;

  constructor(a: Flow, b: Flow) {
    this.a = a;
    this.b = b;
  }

  judge(watch: Watch): void {
    const { a, b } = this;
    if (!a.is_backlogged || !b.is_backlogged) return;
    const by = a.by_weight - b.by_weight;
    if (a.stretch !== this.#stretch_a || b.stretch !== this.#stretch_b) {
      this.#stretch_a = a.stretch;
      this.#stretch_b = b.stretch;
      this.#least = by;
      this.#most = by;
      watch.counts.fair_stretches += 1;
      return;
    }
    this.#least = Math.min(this.#least, by);
    this.#most = Math.max(this.#most, by);
    const bound = a.slack + b.slack;
    if (this.#most - this.#least > bound + 1e-6)
      watch.broken(
        `service of ${a.label} and ${b.label} differs by ${this.#most - this.#least}, and ${bound} at most may be`,
      );
  }
}

/** What was charged for a part, and for its growth. */
interface Charged {
  readonly tokens: number;
  /** Tokens that it held before, for which it had not waited. */
  readonly free: number;
  readonly times: number;
}

/**
 * Fairness at the account that everybody waits for: over any stretch in which two tenants of a tier have somebody waiting, their service in
 * tokens by weight differs by no more than the largest cost of each, and twice what each has in flight that was taken for too little, and
 * thrice what was taken for too much (start-time fair queuing, Goyal, Vin, Cheng 1996, theorem 1, for costs that are corrected). So do two sessions of a tenant.
 */
export class FairBook {
  readonly #book: AccountBook;
  readonly #watch: Watch;
  readonly #flows: Flow[] = [];
  /** By tier, tenant and session: the tenant's and the session's. */
  readonly #of: (readonly [Flow, Flow])[] = [];
  readonly #pairs: Pair[] = [];
  readonly #charged: Map<ReservedPart, Charged> = new Map();

  constructor(ledger: LedgerBook, watch: Watch, weights: readonly number[]) {
    this.#book = ledger.accounts[PROVIDER_AT] as AccountBook;
    this.#watch = watch;
    for (let rank = 0; rank < QOS_TIERS.length; rank += 1) {
      const tenants = weights.map((weight, tenant) => this.#add(`${QOS_TIERS[rank]}, tenant ${tenant}`, weight));
      this.#pair(tenants);
      for (const tenant of tenants) {
        const sessions = Array.from({ length: SESSIONS }, (_, i) => this.#add(`${tenant.label}, session ${i}`, 1));
        this.#pair(sessions);
        for (const session of sessions) this.#of.push([tenant, session]);
      }
    }
  }

  #add(label: string, weight: number): Flow {
    const flow = new Flow(label, weight);
    this.#flows.push(flow);
    return flow;
  }

  #pair(flows: readonly Flow[]): void {
    for (const [i, a] of flows.entries()) for (const b of flows.slice(i + 1)) this.#pairs.push(new Pair(a, b));
  }

  #flowsOf({ rank, wish: { tenant, session } }: Demand): readonly [Flow, Flow] {
    return this.#of[(rank * TENANTS + tenant) * SESSIONS + session] as readonly [Flow, Flow];
  }

  /** Who waits before a step. */
  before(): readonly Demand[] {
    return this.#book.line;
  }

  /** From the queue: it was charged what it expects, or by how much it grows. */
  served(demand: Demand): void {
    const part = demand.partAt(this.#book);
    if (part === undefined) return;
    const { tokens } = demand.wish;
    const reserved = part.kind === 'grow' ? part.target : part;
    const known = this.#charged.get(reserved);
    // What was held before came without a queue, and is charged to nobody.
    const free = part.kind === 'grow' ? reserved.amounts[1] - part.by[1] : 0;
    if (known === undefined) this.#charged.set(reserved, { tokens, free, times: 1 });
    else this.#charged.set(reserved, { ...known, tokens: known.tokens + tokens, times: known.times + 1 });
    for (const flow of this.#flowsOf(demand)) {
      flow.service += tokens;
      flow.cost = Math.max(flow.cost, tokens);
      flow.in_flight += 1;
      flow.in_flight_max = Math.max(flow.in_flight_max, flow.in_flight);
    }
  }

  /** A part of it ended, or its lease did: what it used counts, once. */
  ended(demand: Demand, part: ReservedPart, used: number): void {
    const charged = this.#charged.get(part);
    if (charged === undefined) return;
    this.#charged.delete(part);
    const tokens = Math.max(0, used - charged.free);
    for (const flow of this.#flowsOf(demand)) {
      flow.service += tokens - charged.tokens;
      flow.cost = Math.max(flow.cost, tokens);
      flow.too_low = Math.max(flow.too_low, tokens - charged.tokens);
      flow.too_high = Math.max(flow.too_high, charged.tokens - tokens);
      flow.in_flight -= charged.times;
    }
  }

  /** `before` waited before the step. */
  turn(before: readonly Demand[], step: number): void {
    for (const flow of this.#flows) {
      flow.stays = false;
      flow.is_backlogged = false;
    }
    for (const demand of before) {
      if (demand.status === 'waiting' && demand.lined_at < step)
        for (const flow of this.#flowsOf(demand)) flow.stays = true;
    }
    for (const demand of this.#book.line) for (const flow of this.#flowsOf(demand)) flow.is_backlogged = true;
    for (const flow of this.#flows) if (!flow.stays) flow.stretch += 1;
    for (const pair of this.#pairs) pair.judge(this.#watch);
  }
}
