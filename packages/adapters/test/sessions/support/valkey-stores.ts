import type { AtpError } from '@atp-router/kernel';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { type SessionStore, type SharedSessions, valkeySessionStore } from '../../../src/sessions/index.ts';
import type { ValkeySessionStoreOptions } from '../../../src/sessions/index.ts';
import type { ValkeyServer } from '../../../src/testing/index.ts';

export const SEAL_KEY: Uint8Array = Buffer.alloc(32, 7);

/** A store that is closed after the test, and the problems that it told of. */
export function valkeyStore(
  server: ValkeyServer,
  more: Partial<ValkeySessionStoreOptions> = {},
): { readonly store: SessionStore; readonly shared: SharedSessions; readonly problems: readonly AtpError[] } {
  const problems: AtpError[] = [];
  const store = valkeySessionStore({
    ...{ url: server.url(), prefix: 'atp', seal_key: SEAL_KEY, owner: 'a', wait_replicas: 0, clock: systemClock },
    on_problem: (problem) => problems.push(problem),
    ...more,
  });
  onTestFinished(() => store.close());
  const { shared } = store;
  if (shared === undefined) throw new Error('the store is shared');
  return { store, shared, problems };
}
