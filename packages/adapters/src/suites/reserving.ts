import assert from 'node:assert/strict';
import { COUNT_MAX, randomInt, seededRng, USD_NANOS_MAX } from '@atp-router/kernel';
import type { BudgetAccount, BudgetAmounts } from '@atp-router/ledger';
import { modelCase, type Reserving } from './reserving-model.ts';
import { type MakeStore, type ManualClock, manualClock, type SuiteCase } from './suite.ts';

export const ZERO: BudgetAmounts = { calls: 0, tokens: 0, usd_nanos: 0 };
export const TENANT: BudgetAccount = { key: 'tenant:acme|d1', limits: { tokens: 1_000, usd_nanos: 5_000 } };
const FREE: BudgetAccount = { key: 'tenant:free|d1', limits: {} };
export const POLICY: BudgetAccount = { key: 'policy:review|d1', limits: { tokens: 600, calls: 3 } };

export function amounts(tokens: number, usd_nanos: number = tokens): BudgetAmounts {
  return { calls: 1, tokens, usd_nanos };
}

export interface Opened<T extends Reserving> {
  readonly clock: ManualClock;
  readonly store: T;
  reserve(id: string, tokens: number, accounts?: readonly BudgetAccount[]): ReturnType<Reserving['reserve']>;
}

export type Open<T extends Reserving> = () => Promise<Opened<T>>;

export function openWith<T extends Reserving>(make: MakeStore<T>): Open<T> {
  return async () => {
    const clock = manualClock();
    const store = await make(clock);
    const reserve: Opened<T>['reserve'] = (reservation_id, tokens, accounts = [TENANT, POLICY]) =>
      store.reserve({ reservation_id, owner: 'n1', accounts, amounts: amounts(tokens), lease_ms: 1_000 });
    return { clock, store, reserve };
  };
}

/** What everything has to do that holds budgets, for one process or for many. No lease runs out in it. */
export function reservingSuite(make: MakeStore<Reserving>): SuiteCase[] {
  const open = openWith(make);
  const models = [11, 12, 13].map((seed) => modelCase(make, seed));
  return [...endings(open), ...limits(open), ...debts(open), underLoad(open), ...models];
}

function endings(open: Open<Reserving>): SuiteCase[] {
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
      name: 'charges what is more than a counter holds as what it holds, and goes on',
      async run() {
        const { store, reserve } = await open();
        for (const id of ['r1', 'r2', 'r3']) {
          assert.deepEqual(await reserve(id, 10, [FREE]), { kind: 'reserved' });
          assert.equal(await store.settle(id, amounts(COUNT_MAX - 1, USD_NANOS_MAX)), true);
        }
        for (const id of ['r4', 'r5']) await reserve(id, COUNT_MAX, [FREE]);
        const [{ spent, reserved } = { spent: ZERO, reserved: ZERO }] = await store.totals([FREE.key]);
        assert.deepEqual(spent, { calls: 3, tokens: COUNT_MAX, usd_nanos: USD_NANOS_MAX });
        assert.ok(reserved.tokens > COUNT_MAX);
        for (const id of ['r4', 'r5']) assert.equal(await store.release(id), true);
        assert.deepEqual((await store.totals([FREE.key]))[0]?.reserved, ZERO);
      },
    },
    {
      name: 'takes no amounts that are none, and no accounts that are none or named twice',
      async run() {
        const { store, reserve } = await open();
        await assert.rejects(reserve('r1', -1));
        await assert.rejects(reserve('r1', 0.5));
        await assert.rejects(reserve('r1', 1, []));
        await assert.rejects(reserve('r1', 1, [TENANT, TENANT]));
        assert.deepEqual((await store.totals([TENANT.key]))[0]?.reserved, ZERO);
        assert.deepEqual(await reserve('r1', 1), { kind: 'reserved' });
      },
    },
  ];
}

function limits(open: Open<Reserving>): SuiteCase[] {
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
      name: 'extends within the limits it was made with, all or nothing',
      async run() {
        const { store, reserve } = await open();
        const more = (tokens: number): ReturnType<Reserving['extend']> => {
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

function debts(open: Open<Reserving>): SuiteCase[] {
  return [
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
      name: 'lets pass what takes nothing of an account in debt',
      async run() {
        const { store, reserve } = await open();
        const tokens_only = { ...TENANT, limits: { tokens: 100 } };
        await reserve('r1', 100, [tokens_only]);
        await store.settle('r1', amounts(150));
        assert.equal((await reserve('r2', 1, [tokens_only])).kind, 'refused');
        assert.deepEqual(await reserve('r3', 0, [tokens_only]), { kind: 'reserved' });
      },
    },
  ];
}

function underLoad(open: Open<Reserving>): SuiteCase {
  return {
    name: 'never passes a limit and ends with debits equal to actual use, under any interleaving',
    async run() {
      const opened = await open();
      const { key, spent } = await manyCalls(opened, 0);
      const [total] = await opened.store.totals([key]);
      assert.deepEqual([total?.spent.tokens, total?.reserved], [spent, ZERO]);
    },
  };
}

/** Calls of one account that begin and end at the same time; a share of `dead` never ends. Returns what the others used. */
export async function manyCalls(
  { clock, store, reserve }: Opened<Reserving>,
  dead: number,
): Promise<{ readonly key: string; readonly spent: number }> {
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
    if (fate < dead) return;
    if (fate < dead + 0.2) assert.equal(await store.release(`r${n}`), true);
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
  return { key: limited.key, spent };
}
