/** Papers of models, and who moves them between statuses. */
export interface RegistryConfig {
  readonly signers: readonly SignerConfig[];
  readonly require: 'none' | 'auto' | 'any';
  readonly promote: 'manual' | 'automatic';
  readonly review_ms: number;
  readonly rules: RegistryRulesConfig;
}

export interface SignerConfig {
  readonly id: string;
  /** 32 bytes of Ed25519, base64. */
  readonly public_key: string;
}

/** Shares and ratios: 1 is all, and the same. */
export interface RegistryRulesConfig {
  readonly min_samples: number;
  readonly format_share: number;
  readonly parity: number;
  readonly latency_ratio: number;
  readonly cost_ratio: number;
  readonly escalation_share: number;
  readonly format_window: number;
  readonly format_error_share: number;
  readonly too_dear_ratio: number;
  readonly drift_tenants: number;
  readonly rest_ms: number;
}

/** What shadow models are asked beside the models that answer clients. */
export interface ShadowConfig {
  readonly sample: number;
  readonly usd_per_day: number;
  readonly max_in_flight: number;
  readonly gold: boolean;
  readonly agrees_at: number;
}
