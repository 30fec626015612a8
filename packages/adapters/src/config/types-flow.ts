/** How what is scarce is shared out among those who wait for it. */
export interface FlowConfig {
  readonly window: PartWindowConfig;
  readonly shares: SharesConfig;
  readonly preempt: boolean;
  readonly max_waiting: number;
  readonly aimd: AimdConfig;
}

/** Windows of deployments that follow what comes back. */
export interface AimdConfig {
  readonly enabled: boolean;
  readonly base: number;
  readonly increase: number;
  readonly decrease: number;
  readonly hold_ms: number;
  readonly latency_ms?: number | undefined;
}

/** An absent part does not limit. */
export interface PartWindowConfig {
  readonly max_parallel?: number | undefined;
  readonly max_tokens?: number | undefined;
  readonly max_usd_micros?: number | undefined;
}

/** From 0 to 1, 1 at most in all. */
export interface SharesConfig {
  readonly gold: number;
  readonly silver: number;
  readonly bronze: number;
}

/** A window whose calls are limited elsewhere. */
export type TokenWindowConfig = Omit<PartWindowConfig, 'max_parallel'>;
