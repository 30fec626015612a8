import assert from 'node:assert/strict';
import type { BudgetStore } from '@atp-router/ledger';
import { amounts, manyCalls, type Open, openWith, POLICY, reservingSuite, TENANT, ZERO } from './reserving.ts';
import type { MakeStore, SuiteCase } from './suite.ts';

/** What every `BudgetStore` has to do: `reservingSuite`, and what it takes to be shared. */
export function budgetStoreSuite(make: MakeStore<BudgetStore>): SuiteCase[] {
  const open = openWith(make);
  return [...reservingSuite(make), naming(open), ...leases(open), ...keeping(open), underLoad(open)];
}

function naming(open: Open<BudgetStore>): SuiteCase {
  return {
    name: 'refuses an id that was used before, and says when it is the request that is wrong',
    async run() {
      const { store, reserve } = await open();
      await reserve('r1', 10);
      await assert.rejects(reserve('r1', 10), { code: 'conflict' });
      await store.settle('r1', amounts(10));
      await assert.rejects(reserve('r1', 10), { code: 'conflict' });
      await assert.rejects(reserve('r2', -1), { code: 'invalid_request' });
      await assert.rejects(reserve('r2', 1, []), { code: 'invalid_request' });
      assert.deepEqual((await store.totals([TENANT.key]))[0]?.reserved, ZERO);
    },
  };
}

function leases(open: Open<BudgetStore>): SuiteCase[] {
  return [
    {
      name: 'frees what a dead holder held, and charges a late settle all the same',
      async run() {
        const { clock, store, reserve } = await open();
        await reserve('dead', 600);
        assert.equal((await reserve('r2', 600)).kind, 'refused');
        clock.advance(1_000);
        assert.deepEqual(await reserve('r2', 600), { kind: 'reserved' });
        assert.equal(await store.release('dead'), false);
        assert.equal(await store.settle('dead', amounts(42)), true);
        assert.equal(await store.settle('dead', amounts(42)), false);
        const [total] = await store.totals([POLICY.key]);
        assert.deepEqual(total, { key: POLICY.key, spent: amounts(42), reserved: amounts(600) });
      },
    },
    {
      name: 'keeps a lease that is extended',
      async run() {
        const { clock, store, reserve } = await open();
        await reserve('r1', 600);
        clock.advance(900);
        await store.extend({ reservation_id: 'r1', amounts: ZERO, lease_ms: 1_000 });
        clock.advance(900);
        assert.equal(await store.sweep(10), 0);
        assert.equal((await reserve('r2', 1)).kind, 'refused');
        clock.advance(100);
        assert.equal(await store.sweep(10), 1);
        assert.equal(await store.sweep(10), 0);
        assert.deepEqual((await store.totals([TENANT.key]))[0]?.reserved, ZERO);
      },
    },
    {
      name: 'renews the leases of those that run',
      async run() {
        const { clock, store, reserve } = await open();
        for (const id of ['r1', 'r2', 'r3']) await reserve(id, 10, [TENANT]);
        await store.settle('r3', amounts(10));
        clock.advance(900);
        assert.equal(await store.renew(['r1', 'r3', 'never'], 1_000), 1);
        assert.equal(await store.renew([], 1_000), 0);
        clock.advance(900);
        assert.equal(await store.sweep(10), 1);
        assert.equal(await store.renew(['r1', 'r2'], 1_000), 1);
        assert.deepEqual((await store.totals([TENANT.key]))[0]?.reserved, amounts(10));
      },
    },
  ];
}

function keeping(open: Open<BudgetStore>): SuiteCase[] {
  return [
    {
      name: 'names what an owner has not ended, lapsed ones too, page by page',
      async run() {
        const { clock, store, reserve } = await open();
        for (const id of ['r4', 'r2', 'r3', 'r1', 'r5']) await reserve(id, 10, [TENANT]);
        const foreign = { reservation_id: 'r0', owner: 'n2', accounts: [TENANT], amounts: amounts(1), lease_ms: 9_000 };
        await store.reserve(foreign);
        await store.settle('r1', amounts(10));
        await store.release('r5');
        clock.advance(1_000);
        await store.sweep(1);
        assert.deepEqual(await store.unended('n1', 2), ['r2', 'r3']);
        assert.deepEqual(await store.unended('n1', 2, 'r3'), ['r4']);
        assert.deepEqual(await store.unended('n2', 2), ['r0']);
      },
    },
    {
      name: 'sweeps a bounded number at a time',
      async run() {
        const { clock, store, reserve } = await open();
        for (let i = 0; i < 5; i += 1) await reserve(`r${i}`, 1, [TENANT]);
        clock.advance(1_000);
        assert.equal(await store.sweep(3), 3);
        assert.equal(await store.sweep(3), 2);
        clock.advance(86_400_000);
        assert.equal(await store.sweep(3), 3);
        assert.equal(await store.sweep(3), 2);
        assert.equal(await store.sweep(3), 0);
      },
    },
  ];
}

function underLoad(open: Open<BudgetStore>): SuiteCase {
  return {
    name: 'never passes a limit and ends with debits equal to actual use, also when holders die',
    async run() {
      const opened = await open();
      const { key, spent } = await manyCalls(opened, 0.2);
      opened.clock.advance(1_000);
      await opened.store.sweep(100);
      const [total] = await opened.store.totals([key]);
      assert.deepEqual([total?.spent.tokens, total?.reserved], [spent, ZERO]);
    },
  };
}
