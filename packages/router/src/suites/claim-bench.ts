import assert from 'node:assert/strict';
import type { ManualClock } from '@atp-router/adapters/suites';
import type { IdempotencyRef } from '@atp-router/ledger';
import type { ArchivedClaim, Claim, IdempotencyKeys } from '../engine/idempotency.ts';
import type { StoredOutcome } from '../engine/outcome-store.ts';

/** Keys that nobody has used, and what a case has to know of them. */
export interface KeysBench {
  readonly keys: IdempotencyKeys;
  /** What a process that is gone left of a key; `sealed` is made by these keys. Before its first claim here. */
  left(ref: IdempotencyRef, claim: ArchivedClaim): Promise<void>;
  /** Resolves when the ends of calls have reached the place where they are kept. */
  kept(): Promise<void>;
}

/** `max_entries` is what may be held in memory; time is the clock's. */
export type MakeKeys = (options: { readonly max_entries: number; readonly clock: ManualClock }) => Promise<KeysBench>;

export const TTL_MS = 60_000;
export const REF: IdempotencyRef = { scope_hash: 's', body_hash: 'b' };
export const OTHER_BODY: IdempotencyRef = { ...REF, body_hash: 'other' };
export const OUTCOME: StoredOutcome = {
  ...{ stream: true, model: 'm', cost_usd_micros: 7, attempts: 2, simulated: true },
  body: Uint8Array.from({ length: 256 }, (_, i) => i),
};

/** The keys of one case, with short words for what all cases do. */
export class Opened {
  readonly bench: KeysBench;
  readonly keys: IdempotencyKeys;
  readonly clock: ManualClock;
  #others = 0;

  constructor(bench: KeysBench, clock: ManualClock) {
    this.bench = bench;
    this.keys = bench.keys;
    this.clock = clock;
  }

  get later_ms(): number {
    return this.clock.now_ms() + TTL_MS;
  }

  claim(call_id: string, ref: IdempotencyRef = REF): Promise<Claim> {
    return this.keys.claimOnce(ref, call_id, this.later_ms);
  }

  complete(call_id: string, outcome: StoredOutcome = OUTCOME, ref: IdempotencyRef = REF): void {
    this.keys.complete(ref, call_id, this.keys.seal(outcome), this.later_ms);
  }

  /** Ends a call that cost something and left nothing to replay. */
  completeEmpty(call_id: string, ref: IdempotencyRef = REF): void {
    this.keys.complete(ref, call_id, undefined, this.later_ms);
  }

  /** How many are unanswered after a claim that came later was answered. */
  async waiting(claims: readonly Promise<Claim>[]): Promise<number> {
    let answered = 0;
    for (const claim of claims) void claim.then(() => (answered += 1));
    this.#others += 1;
    const other = { scope_hash: `another key ${this.#others}`, body_hash: 'b' };
    assert.equal((await this.claim(`another call ${this.#others}`, other)).kind, 'claimed');
    this.keys.release(other);
    return claims.length - answered;
  }
}

/** The place of the one that runs, of claims with one key. */
export async function firstClaimed(claims: readonly Promise<Claim>[]): Promise<number> {
  const [place, claim] = await Promise.race(claims.map(async (one, i) => [i, await one] as const));
  assert.equal(claim.kind, 'claimed');
  return place;
}

export function assertReplay(claim: Claim | undefined, call_id: string, { body, ...head }: StoredOutcome): void {
  assert.ok(claim?.kind === 'replay', `${claim?.kind} instead of a replay`);
  const { body: replayed, ...replayed_head } = claim.outcome;
  assert.deepEqual([claim.call_id, replayed_head], [call_id, head]);
  assert.ok(Buffer.from(body).equals(replayed));
}

export function assertRefused(claim: Claim, code: string, call_id?: string): void {
  assert.ok(claim.kind === 'refused', `${claim.kind} instead of a refusal`);
  assert.equal(claim.error.code, code);
  if (call_id !== undefined) assert.equal(claim.error.details?.['call_id'], call_id);
}
