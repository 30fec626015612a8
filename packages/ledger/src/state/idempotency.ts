import type { IdempotencyRef, JournalRecord } from '../events.ts';

/** How long a claim without an expiry of its own is kept: one day. */
const CLAIM_TTL_MS = 86_400_000;

/** What the journal knows of one idempotency key. */
export interface IdempotencyRow {
  readonly scope_hash: string;
  readonly body_hash: string;
  readonly call_id: string;
  readonly state: 'running' | 'done' | 'interrupted';
  /** The stored outcome; empty unless `state` is `done`, and then too when it was too large to keep or the call failed. */
  readonly sealed: string;
  readonly expires_ms: number;
}

/**
 * What one record does to the claims: `put` replaces the row of its scope, `release` removes it if it is still the
 * running claim of that call (the call ended and left no outcome, so the key is free again).
 */
export type IdempotencyChange =
  | { readonly kind: 'put'; readonly row: IdempotencyRow }
  | { readonly kind: 'release'; readonly scope_hash: string; readonly call_id: string };

export function idempotencyChange(record: JournalRecord): IdempotencyChange | undefined {
  switch (record.type) {
    case 'call.opened':
      if (record.idempotency === undefined) return undefined;
      return put(record.idempotency, record.call_id, 'running', expiry(record.idempotency, record.ts_ms));
    case 'idempotency.stored':
      return put(record, record.call_id, 'done', record.expires_ms, record.sealed);
    case 'call.ended':
      if (record.idempotency === undefined) return undefined;
      if (record.outcome === 'interrupted') {
        return put(record.idempotency, record.call_id, 'interrupted', expiry(record.idempotency, record.ts_ms));
      }
      // A failed call that cost something must not run, and bill, again under its key: there is no outcome to replay.
      if (record.outcome !== 'ok' && record.cost_usd_nanos > 0) {
        return put(record.idempotency, record.call_id, 'done', expiry(record.idempotency, record.ts_ms));
      }
      return { kind: 'release', scope_hash: record.idempotency.scope_hash, call_id: record.call_id };
    default:
      return undefined;
  }
}

function expiry(ref: IdempotencyRef, ts_ms: number): number {
  return ref.expires_ms ?? ts_ms + CLAIM_TTL_MS;
}

function put(
  ref: IdempotencyRef,
  call_id: string,
  state: IdempotencyRow['state'],
  expires_ms: number,
  sealed = '',
): IdempotencyChange {
  const { scope_hash, body_hash } = ref;
  return { kind: 'put', row: { scope_hash, body_hash, call_id, state, sealed, expires_ms } };
}

/** Whether a `release` may remove this row. */
export function isReleased(row: IdempotencyRow | undefined, call_id: string): boolean {
  return row !== undefined && row.state === 'running' && row.call_id === call_id;
}
