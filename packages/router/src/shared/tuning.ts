/** Times and bounds of the shared state, all in one place because they only make sense together. */
export interface SharedTuning {
  /** How long a reservation outlives a router that no longer renews it. */
  readonly reservation_lease_ms: number;
  /** Between two rounds of renewing, sweeping and catching up. Several fit into each lease. */
  readonly round_ms: number;
  /** For the roles of sweeper and of a node's name. Far above the skew of the routers' clocks. */
  readonly role_lease_ms: number;
  /** Longest wait for one answer of the store, inside a client's call. */
  readonly answer_ms: number;
  /** Longest wait for a call that another router runs under the same idempotency key. */
  readonly elsewhere_ms: number;
  /** Longest wait at shutdown for what the store has not confirmed; the next start goes on with the rest. */
  readonly drain_ms: number;
}

export const SHARED_TUNING: SharedTuning = {
  reservation_lease_ms: 120_000,
  round_ms: 30_000,
  role_lease_ms: 90_000,
  answer_ms: 5_000,
  elsewhere_ms: 30_000,
  drain_ms: 5_000,
};
