import assert from 'node:assert/strict';
import type { LeaseStore } from '@atp-router/ledger';
import { type MakeStore, type ManualClock, manualClock, type SuiteCase } from './suite.ts';

interface Opened {
  readonly clock: ManualClock;
  readonly store: LeaseStore;
}

type Open = () => Promise<Opened>;

/** What every `LeaseStore` has to do. */
export function leaseStoreSuite(make: MakeStore<LeaseStore>): SuiteCase[] {
  const open = async (): Promise<Opened> => {
    const clock = manualClock();
    return { clock, store: await make(clock) };
  };
  return [...holding(open), ...losing(open)];
}

function holding(open: Open): SuiteCase[] {
  return [
    {
      name: 'has one holder at a time',
      async run() {
        const { clock, store } = await open();
        const expires_ms = clock.now_ms() + 100;
        assert.deepEqual(await store.lease('sweeper', 'a', 100), { kind: 'held', token: 1, expires_ms });
        assert.deepEqual(await store.lease('sweeper', 'b', 100), { kind: 'taken', owner: 'a', expires_ms });
        assert.equal((await store.lease('other', 'b', 100)).kind, 'held');
      },
    },
    {
      name: 'goes to exactly one of many at once',
      async run() {
        const { store } = await open();
        const owners = Array.from({ length: 12 }, (_, i) => `o${i}`);
        const results = await Promise.all(owners.map((owner) => store.lease('sweeper', owner, 100)));
        assert.equal(results.filter((result) => result.kind === 'held').length, 1);
      },
    },
    {
      name: 'is renewed under its token while it runs',
      async run() {
        const { clock, store } = await open();
        await store.lease('sweeper', 'a', 100);
        clock.advance(90);
        assert.equal(await store.renew({ name: 'sweeper', owner: 'a', token: 1 }, 100), true);
        clock.advance(90);
        const again = await store.lease('sweeper', 'a', 100);
        assert.deepEqual(again, { kind: 'held', token: 1, expires_ms: clock.now_ms() + 100 });
      },
    },
  ];
}

function losing(open: Open): SuiteCase[] {
  return [
    {
      name: 'raises the token with each new holding, also of the same owner',
      async run() {
        const { clock, store } = await open();
        const token = async (owner: string): Promise<number | undefined> => {
          const result = await store.lease('sweeper', owner, 100);
          return result.kind === 'held' ? result.token : undefined;
        };
        assert.equal(await token('a'), 1);
        clock.advance(100);
        assert.equal(await token('b'), 2);
        assert.equal(await store.release({ name: 'sweeper', owner: 'b', token: 2 }), true);
        assert.equal(await token('a'), 3);
        clock.advance(100);
        assert.equal(await token('a'), 4);
      },
    },
    {
      name: 'is lost for good once it lapsed or another holds it',
      async run() {
        const { clock, store } = await open();
        const first = { name: 'sweeper', owner: 'a', token: 1 };
        await store.lease('sweeper', 'a', 100);
        assert.equal(await store.renew({ ...first, token: 2 }, 100), false);
        assert.equal(await store.renew({ ...first, owner: 'b' }, 100), false);
        clock.advance(100);
        assert.equal(await store.renew(first, 100), false);
        assert.equal(await store.release(first), false);
        await store.lease('sweeper', 'a', 100);
        assert.equal(await store.renew(first, 100), false);
        assert.equal(await store.renew({ ...first, token: 2 }, 100), true);
      },
    },
  ];
}
