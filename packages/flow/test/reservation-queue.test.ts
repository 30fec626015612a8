import type { Qos } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AccountLedger, ReservationQueue, type ReservationTicket } from '../src/index.ts';

const call = (tokens: number) => ({ calls: 1, tokens, usd_nanos: 0 });
const owners = (tickets: readonly ReservationTicket<string>[]): string[] => tickets.map((t) => t.owner);

function setup(max_waiting = 10): { ledger: AccountLedger; queue: ReservationQueue<string> } {
  const ledger = new AccountLedger();
  ledger.setLimits('t', { max_tokens: 100, tokens_per_day: 1_000 });
  return { ledger, queue: new ReservationQueue<string>(ledger, max_waiting) };
}

function settle(ledger: AccountLedger, ticket: ReservationTicket<string>, tokens: number): void {
  if (ticket.state.kind !== 'granted') throw new Error(`is ${ticket.state.kind}`);
  ledger.settle(ticket.state.reservation, call(tokens));
}

describe('ReservationQueue', () => {
  test('waits for a window, in order; small ones of the same tier do not overtake a large one, a better tier does', () => {
    const { ledger, queue } = setup();
    const first = queue.reserve(['t'], call(60), 'silver', 0, 50, 'first');
    const large = queue.reserve(['t'], call(80), 'silver', 0, 50, 'large');
    const small = queue.reserve(['t'], call(10), 'silver', 0, 50, 'small');
    const gold = queue.reserve(['t'], call(10), 'gold', 0, 50, 'gold');
    expect([first, large, small, gold].map((t) => t.state.kind)).toEqual(['granted', 'waiting', 'waiting', 'granted']);
    expect(queue.waiting('t')).toBe(2);
    settle(ledger, first, 60);
    expect(owners(queue.wake(1, 't'))).toEqual(['large', 'small']);
    expect(queue.waiting('t')).toBe(0);
  });

  test('what can never fit, what finds the queue full and what will not wait is denied at once', () => {
    const { queue } = setup(1);
    queue.reserve(['t'], call(100), 'silver', 0, 50, 'first');
    expect(queue.reserve(['t'], call(101), 'silver', 0, 50, 'too large').state).toMatchObject({
      kind: 'denied',
      denial: { dimension: 'window_tokens', waitable: false },
    });
    expect(queue.reserve(['t'], call(1), 'silver', 0, undefined, 'hasty').state.kind).toBe('denied');
    expect(queue.reserve(['t'], call(1), 'silver', 0, 50, 'waits').state.kind).toBe('waiting');
    expect(queue.reserve(['t'], call(1), 'silver', 0, 50, 'full').state).toMatchObject({
      kind: 'denied',
      denial: { waitable: true },
    });
  });

  test('one that the budget has come to refuse is told so instead of blocking the others', () => {
    const { ledger, queue } = setup();
    const first = queue.reserve(['t'], call(90), 'silver', 0, 50, 'first');
    const large = queue.reserve(['t'], call(60), 'silver', 0, 50, 'large');
    const small = queue.reserve(['t'], call(10), 'silver', 0, 50, 'small');
    settle(ledger, first, 950);
    expect(owners(queue.wake(1))).toEqual(['large', 'small']);
    expect(large.state).toMatchObject({ kind: 'denied', denial: { dimension: 'budget_tokens' } });
    expect(small.state.kind).toBe('granted');
  });

  test('a waiter expires, or is cancelled, and the next one is served', () => {
    const { queue } = setup();
    const first = queue.reserve(['t'], call(60), 'silver', 0, 50, 'first');
    const one = queue.reserve(['t'], call(90), 'silver', 0, 20, 'one');
    const two = queue.reserve(['t'], call(80), 'silver', 0, 30, 'two');
    queue.reserve(['t'], call(40), 'silver', 0, 40, 'three');
    expect(queue.nextDeadline_mono_ms()).toBe(20);
    expect(owners(queue.expire(19))).toEqual([]);
    expect(owners(queue.expire(20))).toEqual(['one']);
    expect(one.state.kind).toBe('expired');
    queue.cancel(two);
    expect(owners(queue.wake(21, 't'))).toEqual(['three']);
    queue.cancel(first);
    queue.cancel(first);
    expect(first.state.kind).toBe('cancelled');
    expect(queue.nextDeadline_mono_ms()).toBeUndefined();
  });

  test('days are the wall clock’s, waits are not: a step of it renews a budget and ends no wait', () => {
    const ledger = new AccountLedger();
    ledger.setLimits('t', { calls_per_day: 1 });
    const queue = new ReservationQueue<string>(ledger);
    const day_ms = 86_400_000;
    queue.reserve(['t'], call(1), 'silver', 10 * day_ms, undefined, 'first');
    const waits = queue.reserve(['t'], call(1), 'silver', 10 * day_ms, 50, 'waits');
    const other = queue.reserve(['t'], call(1), 'silver', 10 * day_ms, 60, 'other');
    expect([waits.state.kind, other.state.kind, queue.nextDeadline_mono_ms()]).toEqual(['waiting', 'waiting', 50]);
    expect(owners(queue.expire(49))).toEqual([]);
    expect(owners(queue.wake(11 * day_ms))).toEqual(['waits']);
    expect(owners(queue.wake(11 * day_ms + 1_000))).toEqual([]);
    expect(owners(queue.expire(59))).toEqual([]);
    expect(owners(queue.expire(60))).toEqual(['other']);
  });

  test('with a wake after each end, everybody is served at last and nothing leaks', () => {
    const demand = fc.record({
      tokens: fc.integer({ min: 0, max: 100 }),
      qos: fc.constantFrom<Qos>('gold', 'silver', 'bronze'),
      tenant: fc.constantFrom('tenant:a', 'tenant:b'),
      ends: fc.nat({ max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(demand, { maxLength: 60 }), (demands) => {
        const ledger = new AccountLedger();
        ledger.setLimits('tenant:a', { max_tokens: 100, max_parallel: 2 });
        ledger.setLimits('tenant:b', { max_tokens: 120 });
        ledger.setLimits('org', { max_tokens: 150 });
        const queue = new ReservationQueue<string>(ledger, 1_000);
        const running: ReservationTicket<string>[] = [];
        const served: ReservationTicket<string>[] = [];
        const end = (): void => {
          const ticket = running.shift();
          if (ticket === undefined) return;
          settle(ledger, ticket, ticket.amounts.tokens);
          served.push(ticket);
          running.push(...queue.wake(0));
          const out = ledger.snapshot('org', 0)?.outstanding.tokens ?? 0;
          expect(out).toBe(running.reduce((sum, one) => sum + one.amounts.tokens, 0));
          expect(out).toBeLessThanOrEqual(150);
        };
        for (const { tokens, qos, tenant, ends } of demands) {
          const ticket = queue.reserve([tenant, 'org'], call(tokens), qos, 0, 10, tenant);
          expect(['granted', 'waiting']).toContain(ticket.state.kind);
          if (ticket.state.kind === 'granted') running.push(ticket);
          for (let n = 0; n < ends; n += 1) end();
        }
        while (running.length > 0) end();
        expect(served.length).toBe(demands.length);
        expect(queue.nextDeadline_mono_ms()).toBeUndefined();
      }),
      { seed: 33, numRuns: 200 },
    );
  });
});
