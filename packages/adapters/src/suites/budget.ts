import assert from 'node:assert/strict';
import { randomInt, seededRng } from '@atp-router/kernel';
import type { BudgetAccount, BudgetAmounts, BudgetStore } from '@atp-router/ledger';
import { type ManualClock, type MakeStore, manualClock, type SuiteCase } from './suite.ts';

const ZERO: BudgetAmounts = { calls: 0, tokens: 0, usd_nanos: 0 };
const TENANT: BudgetAccount = { key: 'tenant:acme|d1', limits: { tokens: 1_000, usd_nanos: 5_000 } };
const POLICY: BudgetAccount = { key: 'policy:review|d1', limits: { tokens: 600, calls: 3 } };

function amounts(tokens: number, usd_nanos: number = tokens): BudgetAmounts {
  return { calls: 1, tokens, usd_nanos };
}

interface Opened {
  readonly clock: ManualClock;
  readonly store: BudgetStore;
  reserve(id: string, tokens: number, accounts?: readonly BudgetAccount[]): ReturnType<BudgetStore['reserve']>;
}

/** What every `BudgetStore` has to do. */
export function budgetStoreSuite(make: MakeStore<BudgetStore>): SuiteCase[] {
  const open = async (): Promise<Opened> => {
    const clock = manualClock();
    const store = await make(clock);
    const reserve: Opened['reserve'] = (reservation_id, tokens, accounts = [TENANT, POLICY]) =>
      store.reserve({ reservation_id, owner: 'n1', accounts, amounts: amounts(tokens), lease_ms: 1_000 });
    return { clock, store, reserve };
  };
  return [...endings(open), ...limits(open), ...leases(open), ...keeping(open), underLoad(open)];
}

type Open = () => Promise<Opened>;

function endings(open: Open): SuiteCase[] {
  return [
    {
      name: 'holds in every account, and charges the actual once',
      async run() {
        const { store, reserve } = await open();
        assert.deepEqual(await reserve('r1', 500), { kind: 'reserved' });
        const held = { spent: ZERO, reserved: amounts(500) };
        assert.deepEqual(await store.totals([POLICY.key, 'unused', TENANT.key]), [
          { key: POLICY.key, ...held },
          { key: 'unused', spent: ZERO, reserved: ZERO },
          { key: TENANT.key, ...held },
        ]);
        assert.equal(await store.settle('r1', amounts(700, 30)), true);
        assert.equal(await store.settle('r1', amounts(700, 30)), false);
        assert.equal(await store.release('r1'), false);
        assert.deepEqual(await store.totals([TENANT.key]), [
          { key: TENANT.key, spent: amounts(700, 30), reserved: ZERO },
        ]);
      },
    },
    {
      name: 'gives everything back on release',
      async run() {
        const { store, reserve } = await open();
        await reserve('r1', 500);
        assert.equal(await store.release('r1'), true);
        assert.equal(await store.release('r1'), false);
        assert.equal(await store.settle('r1', amounts(5)), false);
        assert.deepEqual(await store.totals([TENANT.key]), [{ key: TENANT.key, spent: ZERO, reserved: ZERO }]);
        assert.equal(await store.settle('never', amounts(5)), false);
      },
    },
    {
      name: 'refuses an id that was used before, and amounts that are none',
      async run() {
        const { store, reserve } = await open();
        await reserve('r1', 10);
        await assert.rejects(reserve('r1', 10), { code: 'conflict' });
        await store.settle('r1', amounts(10));
        await assert.rejects(reserve('r1', 10), { code: 'conflict' });
        await assert.rejects(reserve('r2', -1), { code: 'invalid_request' });
        await assert.rejects(reserve('r2', 0.5), { code: 'invalid_request' });
        await assert.rejects(reserve('r2', 1, []), { code: 'invalid_request' });
        await assert.rejects(reserve('r2', 1, [TENANT, TENANT]), { code: 'invalid_request' });
        assert.deepEqual((await store.totals([TENANT.key]))[0]?.reserved, ZERO);
      },
    },
  ];
}

