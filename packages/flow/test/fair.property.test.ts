import { type Qos, QOS_TIERS } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jainIndex } from '../src/fair/jain.ts';
import { type Flow, ServiceOrder } from '../src/fair/service-order.ts';
import { ServiceWindow } from '../src/fair/service-window.ts';
import { type StarvationOptions, StarvationGuard } from '../src/fair/starvation.ts';
import { IndexedHeap } from '../src/indexed-heap.ts';

describe('a heap that knows its members', () => {
  interface Member {
    key: number;
    readonly id: number;
    heap_at: number;
  }
  const op = fc.record({ do: fc.constantFrom('add', 'add', 'remove', 'move'), key: fc.nat(20), pick: fc.nat() });

  test('has the first of all after any additions, removals and moves', () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 100 }), (ops) => {
        const heap = new IndexedHeap<Member>((a, b) => a.key < b.key || (a.key === b.key && a.id < b.id));
        const all: Member[] = [];
        for (const [id, { do: what, key, pick }] of ops.entries()) {
          const member = all[pick % all.length];
          if (what === 'add') {
            all.push({ key, id, heap_at: -1 });
            heap.add(all.at(-1) as Member);
          } else if (member !== undefined && what === 'remove') {
            heap.remove(member);
            all.splice(all.indexOf(member), 1);
            expect(member.heap_at).toBe(-1);
          } else if (member !== undefined) {
            member.key = key;
            heap.moved(member);
          }
          const [first] = all.toSorted((a, b) => a.key - b.key || a.id - b.id);
          expect(heap.peek()).toBe(first);
          expect(heap.size).toBe(all.length);
          expect(new Set(heap.values())).toEqual(new Set(all));
        }
      }),
    );
  });
});

interface NaiveFlow {
  readonly id: string;
  readonly flow: Flow<string>;
  weight: number;
  start: number;
  turn: number;
  is_waiting: boolean;
}

/** Start-time fair queuing with lists, as the paper has it, and what this order forgets. */
class NaiveOrder {
  flows: NaiveFlow[] = [];
  readonly #max_idle: number;
  #virtual = 0;
  #turns = 0;

  constructor(max_idle: number) {
    this.#max_idle = max_idle;
  }

  first(): NaiveFlow | undefined {
    return this.#sorted(true)[0];
  }

  #sorted(is_waiting: boolean): NaiveFlow[] {
    const some = this.flows.filter((one) => one.is_waiting === is_waiting);
    return some.sort((a, b) => a.start - b.start || a.turn - b.turn);
  }

  join(id: string, weight: number, flow: Flow<string>): void {
    let one = this.flows.find((other) => other.id === id);
    if (one === undefined) {
      one = { id, flow, weight, start: this.#virtual, turn: 0, is_waiting: false };
      this.flows.push(one);
    }
    one.weight = weight;
    if (one.is_waiting) return;
    one.is_waiting = true;
    one.start = Math.max(one.start, this.#virtual);
    this.#turns += 1;
    one.turn = this.#turns;
  }

  leave(one: NaiveFlow): void {
    one.is_waiting = false;
    if (this.#sorted(true).length === 0) {
      this.flows = [];
      this.#virtual = 0;
    }
    this.#forget();
    const idle = this.#sorted(false);
    if (idle.length > this.#max_idle) this.flows = this.flows.filter((other) => other !== idle[0]);
  }

  serve(one: NaiveFlow, cost: number): void {
    this.#virtual = Math.max(this.#virtual, one.start);
    one.start += cost / one.weight;
    this.#turns += 1;
    one.turn = this.#turns;
    this.#forget();
  }

  correct(flow: Flow<string>, by: number): void {
    const one = this.flows.find((other) => other.flow === flow);
    if (one !== undefined) one.start += by / one.weight;
    this.#forget();
  }

  /** Who does not wait and is not ahead of virtual time. */
  #forget(): void {
    this.flows = this.flows.filter((one) => one.is_waiting || one.start > this.#virtual);
  }
}

describe('the order of service', () => {
  const op = fc.record({
    do: fc.constantFrom('join', 'join', 'leave', 'serve', 'serve', 'correct'),
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    weight: fc.constantFrom(0.5, 1, 2),
    amount: fc.nat(40),
    pick: fc.nat(),
  });

  test('is that of a naive one', () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 150 }), fc.integer({ min: 1, max: 3 }), (ops, max_idle) => {
        const order = new ServiceOrder<string>((id) => id, max_idle);
        const naive = new NaiveOrder(max_idle);
        const charges: (readonly [Flow<string>, number])[] = [];
        for (const { do: what, id, weight, amount, pick } of ops) {
          const one = naive.flows.find((other) => other.id === id && other.is_waiting);
          const charge = charges[pick % charges.length];
          if (what === 'join') naive.join(id, weight, order.join(id, weight));
          else if (what === 'leave' && one !== undefined) {
            naive.leave(one);
            order.leave(one.flow);
          } else if (what === 'serve' && one !== undefined) {
            naive.serve(one, amount);
            order.serve(one.flow, amount, false);
            charges.push([one.flow, amount]);
          } else if (what === 'correct' && charge !== undefined) {
            naive.correct(charge[0], amount - charge[1]);
            order.correct(charge[0], amount - charge[1]);
            charges.splice(charges.indexOf(charge), 1);
          }
          expect(order.first()?.id).toBe(naive.first()?.id);
          expect(order.size).toBe(naive.flows.length);
          expect(order.backlogged).toBe(naive.flows.filter(({ is_waiting }) => is_waiting).length);
        }
      }),
    );
  });

  test('serves two that wait equally by weight, over any stretch but for the largest cost of each', () => {
    const weights = fc.tuple(fc.constantFrom(0.5, 1, 3), fc.constantFrom(0.5, 1, 3));
    fc.assert(
      fc.property(weights, fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 300 }), (two, costs) => {
        const order = new ServiceOrder<string>((id) => id);
        const flows = two.map((weight, i) => order.join(String(i), weight));
        const most = [0, 0];
        const by_weight = [0, 0];
        const apart: number[] = [0];
        for (const cost of costs) {
          const flow = order.first() as Flow<string>;
          const i = flows.indexOf(flow);
          order.serve(flow, cost, false);
          by_weight[i] = (by_weight[i] ?? 0) + cost / flow.weight;
          most[i] = Math.max(most[i] ?? 0, cost / flow.weight);
          apart.push((by_weight[0] ?? 0) - (by_weight[1] ?? 0));
        }
        const spread = Math.max(...apart) - Math.min(...apart);
        expect(spread).toBeLessThanOrEqual((most[0] ?? 0) + (most[1] ?? 0) + 1e-9);
      }),
    );
  });
});

