import type { HostedToolName } from '@atp-router/providers';

/** How what is scarce is shared out among those who wait for it. */
export interface FlowConfig {
  readonly window: PartWindowConfig;
  readonly shares: SharesConfig;
  readonly preempt: boolean;
  readonly max_waiting: number;
  readonly aimd: AimdConfig;
  readonly tuners: readonly TunerConfig[];
}

/** Who moves the window of one model's deployment. */
export interface TunerConfig {
  readonly model: string;
  readonly kind: 'static' | 'pid' | 'learned';
  readonly latency_ms: number;
  readonly capacity_tokens_per_s?: number | undefined;
  readonly proof?: string | undefined;
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

/** What a tenant is to get, and may cost; while one is broken its worse tiers are held back. */
export interface SloConfig {
  readonly p95_ms?: number | undefined;
  readonly error_rate?: number | undefined;
  readonly usd_per_hour?: number | undefined;
}

/** What one call may use of tools that run at the provider. */
export type ToolCapsConfig = { readonly [tool in HostedToolName]?: ToolCapConfig | undefined };

export interface ToolCapConfig {
  readonly uses?: number | undefined;
  readonly usd?: number | undefined;
}

export interface TenantBudget {
  readonly usd_per_day?: number | undefined;
  readonly tokens_per_day?: number | undefined;
  readonly calls_per_day?: number | undefined;
}

export interface WindowConfig {
  readonly max_parallel: number;
  readonly max_tokens: number;
  readonly max_usd_micros?: number | undefined;
}
