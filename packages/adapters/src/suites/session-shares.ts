import assert from 'node:assert/strict';
import type { Clock } from '@atp-router/kernel';
import type { StoredChange } from '@atp-router/session';
import type { SessionStore, SessionStoreLimits } from '../sessions/index.ts';
import { keptSession, putIn, putSession, saved } from './session-samples.ts';
import { manualClock, type SuiteCase } from './suite.ts';

interface Bench {
  open(clock: Clock, limits?: SessionStoreLimits): SessionStore;
}

/** What a `SessionStore` shares between tenants. */
export function sharing(make: () => Promise<Bench>): SuiteCase[] {
  const limits = { sessions: 9, session_bytes: 99_000, bytes: 99_000, tenant_bytes: 10_000, waiting_bytes: 1_000_000 };
  const many = (n: number): StoredChange[] => Array.from({ length: n }, (_, i) => putIn('1', i));
  const own = (n: number) => ({ ...keptSession(n), tenant: `t-${n % 2}` });
  return [
    {
      name: 'fails to save what is beyond the share of a tenant, and nothing of others; room comes back',
      async run() {
        const [bench, clock] = [await make(), manualClock()];
        const store = bench.open(clock, limits);
        await store.load();
        const [first, others, second] = [own(2), own(1), own(4)];
        await saved(store, first, [putSession(1), ...many(8)]);
        await saved(store, second, [putSession(1)]);
        const { bytes } = store.usage();
        assert.ok(bytes > 2_000);
        // Of a session that is small itself.
        const error = { code: 'backpressure', message: /of the sessions of this tenant/ };
        await assert.rejects(saved(store, second, many(40)), error);
        await saved(store, others, [putSession(1), ...many(8)]);
        assert.deepEqual(store.usage().refused, { sessions: 0, session: 0, tenant: 1, all: 0 });
        store.drop(first);
        store.drop(second);
        const third = own(6);
        await saved(store, third, [putSession(1), ...many(8)]);
        await store.close();
        // A successor counts what it finds.
        const next = bench.open(clock, limits);
        await next.load();
        assert.equal(next.usage().bytes, store.usage().bytes);
        await assert.rejects(saved(next, own(8), [putSession(1), ...many(40)]), error);
        await next.close();
      },
    },
  ];
}
