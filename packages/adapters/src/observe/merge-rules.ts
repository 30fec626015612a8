import type { MetricType } from './exposition.ts';

/** How values of one series become one where several processes are one router. */
export type MergeRule =
  /** They are parts of the whole. */
  | 'sum'
  /** The owner of the limits holds the truth of all; what others say is their view of it. */
  | 'owner'
  | 'least'
  | 'most'
  /** Times until something is used up that all use: the rates add up. */
  | 'harmonic'
  /** Each keeps its own, told apart by the label `process`. */
  | 'each';

/** Of each gauge; counters and histograms are added up. */
export const GAUGE_RULES: Readonly<Record<string, MergeRule>> = {
  atp_agents: 'sum',
  // The worst: one process that sees a failure is reason enough to look.
  atp_breaker_state: 'most',
  atp_build_info: 'most',
  atp_calls_in_flight: 'sum',
  atp_cluster_epoch: 'owner',
  // Each reads it for itself.
  atp_carbon_source_age_seconds: 'most',
  atp_cluster_leader: 'owner',
  atp_cluster_round_trip_seconds: 'owner',
  atp_cluster_up: 'owner',
  atp_config_generation: 'owner',
  atp_config_last_reload_ok: 'owner',
  // All know what all have learned, but for the last seconds.
  atp_consensus_regret: 'owner',
  atp_estimate_mape_ratio: 'most',
  atp_estimate_under_ratio: 'most',
  atp_flow_burn_usd_micros_per_minute: 'sum',
  atp_flow_estimate_surcharge: 'most',
  atp_flow_exhaustion_minutes: 'harmonic',
  atp_flow_held_back_tiers: 'most',
  atp_flow_jain_index: 'owner',
  atp_flow_pressed_queues: 'owner',
  atp_flow_waiting: 'owner',
  atp_flow_window_calls: 'owner',
  atp_flow_window_factor: 'owner',
  atp_http_frame_connections: 'sum',
  atp_idempotency_entries: 'sum',
  atp_journal_failed: 'most',
  atp_journal_pending_chars: 'sum',
  atp_journal_waiting_barriers: 'sum',
  atp_kill_switches: 'owner',
  atp_model_promotion_cycle_seconds: 'owner',
  // It reads the files of all.
  atp_observations: 'owner',
  atp_observations_bytes: 'owner',
  atp_observations_covered_topics_ratio: 'owner',
  atp_observations_covered_traffic_ratio: 'owner',
  atp_observations_labels: 'owner',
  atp_observations_segments: 'owner',
  atp_processes: 'sum',
  // All know what all have learned, as above.
  atp_route_clusters: 'owner',
  atp_route_observations: 'owner',
  atp_route_right_ratio: 'owner',
  // Each has a journal and a lag of its own.
  atp_projection_lag_blocks: 'most',
  atp_provider_calls_in_flight: 'sum',
  atp_provider_calls_waiting: 'sum',
  atp_ready: 'least',
  atp_reputation_accuracy_ratio: 'owner',
  atp_reputation_reliability_ratio: 'owner',
  atp_session_connections_carried: 'sum',
  atp_session_held_bytes: 'sum',
  atp_session_held_messages: 'sum',
  atp_session_lanes: 'sum',
  atp_session_store_bytes: 'sum',
  atp_session_streams: 'sum',
  atp_sessions: 'sum',
  atp_shared_unconfirmed_ends: 'sum',
  atp_target_calls_in_flight: 'sum',
  atp_target_calls_waiting: 'sum',
  atp_target_ready: 'least',
  atp_tenant_day_limit_calls: 'owner',
  atp_tenant_day_limit_tokens: 'owner',
  atp_tenant_day_limit_usd_micros: 'owner',
  atp_tenant_day_used_calls: 'sum',
  atp_tenant_day_used_tokens: 'sum',
  atp_tenant_day_used_usd_micros: 'sum',
  atp_tenant_debt_calls: 'owner',
  atp_tenant_debt_tokens: 'owner',
  atp_tenant_debt_usd_micros: 'owner',
  atp_tenant_outstanding_calls: 'sum',
  atp_tenant_outstanding_tokens: 'sum',
  atp_tenant_outstanding_usd_micros: 'sum',
  atp_tenant_window_limit_calls: 'owner',
  atp_tenant_window_limit_tokens: 'owner',
  atp_tenant_window_limit_usd_micros: 'owner',
};

/** Of the system's process and of the runtime, see `MetricRegistry`. */
const OF_PROCESS = /^(?:process|nodejs)_/;

/** A gauge without a rule says nothing false when each process shows its own. */
export function ruleOf({ name, type }: { readonly name: string; readonly type: MetricType }): MergeRule {
  if (OF_PROCESS.test(name)) return 'each';
  return type === 'gauge' ? (GAUGE_RULES[name] ?? 'each') : 'sum';
}
