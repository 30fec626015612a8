import { type Qos, qosRank } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Limiter, type LimiterTicket } from '../src/index.ts';

type Op =
  | { readonly op: 'acquire'; readonly key: string; readonly qos: Qos; readonly timeout_ms: number }
  | { readonly op: 'release' | 'cancel'; readonly pick: number }
  | { readonly op: 'advance'; readonly by_ms: number }
  | { readonly op: 'limit'; readonly key: string; readonly max_parallel: number; readonly max_waiting: number }
  | { readonly op: 'keep'; readonly keys: readonly string[] };

const key = fc.constantFrom('p/a', 'p/b');
const qos = fc.constantFrom<Qos>('gold', 'silver', 'bronze');
const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('acquire' as const),
      key,
      qos,
      timeout_ms: fc.integer({ min: 0, max: 50 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constantFrom('release' as const, 'cancel' as const), pick: fc.nat({ max: 999 }) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('advance' as const), by_ms: fc.integer({ min: 1, max: 40 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('limit' as const),
      key,
      max_parallel: fc.integer({ min: 0, max: 4 }),
      max_waiting: fc.integer({ min: 0, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('keep' as const), keys: fc.subarray(['p/a', 'p/b']) }) },
);

interface Known {
  readonly n: number;
  readonly key: string;
  readonly qos: Qos;
  readonly deadline_ms: number;
  readonly ticket: LimiterTicket<number>;
  state: LimiterTicket<number>['state'];
}

/** Computes every grant from plain lists. */
class Oracle {
  readonly limiter = new Limiter<number>({ max_parallel: 2, max_waiting: 3 });
  readonly limits = new Map<string, { max_parallel: number; max_waiting: number }>();
  /** Whose limits go when nobody holds or waits any more. */
  readonly leaving = new Set<string>();
  readonly known: Known[] = [];
  now_ms = 0;

  in(key: string, state: Known['state']): Known[] {
    const order = (a: Known, b: Known): number => qosRank(a.qos) - qosRank(b.qos) || a.n - b.n;
    return this.known.filter((k) => k.key === key && k.state === state).sort(order);
  }

  limit(key: string): { max_parallel: number; max_waiting: number } {
    return this.limits.get(key) ?? { max_parallel: 2, max_waiting: 3 };
  }

  expectGrants(key: string, granted: readonly LimiterTicket<number>[]): void {
    const room = Math.max(0, this.limit(key).max_parallel - this.in(key, 'granted').length);
    const next = this.in(key, 'queued').slice(0, room);
    expect(granted.map((ticket) => ticket.owner)).toEqual(next.map((k) => k.n));
    for (const one of next) one.state = 'granted';
  }

  acquire(key: string, qos: Qos, timeout_ms: number): void {
    const n = this.known.length;
    const { max_parallel, max_waiting } = this.limit(key);
    const free = this.in(key, 'granted').length < max_parallel;
    const room = this.in(key, 'queued').length < max_waiting && timeout_ms > 0;
    const state = free ? 'granted' : room ? 'queued' : 'full';
    const ticket = this.limiter.acquire(key, qos, this.now_ms, timeout_ms, n);
    expect(ticket.state).toBe(state);
    this.known.push({ n, key, qos, deadline_ms: this.now_ms + timeout_ms, ticket, state });
  }

  run(step: Op): void {
    if (step.op === 'acquire') this.acquire(step.key, step.qos, step.timeout_ms);
    else if (step.op === 'limit') {
      this.limits.set(step.key, step);
      this.leaving.delete(step.key);
      this.expectGrants(step.key, this.limiter.setLimit(step.key, step));
    } else if (step.op === 'keep') {
      for (const name of this.limits.keys()) if (!step.keys.includes(name)) this.leaving.add(name);
      this.limiter.keepOnly(new Set(step.keys));
    } else if (step.op === 'advance') {
      this.now_ms += step.by_ms;
      const due = this.known.filter((k) => k.state === 'queued' && k.deadline_ms <= this.now_ms);
      const owners = this.limiter.expire(this.now_ms).map((ticket) => ticket.owner);
      expect([...owners].sort()).toEqual(due.map((k) => k.n).sort());
      for (const one of due) one.state = 'expired';
    } else this.end(step.op, step.pick);
  }

  end(op: 'release' | 'cancel', pick: number): void {
    const from = op === 'cancel' ? this.known : this.known.filter((k) => k.state === 'granted');
    const one = from[pick % Math.max(1, from.length)];
    if (one === undefined) return;
    const granted = op === 'release' ? this.limiter.release(one.ticket) : this.limiter.cancel(one.ticket);
    if (one.state === 'granted') one.state = 'released';
    else if (one.state === 'queued') one.state = 'cancelled';
    this.expectGrants(one.key, granted);
  }

  forgetIdle(): void {
    for (const name of this.leaving) {
      if (this.in(name, 'granted').length + this.in(name, 'queued').length > 0) continue;
      expect([...this.limiter.keys()]).not.toContain(name);
      this.leaving.delete(name);
      this.limits.delete(name);
    }
  }

  check(): void {
    for (const one of this.known) expect(one.ticket.state).toBe(one.state);
    for (const name of ['p/a', 'p/b']) {
      const queued = this.in(name, 'queued').length;
      expect(this.limiter.load(name)).toEqual({ in_flight: this.in(name, 'granted').length, waiting: queued });
      if (queued > 0) {
        expect(this.in(name, 'granted').length).toBeGreaterThanOrEqual(this.limit(name).max_parallel);
      }
    }
    const deadlines = this.known.filter((k) => k.state === 'queued').map((k) => k.deadline_ms);
    expect(this.limiter.nextDeadline_ms()).toBe(deadlines.length === 0 ? undefined : Math.min(...deadlines));
  }
}

describe('Limiter', () => {
  test('grants, queues, expires and cancels as the oracle does', () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 120 }), (ops) => {
        const oracle = new Oracle();
        for (const step of ops) {
          oracle.run(step);
          oracle.forgetIdle();
          oracle.check();
        }
      }),
      { seed: 12, numRuns: 400 },
    );
  });

  test('gold goes before silver before bronze, each in order of arrival', () => {
    const limiter = new Limiter<string>({ max_parallel: 1, max_waiting: 9 });
    const first = limiter.acquire('k', 'bronze', 0, 0, 'first');
    limiter.acquire('k', 'bronze', 0, 10, 'bronze');
    limiter.acquire('k', 'silver', 0, 10, 'silver');
    limiter.acquire('k', 'gold', 0, 10, 'gold 1');
    limiter.acquire('k', 'gold', 0, 10, 'gold 2');
    const order: string[] = [];
    for (let next = limiter.release(first)[0]; next !== undefined; next = limiter.release(next)[0])
      order.push(next.owner);
    expect(order).toEqual(['gold 1', 'gold 2', 'silver', 'bronze']);
  });

  test('a raised limit grants several at once; a lowered one waits for releases', () => {
    const limiter = new Limiter<number>();
    limiter.setLimit('k', { max_parallel: 0, max_waiting: 9 });
    const tickets = [1, 2, 3].map((n) => limiter.acquire('k', 'silver', 0, 10, n));
    expect(limiter.setLimit('k', { max_parallel: 2, max_waiting: 9 }).map((t) => t.owner)).toEqual([1, 2]);
    limiter.setLimit('k', { max_parallel: 1, max_waiting: 0 });
    expect(limiter.acquire('k', 'gold', 0, 10, 4).state).toBe('full');
    const [one, two] = tickets;
    if (one === undefined || two === undefined) throw new Error('no tickets');
    expect(limiter.release(one)).toEqual([]);
    expect(limiter.release(two).map((t) => t.owner)).toEqual([3]);
    expect(() => limiter.release(two)).toThrow('only a granted ticket');
  });

  test('a limit that is no longer kept goes with the last who holds a place or waits for one', () => {
    const limiter = new Limiter<string>();
    for (const name of ['idle', 'busy', 'kept']) limiter.setLimit(name, { max_parallel: 1, max_waiting: 1 });
    const holds = limiter.acquire('busy', 'silver', 0, 0, 'holds');
    const waits = limiter.acquire('busy', 'silver', 0, 10, 'waits');
    limiter.keepOnly(new Set(['kept', 'new']));
    expect([...limiter.keys()]).toEqual(['busy', 'kept']);
    expect(limiter.release(holds)).toEqual([waits]);
    expect(limiter.load('busy')).toEqual({ in_flight: 1, waiting: 0 });
    expect(limiter.acquire('busy', 'gold', 0, 0, 'one too many').state).toBe('full');
    limiter.release(waits);
    expect([...limiter.keys()]).toEqual(['kept']);
  });

  test('names that clients make up do not grow the table for ever', () => {
    const limiter = new Limiter<number>();
    limiter.setLimit('configured', { max_parallel: 7, max_waiting: 0 });
    for (let n = 0; n < 5_000; n += 1) limiter.release(limiter.acquire(`p/${n}`, 'silver', 0, 0, n));
    expect([...limiter.keys()].length).toBeLessThanOrEqual(1_024);
    expect([...limiter.keys()]).toContain('configured');
  });
});
