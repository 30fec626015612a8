import assert from 'node:assert/strict';
import type { Claim, IdempotencyStore } from '@atp-router/ledger';
import { type MakeStore, type ManualClock, manualClock, type SuiteCase } from './suite.ts';

const DAY_MS = 86_400_000;

interface Opened {
  readonly clock: ManualClock;
  readonly store: IdempotencyStore;
  claim(call_id: string, more?: Partial<Claim>): Claim;
}

type Open = () => Promise<Opened>;

/** What every `IdempotencyStore` has to do. */
export function idempotencyStoreSuite(make: MakeStore<IdempotencyStore>): SuiteCase[] {
  const open = async (): Promise<Opened> => {
    const clock = manualClock();
    const store = await make(clock);
    const claim = (call_id: string, more: Partial<Claim> = {}): Claim => {
      return { scope_hash: 's1', body_hash: 'b1', call_id, owner: 'n1', expires_ms: clock.now_ms() + DAY_MS, ...more };
    };
    return { clock, store, claim };
  };
  return [...claiming(open), ...ending(open), ...endingAbnormally(open)];
}

function claiming(open: Open): SuiteCase[] {
  return [
    {
      name: 'gives a free key to the first claim and tells the others whose it is',
      async run() {
        const { store, claim } = await open();
        assert.deepEqual(await store.claimOnce(claim('c1')), { kind: 'claimed' });
        assert.deepEqual(await store.claimOnce(claim('c2')), { kind: 'running', call_id: 'c1' });
        assert.deepEqual(await store.claimOnce(claim('c2', { scope_hash: 's2' })), { kind: 'claimed' });
      },
    },
    {
      name: 'gives it to exactly one of many at once',
      async run() {
        const { store, claim } = await open();
        const ids = Array.from({ length: 20 }, (_, i) => `c${i}`);
        const results = await Promise.all(ids.map((id) => store.claimOnce(claim(id))));
        const winners = ids.filter((_, i) => results[i]?.kind === 'claimed');
        assert.equal(winners.length, 1);
        const others = results.filter((result) => result.kind === 'running');
        assert.equal(others.length, 19);
        for (const result of others) assert.deepEqual(result, { kind: 'running', call_id: winners[0] });
      },
    },
    {
      name: 'refuses another body in every state',
      async run() {
        const { clock, store, claim } = await open();
        const other = claim('c9', { body_hash: 'b2' });
        await store.claimOnce(claim('c1'));
        assert.deepEqual(await store.claimOnce(other), { kind: 'mismatch' });
        const expires_ms = clock.now_ms() + DAY_MS;
        await store.complete({ scope_hash: 's1', call_id: 'c1', sealed: 'x', expires_ms });
        assert.deepEqual(await store.claimOnce(other), { kind: 'mismatch' });
      },
    },
  ];
}

function ending(open: Open): SuiteCase[] {
  return [
    {
      name: 'returns the stored outcome, also an empty one, until it expires',
      async run() {
        const { clock, store, claim } = await open();
        await store.claimOnce(claim('c1'));
        const done = { scope_hash: 's1', call_id: 'c1', sealed: 'x'.repeat(100_000), expires_ms: clock.now_ms() + 500 };
        assert.equal(await store.complete(done), true);
        assert.equal(await store.complete(done), false);
        const { sealed, expires_ms } = done;
        assert.deepEqual(await store.claimOnce(claim('c2')), { kind: 'done', call_id: 'c1', sealed, expires_ms });
        clock.advance(500);
        assert.deepEqual(await store.claimOnce(claim('c3')), { kind: 'claimed' });
        const empty = { call_id: 'c3', sealed: '', expires_ms: clock.now_ms() + 500 };
        await store.complete({ scope_hash: 's1', ...empty });
        assert.deepEqual(await store.claimOnce(claim('c4')), { kind: 'done', ...empty });
      },
    },
    {
      name: 'never runs an interrupted call again',
      async run() {
        const { store, claim } = await open();
        await store.claimOnce(claim('c1'));
        assert.equal(await store.interrupt({ scope_hash: 's1', call_id: 'c1' }), true);
        assert.deepEqual(await store.claimOnce(claim('c2')), { kind: 'interrupted', call_id: 'c1' });
        const late = { scope_hash: 's1', call_id: 'c1', sealed: 'x', expires_ms: Number.MAX_SAFE_INTEGER };
        assert.equal(await store.complete(late), false);
        assert.equal(await store.release({ scope_hash: 's1', call_id: 'c1' }), false);
      },
    },
  ];
}

function endingAbnormally(open: Open): SuiteCase[] {
  return [
    {
      name: 'lets only the holder end a claim',
      async run() {
        const { clock, store, claim } = await open();
        await store.claimOnce(claim('c1'));
        const foreign = { scope_hash: 's1', call_id: 'c2' };
        const expires_ms = clock.now_ms() + 500;
        assert.equal(await store.complete({ ...foreign, sealed: 'x', expires_ms }), false);
        assert.equal(await store.interrupt(foreign), false);
        assert.equal(await store.release(foreign), false);
        assert.equal(await store.release({ scope_hash: 's1', call_id: 'c1' }), true);
        assert.deepEqual(await store.claimOnce(claim('c3')), { kind: 'claimed' });
      },
    },
    {
      name: 'names the running claims of an owner, page by page',
      async run() {
        const { store, claim } = await open();
        for (const i of [3, 1, 2]) await store.claimOnce(claim(`c${i}`, { scope_hash: `s${i}` }));
        await store.claimOnce(claim('c4', { scope_hash: 's4', owner: 'n2' }));
        const held = (i: number): object => ({ scope_hash: `s${i}`, call_id: `c${i}` });
        assert.deepEqual(await store.running('n1', 2), [held(1), held(2)]);
        assert.deepEqual(await store.running('n1', 2, 's2'), [held(3)]);
        await store.complete({ scope_hash: 's1', call_id: 'c1', sealed: '', expires_ms: Number.MAX_SAFE_INTEGER });
        await store.interrupt({ scope_hash: 's2', call_id: 'c2' });
        assert.deepEqual(await store.running('n1', 2), [held(3)]);
        assert.deepEqual(await store.running('n2', 2), [held(4)]);
      },
    },
    {
      name: 'forgets what is expired, a bounded number at a time',
      async run() {
        const { clock, store, claim } = await open();
        for (let i = 0; i < 5; i += 1) {
          await store.claimOnce(claim(`c${i}`, { scope_hash: `e${i}`, expires_ms: clock.now_ms() + 10 }));
        }
        await store.claimOnce(claim('c9', { scope_hash: 'kept' }));
        assert.equal(await store.forgetExpired(10), 0);
        clock.advance(10);
        assert.equal(await store.forgetExpired(3), 3);
        assert.equal(await store.forgetExpired(3), 2);
        assert.equal(await store.forgetExpired(3), 0);
        assert.deepEqual(await store.claimOnce(claim('c8', { scope_hash: 'kept' })), {
          kind: 'running',
          call_id: 'c9',
        });
      },
    },
  ];
}
