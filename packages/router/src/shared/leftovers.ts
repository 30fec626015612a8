import type { BudgetStore, IdempotencyStore, UsageRow } from '@atp-router/ledger';
import type { ClaimArchive } from '../engine/idempotency.ts';

/** Rows of one question. */
const PAGE = 500;
/** Ends at a time: a start does not wait for them one by one. */
const AT_ONCE = 8;

export interface LeftoverParts {
  readonly budgets: BudgetStore;
  readonly claims: IdempotencyStore;
  /** The node whose reservations and claims are looked through. */
  readonly owner: string;
  /** The journal's word on a call; undefined when it was never opened, so that nothing can have been billed. */
  readonly usageOf: (call_id: string) => Promise<UsageRow | undefined>;
  readonly archive: ClaimArchive;
  /** Calls that still run, or whose end is on its way: theirs is not a leftover. */
  readonly hasReservation: (call_id: string) => boolean;
  readonly hasClaim: (call_id: string) => boolean;
}

/**
 * Ends what the store still holds for calls of this node that are over: after a crash, and for ends that were dropped.
 * The journal is the truth that it settles by, and each end happens once however often this runs.
 */
export async function endLeftovers(parts: LeftoverParts): Promise<void> {
  await endReservations(parts);
  await endClaims(parts);
}

async function endReservations({ budgets, owner, usageOf, hasReservation }: LeftoverParts): Promise<void> {
  let after: string | undefined;
  do {
    const ids: readonly string[] = await budgets.unended(owner, PAGE, after);
    await eachOf(ids, async (call_id) => {
      if (hasReservation(call_id)) return;
      const usage = await usageOf(call_id);
      if (usage === undefined) await budgets.release(call_id);
      else {
        const { in_tokens, out_tokens, cost_usd_nanos } = usage;
        await budgets.settle(call_id, { calls: 1, tokens: in_tokens + out_tokens, usd_nanos: cost_usd_nanos });
      }
    });
    after = ids.length < PAGE ? undefined : ids.at(-1);
  } while (after !== undefined);
}

/** The claims alone. */
export async function endClaims({
  claims,
  owner,
  archive,
  hasClaim,
}: Pick<LeftoverParts, 'claims' | 'owner' | 'archive' | 'hasClaim'>): Promise<void> {
  let after: string | undefined;
  do {
    const held = await claims.running(owner, PAGE, after);
    await eachOf(held, async (claim) => {
      if (hasClaim(claim.call_id)) return;
      const found = await archive.find(claim.scope_hash);
      if (found === undefined || found.call_id !== claim.call_id) await claims.release(claim);
      else if (found.interrupted) await claims.interrupt(claim);
      else await claims.complete({ ...claim, sealed: found.sealed ?? '', expires_ms: found.expires_ms });
    });
    after = held.length < PAGE ? undefined : held.at(-1)?.scope_hash;
  } while (after !== undefined);
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE) await Promise.all(items.slice(at, at + AT_ONCE).map(work));
}
