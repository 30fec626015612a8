import { describe, expect, test } from 'vitest';
import { AccountLedger } from '../src/account-ledger.ts';
import type { Reservation } from '../src/reservation.ts';
import { Scheduler } from '../src/scheduler/scheduler.ts';
import type { Part, Ticket } from '../src/scheduler/ticket.ts';

const NOW = { now_ms: 1_700_000_000_000, mono_ms: 0 };
const FOREVER = Number.POSITIVE_INFINITY;

/** An account with room for 200 tokens. */
class Door {
  readonly ledger: AccountLedger = new AccountLedger();
  readonly scheduler: Scheduler<string> = new Scheduler<string>(this.ledger);

  constructor() {
    this.ledger.setLimits('p', { max_tokens: 200 });
  }

  ask(tenant: string, tokens: number, of?: Reservation): Ticket<string> {
    const amounts = { calls: of === undefined ? 1 : 0, tokens, usd_nanos: 0 };
    const part: Part =
      of === undefined
        ? { kind: 'reserve', accounts: ['p'], amounts, wait_ms: FOREVER }
        : { kind: 'grow', reservation: of, by: amounts, wait_ms: FOREVER };
    // What grows has a deadline, so that it goes first in its session.
    const deadline_mono_ms = of === undefined ? FOREVER : 1_000_000;
    const key = { qos: 'silver', tenant, weight: 1, session: '', tokens, deadline_mono_ms } as const;
    return this.scheduler.request({ owner: tenant, key, parts: [part], is_preemptible: false }, NOW).ticket;
  }

  settle(ticket: Ticket<string>, tokens: number): void {
    this.scheduler.settle(ticket, 0, { calls: 1, tokens, usd_nanos: 0 }, NOW);
  }
}

function reservationOf({ state }: Ticket<string>): Reservation {
  if (state.kind !== 'granted') throw new Error(`is ${state.kind}`);
  return state.reservations[0] as Reservation;
}

describe('growth that waited', () => {
  test('is charged once, with what it was a part of', () => {
    const door = new Door();
    const before = door.ask('c', 200);
    const [a, b] = [door.ask('a', 50), door.ask('b', 120)];
    const [next_a, next_b] = [door.ask('a', 150), door.ask('b', 150)];
    door.settle(before, 200);
    expect([a, b, next_a, next_b].map(({ state }) => state.kind)).toEqual(['granted', 'granted', 'waiting', 'waiting']);
    const growth = door.ask('a', 60, reservationOf(a));
    expect(growth.state.kind).toBe('waiting');
    door.settle(b, 120);
    expect(growth.state.kind).toBe('granted');
    expect(reservationOf(a).tokens).toBe(110);
    // One has had 110 tokens and the other 120.
    door.settle(a, 110);
    expect([next_a, next_b].map(({ state }) => state.kind)).toEqual(['granted', 'waiting']);
  });

  test('is charged by itself where what it is a part of had not waited', () => {
    const door = new Door();
    const a = door.ask('a', 100);
    const b = door.ask('b', 90);
    const growth = door.ask('a', 60, reservationOf(a));
    const [next_a, next_b] = [door.ask('a', 195), door.ask('b', 195)];
    door.settle(b, 90);
    expect(growth.state.kind).toBe('granted');
    // Of 110 tokens that it used it had waited for 10. The other one came later.
    door.settle(a, 110);
    expect([next_a, next_b].map(({ state }) => state.kind)).toEqual(['waiting', 'granted']);
    door.settle(next_b, 5);
    expect(next_a.state.kind).toBe('granted');
  });
});

describe('a part that has ended', () => {
  test('does not end again, and nothing changes', () => {
    const door = new Door();
    const accounts = ['p', 'q'];
    const amounts = { calls: 1, tokens: 10, usd_nanos: 0 };
    const key = {
      ...{ qos: 'silver' as const, tenant: 'a', weight: 1 },
      session: '',
      tokens: 10,
      deadline_mono_ms: FOREVER,
    };
    const parts = accounts.map((account): Part => ({ kind: 'reserve', accounts: [account], amounts }));
    const { ticket } = door.scheduler.request({ owner: 'a', key, parts, is_preemptible: false }, NOW);
    door.scheduler.release(ticket, 0, NOW);
    const shown = (): unknown => accounts.map((account) => door.ledger.snapshot(account, NOW.now_ms));
    const left = shown();
    expect(() => door.scheduler.settle(ticket, 0, amounts, NOW)).toThrow('a part ends once');
    expect(() => door.scheduler.release(ticket, 0, NOW)).toThrow('a part ends once');
    expect(shown()).toEqual(left);
    expect(ticket.state).toMatchObject({ kind: 'granted', open: 1 });
    door.scheduler.settle(ticket, 1, amounts, NOW);
    expect(ticket.state.kind).toBe('ended');
  });
});
