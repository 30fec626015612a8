import type { Qos } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { AccountLedger } from '../src/account-ledger.ts';
import type { Changes } from '../src/scheduler/changes.ts';
import { Scheduler } from '../src/scheduler/scheduler.ts';
import type { Ticket } from '../src/scheduler/ticket.ts';

const NOW = { now_ms: 1_700_000_000_000, mono_ms: 0 };
const CALLS = 20;

/** A provider with room for twenty calls, four of them gold's; bronze holds all of it. */
class Provider {
  readonly ledger: AccountLedger = new AccountLedger();
  readonly scheduler: Scheduler<string> = new Scheduler<string>(this.ledger);
  readonly running: readonly Ticket<string>[];

  constructor() {
    this.ledger.setLimits('p', { max_parallel: CALLS });
    this.scheduler.configure('p', { shares: { gold: 0.2, silver: 0, bronze: 0.1 } });
    this.running = Array.from({ length: CALLS }, () => this.ask('b', 'bronze').ticket);
  }

  ask(tenant: string, qos: Qos): { readonly ticket: Ticket<string>; readonly changes: Changes<string> } {
    const amounts = { calls: 1, tokens: 10, usd_nanos: 0 };
    const wait_ms = Number.POSITIVE_INFINITY;
    return this.scheduler.request(
      {
        owner: tenant,
        key: { qos, tenant, weight: 1, session: '', tokens: 10, deadline_mono_ms: wait_ms },
        parts: [
          { kind: 'reserve', accounts: [tenant], amounts, wait_ms },
          { kind: 'reserve', accounts: ['p'], amounts, wait_ms },
        ],
        is_preemptible: qos !== 'gold',
      },
      NOW,
    );
  }

  stop(ticket: Ticket<string>): readonly Ticket<string>[] {
    return [0, 1].flatMap((part) => {
      const changes = this.scheduler.settle(ticket, part, { calls: 1, tokens: 1, usd_nanos: 0 }, NOW);
      expect(changes.preempted).toEqual([]);
      return changes.decided;
    });
  }
}

describe('gold that asks for its part', () => {
  test('has all of it made free at one time, whoever holds it being slow to stop, and no more', () => {
    const provider = new Provider();
    const asked = Array.from({ length: 10 }, () => provider.ask('g', 'gold'));
    const stopped = asked.flatMap(({ changes }) => changes.preempted);
    expect(stopped).toEqual(provider.running.slice(0, 4));
    const begun = stopped.flatMap((ticket) => provider.stop(ticket));
    expect(begun).toEqual(asked.slice(0, 4).map(({ ticket }) => ticket));
    expect(provider.ledger.windows('p')?.tier('gold').calls).toBe(4);
  });

  test('has nobody stopped for calls that its own windows keep from beginning', () => {
    const provider = new Provider();
    provider.ledger.setLimits('g', { max_parallel: 2 });
    const asked = Array.from({ length: 10 }, () => provider.ask('g', 'gold'));
    const stopped = asked.flatMap(({ changes }) => changes.preempted);
    expect(stopped).toEqual(provider.running.slice(0, 2));
    expect(stopped.flatMap((ticket) => provider.stop(ticket))).toHaveLength(2);
    // The others wait for their own windows now, and no longer for the provider.
    expect(provider.scheduler.pool('g')?.queue.waiting('gold')).toBe(8);
  });
});
