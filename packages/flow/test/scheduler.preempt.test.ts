import type { Qos } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { AccountLedger } from '../src/account-ledger.ts';
import type { AccountLimits } from '../src/amounts.ts';
import type { Changes } from '../src/scheduler/changes.ts';
import { Scheduler } from '../src/scheduler/scheduler.ts';
import type { Shares } from '../src/scheduler/shares.ts';
import type { Ticket } from '../src/scheduler/ticket.ts';

const NOW = { now_ms: 1_700_000_000_000, mono_ms: 0 };
const CALLS = 20;

/** A provider whose windows are shared out among the tiers. */
class Provider {
  readonly ledger: AccountLedger = new AccountLedger();
  readonly scheduler: Scheduler<string> = new Scheduler<string>(this.ledger);

  constructor(limits: AccountLimits, shares: Shares) {
    this.ledger.setLimits('p', limits);
    this.scheduler.configure('p', { shares });
  }

  ask(tenant: string, qos: Qos, calls = 1, tokens = 10): { ticket: Ticket<string>; changes: Changes<string> } {
    const amounts = { calls, tokens, usd_nanos: 0 };
    const wait_ms = Number.POSITIVE_INFINITY;
    return this.scheduler.request(
      {
        owner: tenant,
        key: { qos, tenant, weight: 1, session: '', tokens, deadline_mono_ms: wait_ms },
        parts: [
          { kind: 'reserve', accounts: [tenant], amounts, wait_ms },
          { kind: 'reserve', accounts: ['p'], amounts, wait_ms },
        ],
        is_preemptible: qos !== 'gold',
      },
      NOW,
    );
  }

  /** So many that run: calls and tokens of each. */
  run(qos: Qos, ...amounts: readonly (readonly [calls: number, tokens: number])[]): readonly Ticket<string>[] {
    return amounts.map(([calls, tokens]) => this.ask(qos, qos, calls, tokens).ticket);
  }

  /** The parts are others from now on: who is told to stop. */
  share(shares: Shares): readonly Ticket<string>[] {
    this.scheduler.configure('p', { shares });
    return this.scheduler.wake('p', NOW).preempted;
  }

  stop(ticket: Ticket<string>): readonly Ticket<string>[] {
    return [0, 1].flatMap((part) => {
      const changes = this.scheduler.settle(ticket, part, { calls: 1, tokens: 1, usd_nanos: 0 }, NOW);
      expect(changes.preempted).toEqual([]);
      return changes.decided;
    });
  }
}

/** Room for twenty calls, four of them gold's; bronze holds all of it. */
function fullProvider(): { readonly provider: Provider; readonly running: readonly Ticket<string>[] } {
  const provider = new Provider({ max_parallel: CALLS }, { gold: 0.2, silver: 0, bronze: 0.1 });
  return { provider, running: Array.from({ length: CALLS }, () => provider.ask('b', 'bronze').ticket) };
}

describe('gold that asks for its part', () => {
  test('has all of it made free at one time, whoever holds it being slow to stop, and no more', () => {
    const { provider, running } = fullProvider();
    const asked = Array.from({ length: 10 }, () => provider.ask('g', 'gold'));
    const stopped = asked.flatMap(({ changes }) => changes.preempted);
    expect(stopped).toEqual(running.slice(0, 4));
    const begun = stopped.flatMap((ticket) => provider.stop(ticket));
    expect(begun).toEqual(asked.slice(0, 4).map(({ ticket }) => ticket));
    expect(provider.ledger.windows('p')?.tier('gold').calls).toBe(4);
  });

  test('has nobody stopped for calls that its own windows keep from beginning', () => {
    const { provider, running } = fullProvider();
    provider.ledger.setLimits('g', { max_parallel: 2 });
    const asked = Array.from({ length: 10 }, () => provider.ask('g', 'gold'));
    const stopped = asked.flatMap(({ changes }) => changes.preempted);
    expect(stopped).toEqual(running.slice(0, 2));
    expect(stopped.flatMap((ticket) => provider.stop(ticket))).toHaveLength(2);
    // The others wait for their own windows now, and no longer for the provider.
    expect(provider.scheduler.pool('g')?.queue.waiting('gold')).toBe(8);
  });

  test('has the oldest stopped for those behind the first, also who had nothing of what the first lacks', () => {
    const provider = new Provider({ max_parallel: 4, max_tokens: 100 }, { gold: 0, silver: 0, bronze: 0.1 });
    const [old, first] = provider.run('bronze', [0, 40], [1, 20], [1, 20], [1, 10], [1, 10]);
    provider.run('gold', [1, 0], [0, 30]);
    expect(provider.share({ gold: 0.5, silver: 0, bronze: 0.1 })).toEqual([first, old]);
  });

  test('stops bronze for tokens once silver has given the call that bronze had to keep', () => {
    const shares = { gold: 0.5, silver: 0, bronze: 0.25 };
    const provider = new Provider({ max_parallel: 4, max_tokens: 100 }, shares);
    const [bronze] = provider.run('bronze', [1, 30], [0, 40]);
    const [silver] = provider.run('silver', [1, 10], [1, 10], [1, 10]);
    expect(provider.ask('gold', 'gold', 1, 30).changes.preempted).toEqual([silver, bronze]);
  });

  test('stops nobody for those behind the first where that one fills its part', () => {
    const provider = new Provider({ max_parallel: 4, max_tokens: 100 }, { gold: 0, silver: 0, bronze: 0.1 });
    const [oldest] = provider.run('bronze', [1, 25], [1, 25], [1, 25], [1, 25]);
    provider.run('gold', [1, 5], [0, 30]);
    expect(provider.share({ gold: 0.25, silver: 0, bronze: 0.1 })).toEqual([oldest]);
  });
});
