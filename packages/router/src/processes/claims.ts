import type { Claim, ClaimResult, HeldClaim, IdempotencyStore } from '@atp-router/ledger';
import type { ClaimArchive } from '../engine/idempotency.ts';

type Ask = (kind: string, body: unknown) => Promise<unknown>;

/** Questions of `IdempotencyStore` as they go over a link. */
const METHODS = ['claimOnce', 'complete', 'interrupt', 'release', 'running', 'forgetExpired'] as const;

type Method = (typeof METHODS)[number];

const PREFIX = 'claims.';

/** The owner's store of idempotency keys, asked by a worker. */
export function claimsOver(ask: Ask): IdempotencyStore {
  const call = (method: Method, ...args: readonly unknown[]): Promise<unknown> => ask(`${PREFIX}${method}`, args);
  return {
    claimOnce: async (claim) => (await call('claimOnce', claim)) as ClaimResult,
    complete: async (done) => (await call('complete', done)) === true,
    interrupt: async (claim) => (await call('interrupt', claim)) === true,
    release: async (claim) => (await call('release', claim)) === true,
    running: async (owner, limit, after) => (await call('running', owner, limit, after)) as readonly HeldClaim[],
    forgetExpired: async (limit) => Number(await call('forgetExpired', limit)),
  };
}

/** The other side: answers what `claimsOver` asks; undefined for a question that is none of it. */
export function answerClaims(store: IdempotencyStore, kind: string, body: unknown): Promise<unknown> | undefined {
  const method = METHODS.find((name) => kind === `${PREFIX}${name}`);
  if (method === undefined || !Array.isArray(body)) return undefined;
  const answer = store[method] as (...args: readonly unknown[]) => Promise<unknown>;
  return answer.apply(store, body);
}

/**
 * A store that knows the keys of before, too: the tables have those that a single process took, or another set of processes.
 * A key that is new to the store is looked up there once.
 */
export function withArchive(store: IdempotencyStore, archive: ClaimArchive): IdempotencyStore {
  return {
    ...store,
    claimOnce: async (claim) => {
      const result = await store.claimOnce(claim);
      return result.kind === 'claimed' ? recall(store, archive, claim) : result;
    },
  };
}

async function recall(store: IdempotencyStore, archive: ClaimArchive, claim: Claim): Promise<ClaimResult> {
  const { scope_hash, call_id, body_hash } = claim;
  const found = await archive.find(scope_hash);
  if (found === undefined || found.call_id === call_id) return { kind: 'claimed' };
  const before = { scope_hash, call_id };
  if (found.body_hash !== body_hash) {
    await store.release(before);
    return { kind: 'mismatch' };
  }
  if (found.interrupted) {
    await store.interrupt(before);
    return { kind: 'interrupted', call_id: found.call_id };
  }
  const { sealed = '', expires_ms } = found;
  await store.release(before);
  return { kind: 'done', call_id: found.call_id, sealed, expires_ms };
}
