export type LeaseResult =
  /** `token` rises with each new holder of the name: hand it to whatever the lease protects, which refuses older ones. */
  | { readonly kind: 'held'; readonly token: number; readonly expires_ms: number }
  | { readonly kind: 'taken'; readonly owner: string; readonly expires_ms: number };

export interface HeldLease {
  readonly name: string;
  readonly owner: string;
  readonly token: number;
}

/** Roles that one of several routers holds at a time. Expiry uses the clocks of the routers: choose `ttl_ms` far above their skew. */
export interface LeaseStore {
  /** Takes the name if it is free, lapsed, or already the owner's (then renewed under the same token). */
  lease(name: string, owner: string, ttl_ms: number): Promise<LeaseResult>;
  /** False when the lease lapsed or someone else holds it: the holder must stop at once. */
  renew(held: HeldLease, ttl_ms: number): Promise<boolean>;
  /** False when it was not held any more. */
  release(held: HeldLease): Promise<boolean>;
}
