/**
 * Every limit and timer of a session: the one source of defaults. What each bounds, and why it is that, is in
 * `limit-words.ts`, which a browser need not load.
 */
const LIMITS = {
  handshake_ms: 10_000,
  interval_ms: 10_000,
  silent_intervals: 3,
  idle_fin_ms: 300_000,
  resume_ttl_ms: 60_000,
  linger_ms: 2_000,
  rto_first_ms: 1_000,
  rto_min_ms: 200,
  rto_max_ms: 10_000,
  resend_lifetime_ms: 30_000,
  gap_ms: 500,
  ack_delay_ms: 25,
  ack_messages: 16,
  window_interval_ms: 500,
  pause_grace_ms: 2_000,
  pending_messages: 256,
  streams: 1_000,
  lanes: 1_024,
  session_lanes: 8_192,
  gaps: 16_384,
  turn: 1_024,
  resets: 4_096,
  lingering: 1_024,
  unsettled_messages: 4_096,
  outbox_bytes: 67_108_864,
  flight_bytes: 8_388_608,
  waiting_bytes: 33_554_432,
  resend_fragments: 64,
  resend_turn_ms: 100,
  signature_skew_ms: 60_000,
  nonces: 262_144,
};

export type LimitName = keyof typeof LIMITS;

export type SessionLimits = Readonly<Record<LimitName, number>>;

export const SESSION_LIMITS: SessionLimits = LIMITS;