describe('the fairness index', () => {
  const shares = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 20 });

  test('is from 1/n to 1, whatever the unit and the order', () => {
    fc.assert(
      fc.property(shares, fc.integer({ min: 1, max: 50 }), (list, by) => {
        const index = jainIndex(list);
        expect(index).toBeLessThanOrEqual(1 + 1e-12);
        expect(index).toBeGreaterThanOrEqual(1 / list.length - 1e-12);
        expect(jainIndex(list.toReversed().map((share) => share * by))).toBeCloseTo(index, 9);
        expect(jainIndex(list.map(() => by))).toBe(1);
      }),
    );
  });

  test('is of what was served in the last window, and of nothing older than two', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 40_000 }), { maxLength: 6 });
    fc.assert(
      fc.property(fc.nat(100_000), steps, steps, fc.constantFrom(...QOS_TIERS), (origin_ms, before, after, qos) => {
        const window = new ServiceWindow();
        let now_ms = origin_ms;
        for (const step_ms of before) {
          now_ms += step_ms;
          window.jain(qos, now_ms);
        }
        window.served(qos, 'a', 3, now_ms);
        const served_ms = now_ms;
        for (const step_ms of after) {
          now_ms += step_ms;
          window.jain('gold', now_ms);
        }
        window.served(qos, 'b', 1, now_ms);
        const age_ms = now_ms - served_ms;
        const index = window.jain(qos, now_ms);
        if (age_ms < 30_000) expect(index).toBeCloseTo(0.8);
        else if (age_ms >= 60_000) expect(index).toBe(1);
      }),
    );
  });
});

describe('the guard against starving', () => {
  const OPTIONS: StarvationOptions = { wait_ms: 100, factor: 2, bump: 3, half_life_ms: 500 };
  const wait = fc.record({
    qos: fc.constantFrom<Qos>('gold', 'bronze'),
    tenant: fc.constantFrom('a', 'b'),
    wait_ms: fc.oneof(fc.nat(50), fc.nat(2_000)),
    after_ms: fc.oneof(fc.nat(20), fc.nat(2_000)),
  });
  const quantileOf = (values: readonly number[], q: number): number =>
    values.toSorted((a, b) => a - b)[Math.floor(q * values.length)] as number;

  test('says what a naive one says, and gives more weight for a while', () => {
    fc.assert(
      fc.property(fc.array(wait, { maxLength: 150 }), (waits) => {
        const guard = new StarvationGuard(OPTIONS);
        const tiers = new Map<string, number[]>();
        const tenants = new Map<string, number[]>();
        const bumped = new Map<string, number>();
        let now_ms = 0;
        for (const { qos, tenant, wait_ms, after_ms } of waits) {
          now_ms += after_ms;
          const key = `${qos} ${tenant}`;
          const tier = [...(tiers.get(qos) ?? []), wait_ms].slice(-64);
          const own = [...(tenants.get(key) ?? []), wait_ms].slice(-16);
          tiers.set(qos, tier);
          tenants.set(key, own);
          const is_recent = now_ms - (bumped.get(key) ?? Number.NEGATIVE_INFINITY) < OPTIONS.half_life_ms;
          const least_ms = Math.max(OPTIONS.wait_ms, OPTIONS.factor * quantileOf(tier, 0.5));
          const starves = own.length >= 8 && !is_recent && quantileOf(own, 0.9) > least_ms;
          expect(guard.waited(qos, tenant, wait_ms, now_ms)).toBe(starves);
          if (starves) bumped.set(key, now_ms);
          const since_ms = now_ms - (bumped.get(key) ?? Number.NEGATIVE_INFINITY);
          expect(guard.factor(qos, tenant, now_ms)).toBeCloseTo(1 + 2 * 0.5 ** (since_ms / OPTIONS.half_life_ms));
        }
        expect(guard.factor('silver', 'a', now_ms)).toBe(1);
      }),
    );
  });
});
