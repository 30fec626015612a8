import { memoryBudgetStore, memoryIdempotencyStore, memoryLeaseStore } from '@atp-router/adapters/sql';
import type { BudgetStore } from '@atp-router/ledger';
import { describe, expect, it } from 'vitest';
import { Outbox } from '../../src/shared/outbox.ts';
import { Reach } from '../../src/shared/reach.ts';
import { SHARED_TUNING } from '../../src/shared/tuning.ts';
import { openState, truthOf } from './support/states.ts';
import { deferred, ManualTime, settled } from './support/time.ts';

describe('the outbox', () => {
  it('delivers until it succeeds, and one that fails does not hold up the others for long', async () => {
    const time = new ManualTime();
    const outbox = new Outbox(time);
    const delivered: string[] = [];
    let failures = 3;
    outbox.put(async () => {
      failures -= 1;
      if (failures >= 0) throw new Error('not now');
      delivered.push('stubborn');
    });
    for (const name of ['b', 'c', 'd']) outbox.put(async () => delivered.push(name));
    for (let i = 0; i < 10 && outbox.size > 0; i += 1) {
      await settled();
      time.advance(5_000);
    }
    await settled();
    expect(delivered).toEqual(['b', 'c', 'd', 'stubborn']);
    expect(outbox.size).toBe(0);
    await outbox.drain(1);
  });

  it('waits a bounded time for the rest at the end', async () => {
    const time = new ManualTime();
    const outbox = new Outbox(time);
    const answer = deferred<void>();
    outbox.put(() => answer.promise);
    let drained = 0;
    void outbox.drain(5_000).then(() => (drained += 1));
    time.advance(4_999);
    await settled();
    expect(drained).toBe(0);
    time.advance(1);
    await settled();
    expect(drained).toBe(1);
    void outbox.drain(5_000).then(() => (drained += 1));
    answer.resolve();
    await settled();
    expect(drained).toBe(2);
  });

  it('drops what finds no room, and counts it', () => {
    const outbox = new Outbox(new ManualTime());
    const never = (): Promise<void> => deferred<void>().promise;
    let accepted = 0;
    while (outbox.put(never)) accepted += 1;
    expect(outbox.put(never)).toBe(false);
    expect([accepted, outbox.size, outbox.dropped]).toEqual([20_000, 20_000, 2]);
  });
});

describe('a question to the store', () => {
  it('gets an answer in time, or an error; the late answer is not lost', async () => {
    const time = new ManualTime();
    const reach = new Reach(time, time, 5_000);
    const answer = deferred<string>();
    const late: string[] = [];
    const asked = reach.ask(
      () => answer.promise,
      (value) => late.push(value),
    );
    time.advance(5_000);
    await expect(asked).rejects.toMatchObject({ code: 'internal_error', status: 503, retry_after_ms: 1_000 });
    answer.resolve('after all');
    await settled();
    expect(late).toEqual(['after all']);
    // For a moment nobody else is made to wait for it.
    await expect(reach.ask(async () => 'x')).rejects.toMatchObject({ status: 503 });
    time.advance(1_000);
    expect(await reach.ask(async () => 'x')).toBe('x');
  });

  it('does not tell the text of an error, which may hold an address', async () => {
    const time = new ManualTime();
    const failing = new Reach(time, time, 5_000).ask(async () => {
      throw Object.assign(new Error('connect to postgres://user:secret@host'), { code: 'ECONNREFUSED' });
    });
    const error: unknown = await failing.catch((caught: unknown) => caught);
    expect(String(error)).toContain('ECONNREFUSED');
    expect(String(error)).not.toContain('secret');
  });
});

it('what the outbox dropped is settled from the journal in the next round', async () => {
  const time = new ManualTime();
  const store = memoryBudgetStore(time);
  const world = { away: false };
  const budgets: BudgetStore = {
    ...bound(store),
    settle: async (id, actual) => {
      if (world.away) throw Object.assign(new Error('away'), { code: 'ECONNRESET' });
      return store.settle(id, actual);
    },
  };
  const stores = {
    ...{ budgets, claims: memoryIdempotencyStore(time), leases: memoryLeaseStore(time) },
    close: async () => undefined,
  };
  const state = await openState({ stores, node_id: 'a', clock: time, timers: time });
  await state.start(truthOf({ dropped: { tokens: 9, usd_nanos: 90 } }));
  const account = { id: 'tenant:acme', limits: { calls_per_day: 10 }, day: 'd' };
  await state.budgets.reserve('dropped', account, { calls: 1, tokens: 20, usd_nanos: 0 });
  world.away = true;
  for (let i = 0; i < 20_000; i += 1)
    state.budgets.settle(`never reserved ${i}`, { calls: 1, tokens: 1, usd_nanos: 0 });
  state.budgets.settle('dropped', { calls: 1, tokens: 9, usd_nanos: 90 });
  expect(state.unconfirmed).toBe(20_000);
  await settled();
  world.away = false;
  time.advance(SHARED_TUNING.round_ms);
  while ((await store.totals(['tenant:acme|d']))[0]?.spent.tokens !== 9) await settled();
  expect(await store.totals(['tenant:acme|d'])).toEqual([
    {
      key: 'tenant:acme|d',
      spent: { calls: 1, tokens: 9, usd_nanos: 90 },
      reserved: { calls: 0, tokens: 0, usd_nanos: 0 },
    },
  ]);
});

/** The store's methods as properties of an object that can be spread. */
function bound(store: BudgetStore): BudgetStore {
  return {
    reserve: (request) => store.reserve(request),
    extend: (request) => store.extend(request),
    settle: (id, actual) => store.settle(id, actual),
    release: (id) => store.release(id),
    renew: (ids, lease_ms) => store.renew(ids, lease_ms),
    unended: (owner, limit, after) => store.unended(owner, limit, after),
    totals: (keys) => store.totals(keys),
    sweep: (limit) => store.sweep(limit),
  };
}
