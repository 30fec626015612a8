/** What a claim found. Only `claimed` lets the caller run the work. */
export type ClaimResult =
  | { readonly kind: 'claimed' }
  /** The same key and body is being worked on by this call. */
  | { readonly kind: 'running'; readonly call_id: string }
  /** It was worked on; `sealed` is the stored outcome, empty when it was too large to keep. */
  | { readonly kind: 'done'; readonly call_id: string; readonly sealed: string; readonly expires_ms: number }
  /** The key was used with a different body. */
  | { readonly kind: 'mismatch' }
  /** The process that worked on it died; it is never run again silently. */
  | { readonly kind: 'interrupted'; readonly call_id: string };

export interface Claim {
  /** Hex SHA-256 of tenant, endpoint and the client's key. */
  readonly scope_hash: string;
  /** Hex SHA-256 of the request body. */
  readonly body_hash: string;
  readonly call_id: string;
  /** Who ends it: the node that runs the call. */
  readonly owner: string;
  /** Wall clock after which the claim counts for nothing. */
  readonly expires_ms: number;
}

/** A claim whose call has not ended, as far as the store knows. */
export interface HeldClaim {
  readonly scope_hash: string;
  readonly call_id: string;
}

/** Idempotency keys that several routers share. One router alone keeps its own from the journal. */
export interface IdempotencyStore {
  /** Takes the key if it is free or expired. Exactly one of any number of concurrent claims gets `claimed`. */
  claimOnce(claim: Claim): Promise<ClaimResult>;
  /** Stores the outcome. False when the call does not hold the running claim. */
  complete(done: {
    readonly scope_hash: string;
    readonly call_id: string;
    readonly sealed: string;
    readonly expires_ms: number;
  }): Promise<boolean>;
  /** Marks the claim of a call that died. False when the call does not hold the running claim. */
  interrupt(claim: { readonly scope_hash: string; readonly call_id: string }): Promise<boolean>;
  /** Frees the key of a call that left no outcome. False when the call does not hold the running claim. */
  release(claim: { readonly scope_hash: string; readonly call_id: string }): Promise<boolean>;
  /** An owner's running claims in the store's own order: at most `limit`, behind the scope `after`. */
  running(owner: string, limit: number, after?: string): Promise<readonly HeldClaim[]>;
  /** Removes at most `limit` expired claims; returns how many. */
  forgetExpired(limit: number): Promise<number>;
}
