import { type Qos, QOS_TIERS } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { AccountLedger } from '../src/account-ledger.ts';
import { FairQueue } from '../src/fair/fair-queue.ts';
import { ServiceWindow } from '../src/fair/service-window.ts';
import type { Changes } from '../src/scheduler/changes.ts';
import { Scheduler } from '../src/scheduler/scheduler.ts';
import type { Ticket } from '../src/scheduler/ticket.ts';
import fc from 'fast-check';

const WALL_MS = 1_700_000_000_000;

/** One account with room for one call, and a queue for four. */
class Door {
  readonly scheduler: Scheduler<string>;
  mono_ms = 0;

  constructor(places: number = 4, in_all: number = 100) {
    const ledger = new AccountLedger();
    for (const account of ['p', 'q']) ledger.setLimits(account, { max_parallel: 1 });
    this.scheduler = new Scheduler<string>(ledger, { waiting_per_account: places, waiting: in_all });
  }

  get now(): { readonly now_ms: number; readonly mono_ms: number } {
    return { now_ms: WALL_MS, mono_ms: this.mono_ms };
  }

  ask(
    tenant: string,
    qos: Qos,
    tokens: number = 10,
    account: string = 'p',
  ): { readonly ticket: Ticket<string>; readonly changes: Changes<string> } {
    const amounts = { calls: 1, tokens, usd_nanos: 0 };
    return this.scheduler.request(
      {
        owner: tenant,
        key: { qos, tenant, weight: 1, session: '', tokens, deadline_mono_ms: Infinity },
        parts: [{ kind: 'reserve', accounts: [account], amounts, wait_ms: Infinity }],
        is_preemptible: false,
      },
      this.now,
    );
  }
}

describe('where too many wait in all', () => {
  test('those who fill another queue make room for a better tier, and for a tenant that has fewer waiting', () => {
    const door = new Door(100, 6);
    for (const account of ['p', 'q']) door.ask('first', 'gold', 10, account);
    const flood = Array.from({ length: 5 }, () => door.ask('flood', 'bronze').ticket);
    door.ask('other', 'bronze', 10, 'q');
    expect(door.ask('vip', 'gold', 10, 'q').changes.decided).toEqual([flood[4]]);
    expect(door.ask('quiet', 'bronze', 10, 'q').changes.decided).toEqual([flood[3]]);
    expect(door.ask('flood', 'bronze', 10, 'q').ticket.state.kind).toBe('shed');
    expect(door.scheduler.waiting()).toBe(6);
  });
});

describe('a full queue', () => {
  test('has room for whoever has fewer waiting than the tenant that filled it, and the last of that makes room', () => {
    const door = new Door();
    const [, ...flood] = Array.from({ length: 5 }, () => door.ask('flood', 'silver').ticket);
    expect(door.ask('flood', 'silver').ticket.state.kind).toBe('shed');
    const first = door.ask('quiet', 'silver');
    expect(first.ticket.state.kind).toBe('waiting');
    expect(first.changes.decided).toEqual([flood[3]]);
    expect(flood[3]?.state.kind).toBe('shed');
    // Three against one; with one more each would have two.
    expect(door.ask('quiet', 'silver').changes.decided).toEqual([flood[2]]);
    expect(door.ask('quiet', 'silver').ticket.state.kind).toBe('shed');
    expect(door.ask('flood', 'silver').ticket.state.kind).toBe('shed');
  });

  test('sheds of a worse tier the tenant that filled it, and not whoever came last', () => {
    const door = new Door();
    door.ask('busy', 'gold');
    const flood = Array.from({ length: 3 }, () => door.ask('flood', 'silver').ticket);
    const quiet = door.ask('quiet', 'silver').ticket;
    expect(door.ask('best', 'gold').changes.decided).toEqual([flood[2]]);
    expect(quiet.state.kind).toBe('waiting');
  });

  test('knows at any time who has most waiting', () => {
    const step = fc.record({ tenant: fc.constantFrom('a', 'b', 'c'), leaves: fc.boolean(), serves: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new FairQueue<string>();
        const waiting: ReturnType<typeof queue.add>[] = [];
        for (const { tenant, leaves, serves } of steps) {
          const at = waiting.findIndex((place) => place.owner === tenant);
          const place = waiting[at];
          if (leaves && place !== undefined) {
            waiting.splice(at, 1);
            if (serves) queue.serve(place);
            else queue.remove(place);
          } else {
            const key = {
              qos: 'silver',
              tenant,
              weight: 1,
              session: '',
              tokens: 1,
              deadline_mono_ms: Infinity,
            } as const;
            waiting.push(queue.add(tenant, key));
          }
          const count = (id: string): number => waiting.filter(({ owner }) => owner === id).length;
          const most = Math.max(...['a', 'b', 'c'].map(count));
          const last = waiting.findLast(({ owner }) => count(owner) === most);
          expect(queue.newestOfCrowd('silver', 0)).toBe(last);
          expect(queue.newestOfCrowd('silver', most)).toBeUndefined();
        }
      }),
      { seed: 20261129, numRuns: 300 },
    );
  });
});

describe('starvation', () => {
  /** Both wait all the time; the calls of one are ten times as long. Calls take a second for every 10 tokens. */
  function longAndShort(): { readonly starving: string[]; readonly served: Map<string, number> } {
    const door = new Door(100);
    const starving: string[] = [];
    const served = new Map<string, number>();
    let running = door.ask('short', 'silver').ticket;
    const size = (tenant: string): number => (tenant === 'long' ? 100 : 10);
    for (let i = 0; i < 20; i += 1) for (const tenant of ['short', 'long']) door.ask(tenant, 'silver', size(tenant));
    for (let i = 0; i < 2_000; i += 1) {
      const { tenant, tokens } = running.key;
      door.mono_ms += 100 * tokens;
      served.set(tenant, (served.get(tenant) ?? 0) + tokens);
      const changes = door.scheduler.settle(running, 0, { calls: 1, tokens, usd_nanos: 0 }, door.now);
      for (const one of changes.starving) starving.push(one.tenant);
      running = changes.decided[0] as Ticket<string>;
      door.ask(tenant, 'silver', size(tenant));
    }
    return { starving, served };
  }

  test('is not what a tenant suffers that waits longer for the same service, because it asks for more at a time', () => {
    const { starving, served } = longAndShort();
    expect(starving).toEqual([]);
    const ratio = (served.get('long') ?? 0) / (served.get('short') ?? 0);
    expect(ratio).toBeGreaterThan(0.97);
    expect(ratio).toBeLessThan(1.03);
  });
});

describe('the window of service', () => {
  test('says who got much less than the others of its tier, over the last two windows', () => {
    const service = new ServiceWindow();
    expect(QOS_TIERS.some((qos) => service.isBehind(qos, 'a', 0))).toBe(false);
    service.served('silver', 'a', 100, 0);
    service.served('silver', 'b', 100, 0);
    service.served('silver', 'c', 10, 0);
    expect(['a', 'b', 'c', 'd'].filter((tenant) => service.isBehind('silver', tenant, 1_000))).toEqual(['c', 'd']);
    expect(service.isBehind('gold', 'c', 1_000)).toBe(false);
    service.served('silver', 'c', 90, 31_000);
    expect(service.isBehind('silver', 'c', 31_000)).toBe(false);
    // The window of the first hundred is over.
    expect(['a', 'b', 'c'].filter((tenant) => service.isBehind('silver', tenant, 62_000))).toEqual(['a', 'b']);
    expect(service.isBehind('silver', 'a', 200_000)).toBe(false);
  });
});