function limits(open: Open): SuiteCase[] {
  return [
    {
      name: 'takes from no account when one of them has no room',
      async run() {
        const { store, reserve } = await open();
        await reserve('r1', 500);
        const refused = await reserve('r2', 101);
        assert.deepEqual(refused, { kind: 'refused', account: POLICY.key, dimension: 'tokens', remaining: 100 });
        assert.deepEqual((await store.totals([TENANT.key]))[0]?.reserved, amounts(500));
        assert.deepEqual(await reserve('r2', 100), { kind: 'reserved' });
      },
    },
    {
      name: 'limits each dimension, and none that has no limit',
      async run() {
        const { store, reserve } = await open();
        for (const id of ['r1', 'r2', 'r3']) assert.equal((await reserve(id, 1)).kind, 'reserved');
        const refused = await reserve('r4', 1);
        assert.deepEqual(refused, { kind: 'refused', account: POLICY.key, dimension: 'calls', remaining: 0 });
        const free = { key: 'free', limits: {} };
        const huge = { calls: 1, tokens: 1e12, usd_nanos: 1e12 };
        const request = { reservation_id: 'r5', owner: 'n1', accounts: [free], amounts: huge, lease_ms: 1_000 };
        assert.deepEqual(await store.reserve(request), { kind: 'reserved' });
      },
    },
    {
      name: 'shows debt when the actual was more than the limit, and refuses until the limit is above it',
      async run() {
        const { store, reserve } = await open();
        await reserve('r1', 100, [TENANT]);
        await store.settle('r1', amounts(1_500, 10));
        const refused = await reserve('r2', 1, [TENANT]);
        assert.deepEqual(refused, { kind: 'refused', account: TENANT.key, dimension: 'tokens', remaining: -500 });
        const raised = { ...TENANT, limits: { tokens: 1_501 } };
        assert.deepEqual(await reserve('r2', 1, [raised]), { kind: 'reserved' });
      },
    },
    {
      name: 'extends within the limits it was made with, all or nothing',
      async run() {
        const { store, reserve } = await open();
        const more = (tokens: number): ReturnType<BudgetStore['extend']> => {
          const extra = { calls: 0, tokens, usd_nanos: 0 };
          return store.extend({ reservation_id: 'r1', amounts: extra, lease_ms: 1_000 });
        };
        assert.deepEqual(await more(1), { kind: 'gone' });
        await reserve('r1', 500);
        assert.deepEqual(await more(100), { kind: 'reserved' });
        const refused = await more(1);
        assert.deepEqual(refused, { kind: 'refused', account: POLICY.key, dimension: 'tokens', remaining: 0 });
        assert.deepEqual((await store.totals([TENANT.key]))[0]?.reserved, amounts(600, 500));
        await store.settle('r1', amounts(550));
        assert.deepEqual(await more(1), { kind: 'gone' });
        assert.deepEqual((await store.totals([TENANT.key]))[0], {
          key: TENANT.key,
          spent: amounts(550),
          reserved: ZERO,
        });
      },
    },
  ];
}

function leases(open: Open): SuiteCase[] {
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

function keeping(open: Open): SuiteCase[] {
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

function underLoad(open: Open): SuiteCase {
  return {
    name: 'never passes a limit and ends with debits equal to actual use, under any interleaving',
    async run() {
      const { clock, store, reserve } = await open();
      const rng = seededRng(7);
      const limited = { key: 'tenant:busy|d1', limits: { tokens: 500 } };
      let spent = 0;
      const call = async (n: number): Promise<void> => {
        const estimate = randomInt(rng, 1, 90);
        const fate = rng.next();
        const [before] = await store.totals([limited.key]);
        assert.ok((before?.reserved.tokens ?? 0) + (before?.spent.tokens ?? 0) <= 500);
        if ((await reserve(`r${n}`, estimate, [limited])).kind !== 'reserved') return;
        const actual = randomInt(rng, 0, estimate);
        if (fate < 0.2) return;
        if (fate < 0.4) assert.equal(await store.release(`r${n}`), true);
        else {
          const settled = await Promise.all([1, 2].map(() => store.settle(`r${n}`, amounts(actual))));
          assert.deepEqual(settled.sort(), [false, true]);
          spent += actual;
        }
      };
      for (let wave = 0; wave < 5; wave += 1) {
        await Promise.all(Array.from({ length: 6 }, (_, i) => call(wave * 6 + i)));
        clock.advance(600);
      }
      clock.advance(1_000);
      await store.sweep(100);
      const [total] = await store.totals([limited.key]);
      assert.equal(total?.spent.tokens, spent);
      assert.deepEqual(total?.reserved, ZERO);
    },
  };
}
