import type { Amounts, Denial } from '@atp-router/flow';
import { randomInt, seededRng } from '@atp-router/kernel';
import { afterAll, describe, expect, it } from 'vitest';
import type { SharedState, SharedStores } from '../../src/shared/shared-state.ts';
import { SHARED_TUNING } from '../../src/shared/tuning.ts';
import { confirmed, openState, truthOf } from './support/states.ts';
import { backends } from './support/stores.ts';
import { ManualTime, settled, until } from './support/time.ts';

const { reservation_lease_ms, role_lease_ms, round_ms } = SHARED_TUNING;
const ZERO: Amounts = { calls: 0, tokens: 0, usd_nanos: 0 };
const KEY = 'tenant:acme|2026-11-22';
const tokens = (count: number, calls: number = 1): Amounts => ({ calls, tokens: count, usd_nanos: count * 10 });
const account = (limit: number): Parameters<SharedState['budgets']['reserve']>[1] => ({
  id: 'tenant:acme',
  limits: { tokens_per_day: limit, max_parallel: 1 },
  day: '2026-11-22',
});

for (const backend of backends()) {
  describe.skipIf(backend.absent)(`shared budgets in ${backend.name}`, () => {
    afterAll(() => backend.close());

    const setUp = async (): Promise<{ time: ManualTime; connect: () => Promise<SharedStores> }> => {
      const time = new ManualTime();
      return { time, connect: await backend.open(time) };
    };

    const router = async (
      node_id: string,
      { time, connect }: { time: ManualTime; connect: () => Promise<SharedStores> },
    ): Promise<{ state: SharedState; stores: SharedStores }> => {
      const stores = await connect();
      return { stores, state: await openState({ stores, node_id, clock: time, timers: time }) };
    };

    it('never lets several routers pass a limit together, and charges exactly what was used', async () => {
      const world = await setUp();
      const limit = 2_000;
      const routers = await Promise.all(['a', 'b', 'c'].map((id) => router(id, world)));
      const rng = seededRng(20261122);
      const { stores } = await router('watch', world);
      const sum = { spent: 0, refused: 0 };
      const call = async (n: number): Promise<void> => {
        const { state } = routers[n % 3] as (typeof routers)[number];
        const { budgets } = state;
        const id = `c${n}`;
        const estimate = randomInt(rng, 1, 120);
        let held = estimate;
        if ((await budgets.reserve(id, account(limit), tokens(estimate))) !== undefined) {
          sum.refused += 1;
          return;
        }
        for (let more = randomInt(rng, 0, 2); more > 0; more -= 1) {
          const growth = randomInt(rng, 1, 60);
          if ((await budgets.extend(id, account(limit), tokens(growth, 0))) === undefined) held += growth;
        }
        const [total] = await stores.budgets.totals([KEY]);
        expect((total?.spent.tokens ?? 0) + (total?.reserved.tokens ?? 0)).toBeLessThanOrEqual(limit);
        if (rng.next() < 0.2) budgets.release(id);
        else {
          const used = randomInt(rng, 0, held);
          sum.spent += used;
          budgets.settle(id, tokens(used));
        }
      };
      for (let wave = 0; wave < 8; wave += 1) {
        await Promise.all(Array.from({ length: 12 }, (_, i) => call(wave * 12 + i)));
      }
      await confirmed(...routers.map(({ state }) => state));
      const [total] = await stores.budgets.totals([KEY]);
      expect(total?.spent.tokens).toBe(sum.spent);
      expect(total?.reserved).toEqual(ZERO);
      expect(sum.refused).toBeGreaterThan(0);
    });

    it('says of a refusal what a budget of its own would say', async () => {
      const world = await setUp();
      const { state } = await router('a', world);
      expect(await state.budgets.reserve('c1', account(100), tokens(60))).toBeUndefined();
      const refused: Denial = {
        ...{ ok: false, account: 'tenant:acme', dimension: 'budget_tokens', limit: 100, available: 40 },
        waitable: false,
      };
      const midnight_ms = Math.ceil(world.time.now_ms() / 86_400_000) * 86_400_000 - world.time.now_ms();
      expect(await state.budgets.reserve('c2', account(100), tokens(41))).toEqual({
        ...refused,
        retry_after_ms: midnight_ms,
      });
      expect(await state.budgets.reserve('c3', account(100), tokens(101))).toEqual(refused);
      expect(await state.budgets.extend('c1', account(100), tokens(41, 0))).toEqual(refused);
    });

    it('frees what a router that is gone for good held, within its lease and one round', async () => {
      const world = await setUp();
      const dead = await router('dead', world);
      const alive = await router('alive', world);
      await alive.state.start(truthOf());
      await dead.state.budgets.reserve('c1', account(100), tokens(100));
      for (let passed = 0; passed <= reservation_lease_ms + round_ms; passed += round_ms) await round(world.time);
      await until(async () => (await alive.stores.budgets.totals([KEY]))[0]?.reserved.tokens === 0);
      expect(await alive.state.budgets.reserve('c2', account(100), tokens(100))).toBeUndefined();
      // It was not dead after all: what it used counts.
      dead.state.budgets.settle('c1', tokens(70));
      await confirmed(dead.state);
      const [total] = await alive.stores.budgets.totals([KEY]);
      expect(total?.spent).toEqual(tokens(70));
      expect(total?.reserved).toEqual(tokens(100));
      expect(await dead.state.budgets.extend('c1', account(100), tokens(1, 0))).toBeUndefined();
      await alive.state.close();
    });

    it('keeps what a living router holds, however long its calls run', async () => {
      const world = await setUp();
      const [a, b] = await Promise.all([router('a', world), router('b', world)]);
      await Promise.all([a.state.start(truthOf()), b.state.start(truthOf())]);
      await a.state.budgets.reserve('c1', account(100), tokens(100));
      for (let passed = 0; passed < reservation_lease_ms * 3; passed += round_ms) await round(world.time);
      await settled();
      expect((await b.stores.budgets.totals([KEY]))[0]?.reserved).toEqual(tokens(100));
      expect(await b.state.budgets.reserve('c2', account(100), tokens(1))).toMatchObject({ available: 0 });
      await a.state.close();
      await b.state.close();
    });

    it('settles by the journal what a crash left, once', async () => {
      const world = await setUp();
      const before = await router('a', world);
      const other = await router('b', world);
      for (const id of ['opened', 'never_opened', 'lapsed']) {
        await before.state.budgets.reserve(id, account(1_000), tokens(100));
      }
      await other.state.budgets.reserve('foreign', account(1_000), tokens(5));
      before.state.budgets.settle('lapsed', tokens(1));
      await confirmed(before.state);
      const after = await router('a', world);
      const calls = { opened: { tokens: 33, usd_nanos: 330 }, lapsed: { tokens: 99, usd_nanos: 990 } };
      await after.state.start(truthOf(calls));
      const [total] = await after.stores.budgets.totals([KEY]);
      expect(total).toEqual({ key: KEY, spent: tokens(34, 2), reserved: tokens(5) });
      expect(await after.stores.budgets.unended('a', 10)).toEqual([]);
      await after.state.close();
    });

    it('gives a name to one data directory at a time', async () => {
      const world = await setUp();
      const first = await router('a', world);
      const copy = openState({ stores: first.stores, node_id: 'a', directory: 'copy', clock: world.time });
      await expect(copy).rejects.toMatchObject({
        code: 'config_invalid',
        param: 'node_id',
        message: expect.stringMatching(/node_id "a".* 90 s/),
      });
      await router('a', world);
      world.time.advance(role_lease_ms);
      await openState({ stores: first.stores, node_id: 'a', directory: 'copy', clock: world.time });
    });
  });
}

/** Lets one round of every router go by: it is over when the next one is set. */
async function round(time: ManualTime): Promise<void> {
  const routers = time.armed(round_ms);
  time.advance(round_ms);
  await until(() => time.armed(round_ms) === routers);
}
