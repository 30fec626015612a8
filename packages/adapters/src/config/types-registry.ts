import type { LifecycleRules } from '@atp-router/routing';

/** Papers of models, and who moves them between statuses. */
export interface RegistryConfig {
  readonly signers: readonly SignerConfig[];
  readonly require: 'none' | 'auto' | 'any';
  readonly promote: 'manual' | 'automatic';
  readonly review_ms: number;
  readonly rules: LifecycleRules;
}

export interface SignerConfig {
  readonly id: string;
  /** 32 bytes of Ed25519, base64. */
  readonly public_key: string;
}

/** What shadow models are asked beside the models that answer clients. */
export interface ShadowConfig {
  readonly sample: number;
  readonly usd_per_day: number;
  readonly max_in_flight: number;
  readonly gold: boolean;
  readonly agrees_at: number;
}
