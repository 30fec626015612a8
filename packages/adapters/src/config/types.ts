import type { Limits, Qos } from '@atp-router/kernel';
import type { ProviderKind, SimPrices } from '@atp-router/providers';
import type {
  FlowConfig,
  PartWindowConfig,
  SloConfig,
  TenantBudget,
  TokenWindowConfig,
  WindowConfig,
} from './types-flow.ts';
import type { EmbeddingsConfig } from './types-embed.ts';
import type { ClusterConfig } from './types-cluster.ts';
import type { ConsensusSectionConfig } from './types-consensus.ts';
import type { PersonaConfig, PolicyConfig } from './types-policy.ts';
import type { ObservationsConfig } from './types-observations.ts';
import type { RegistryConfig, ShadowConfig } from './types-registry.ts';
import type { CarbonConfig, Housed, Powered } from './types-carbon.ts';
import type { CacheConfig } from './types-cache.ts';
import type { PriceConfig } from './types-price.ts';
import type { RoutingConfig } from './types-routing.ts';
import type { SessionsConfig } from './types-sessions.ts';

/**
 * The checked configuration: every default filled in, deeply frozen. Field meanings, units, bounds and defaults are
 * described once, in the schema (`schema*.ts`); `docs/operations/configuration.md` is generated from it.
 * Absent optional fields mean "not set", never zero.
 */
export interface Config {
  readonly listen: ListenConfig;
  readonly data_dir: string;
  readonly node_id?: string | undefined;
  /** Processes that share the port; 1: no other than this one. */
  readonly workers: number;
  /** Present: limits are shared with other machines. */
  readonly cluster?: ClusterConfig | undefined;
  readonly providers: readonly ProviderConfig[];
  readonly models: readonly ModelConfig[];
  readonly agents: readonly AgentConfig[];
  readonly personas: readonly PersonaConfig[];
  readonly embeddings: EmbeddingsConfig;
  readonly policies: readonly PolicyConfig[];
  readonly tenants: readonly TenantConfig[];
  readonly admin: AdminConfig;
  readonly limits: Limits;
  readonly flow: FlowConfig;
  readonly journal: JournalConfig;
  readonly store: StoreConfig;
  readonly sessions: SessionsConfig;
  readonly idempotency: IdempotencyConfig;
  readonly consensus: ConsensusSectionConfig;
  readonly routing: RoutingConfig;
  readonly registry: RegistryConfig;
  readonly shadow: ShadowConfig;
  /** Absent: nothing is observed. */
  readonly observations?: ObservationsConfig | undefined;
  readonly carbon: CarbonConfig;
  readonly telemetry: TelemetryConfig;
  readonly shutdown: ShutdownConfig;
}

export interface ListenConfig {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsConfig | undefined;
}

/** Paths of PEM files, or PEM text itself (it then starts with `-----BEGIN`). */
export interface TlsConfig {
  readonly cert: string;
  readonly key: string;
  readonly client_ca?: string | undefined;
}

export interface ProviderConfig extends Housed {
  readonly id: string;
  readonly type: ProviderKind;
  /** Present for `type: openai` only. */
  readonly api?: 'chat' | 'responses' | undefined;
  /** For `type: openai` only. Absent: by the address. */
  readonly max_tokens_field?: 'max_tokens' | 'max_completion_tokens' | undefined;
  /** For `type: ollama` only. Absent: yes. */
  readonly send_context?: boolean | undefined;
  /** Filled in from the type when the file leaves it out; absent for `sim` and `agent` only. */
  readonly base_url?: string | undefined;
  readonly api_key?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly allow_any_model: boolean;
  readonly connect_timeout_ms: number;
  readonly head_timeout_ms: number;
  readonly idle_timeout_ms: number;
  readonly cache_ttl_s: number;
  readonly max_connections: number;
  readonly max_concurrency: number;
  readonly max_queue: number;
  readonly window: TokenWindowConfig;
  readonly queue_timeout_ms: number;
  readonly retry: RetryConfig;
  readonly breaker: BreakerConfig;
  readonly readiness: ReadinessConfig;
  /** Present for `type: sim`, filled with defaults when the file leaves it out; absent otherwise. */
  readonly sim?: SimConfig | undefined;
  /** Present for `type: agent`, filled with defaults when the file leaves it out; absent otherwise. */
  readonly agent?: AgentProviderConfig | undefined;
}

/** How agents that dial in are taken by one provider. */
export interface AgentProviderConfig {
  /** Keys whose agents it takes, as `<tenant>/<key>`. Absent: those of all tenants. */
  readonly keys?: readonly string[] | undefined;
  /** Its agents serve the calls of all tenants; otherwise those of the tenant whose key they came with. */
  readonly shared: boolean;
  readonly advertised_prices: boolean;
  /** `auto` may choose its agents. */
  readonly auto: boolean;
  /** Dispatches that one of its agents is given in a second, and at once after a pause. */
  readonly burst_per_s: number;
  /** Gold calls may go beyond what its agents suggest. */
  readonly gold_overrides: boolean;
  readonly estimate_timeout_ms: number;
  readonly reconnect_wait_ms: number;
}

export interface RetryConfig {
  readonly max_attempts: number;
  readonly base_ms: number;
  readonly cap_ms: number;
}

export interface BreakerConfig {
  readonly failure_ratio: number;
  readonly min_calls: number;
  readonly window_ms: number;
  readonly open_ms: number;
  readonly half_open_probes: number;
}

export interface ReadinessConfig {
  readonly p95_ms?: number | undefined;
  readonly error_rate?: number | undefined;
}

export interface SimConfig {
  readonly seed: number;
  readonly latency_ms: Quantiles;
  readonly chunk_ms: number;
  readonly out_tokens: Quantiles;
  readonly error_rate: number;
  readonly stall_rate: number;
  readonly cut_rate: number;
  readonly quality: number;
  readonly prices?: SimPrices | undefined;
}

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
}

export type Capability =
  | 'chat'
  | 'tools'
  | 'vision'
  | 'audio'
  | 'documents'
  | 'json_mode'
  | 'json_schema'
  | 'reasoning'
  | 'logprobs'
  | 'embeddings';

export type SafetyGrade = 'A' | 'B' | 'C' | 'D';
export type ModelStatus = 'active' | 'shadow' | 'fallback' | 'deprecated';
export type Untranslatable = 'reject' | 'drop';

export interface ModelConfig extends Powered {
  readonly id: string;
  readonly provider: string;
  /** Filled in with `id` when the file leaves it out. */
  readonly upstream_model?: string | undefined;
  readonly context: number;
  readonly max_output_tokens?: number | undefined;
  readonly capabilities: readonly Capability[];
  /** Absent: the model is unpriced, and refused wherever a budget in money applies. */
  readonly price?: PriceConfig | undefined;
  readonly safety_grade: SafetyGrade;
  readonly status: ModelStatus;
  readonly data_scopes?: readonly string[] | undefined;
  readonly regions: readonly string[];
  readonly expected_latency_ms?: number | undefined;
  /** 0 to 1. */
  readonly expected_quality?: number | undefined;
  readonly on_untranslatable: Untranslatable | Readonly<Record<string, Untranslatable>>;
  readonly max_concurrency?: number | undefined;
  readonly max_queue?: number | undefined;
  readonly window: PartWindowConfig;
}

export interface AgentConfig {
  readonly id: string;
  readonly model: string;
  readonly system_prompt?: string | undefined;
  readonly qos: Qos;
  readonly window: PartWindowConfig;
}

export interface TenantConfig {
  readonly id: string;
  readonly keys: readonly TenantKeyConfig[];
  readonly qos_max: Qos;
  readonly data_scopes?: readonly string[] | undefined;
  readonly tool_permissions: readonly string[];
  readonly security_groups: readonly string[];
  readonly budget: TenantBudget;
  readonly at_limit: 'reject' | 'wait' | 'degrade';
  readonly window: WindowConfig;
  /** Of each of its keys, and of each of its sessions. */
  readonly key_window: PartWindowConfig;
  readonly session_window: PartWindowConfig;
  readonly weight: number;
  readonly slo?: SloConfig | undefined;
  readonly models?: readonly string[] | undefined;
  readonly signing_keys: readonly SigningKeyConfig[];
  readonly require_signatures: boolean;
  readonly share_learning: boolean;
  readonly observe: boolean;
  /** What a client asks next counts as a word on the answer before it. */
  readonly implicit_signals: boolean;
  /** Absent: no answers are kept. */
  readonly cache?: CacheConfig | undefined;
}

/** A secret that the tenant's clients and the router sign frames with. */
export interface SigningKeyConfig {
  readonly id: string;
  readonly secret: string;
  readonly not_before?: string | undefined;
  readonly not_after?: string | undefined;
}

/** `hash` is `sha256:` and the hex SHA-256 of the key. */
export interface KeyConfig {
  readonly id: string;
  readonly hash: string;
}

/** What is absent is as the tenant has it. */
export interface TenantKeyConfig extends KeyConfig {
  readonly tool_permissions?: readonly string[] | undefined;
  readonly security_groups?: readonly string[] | undefined;
}

export interface AdminConfig {
  readonly keys: readonly KeyConfig[];
}

export interface JournalConfig {
  readonly fsync: 'always' | 'interval' | 'never';
  readonly fsync_interval_ms: number;
  readonly segment_bytes: number;
  readonly retain_days: number;
}

export interface StoreConfig {
  readonly type: 'sqlite' | 'postgres';
  readonly url?: string | undefined;
  /** 64 hex digits, the same at all routers that share the store. */
  readonly seal_key?: string | undefined;
}

export interface IdempotencyConfig {
  readonly ttl_ms: number;
  readonly max_entries: number;
  readonly max_body_bytes: number;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface TelemetryConfig {
  readonly otlp?: OtlpConfig | undefined;
  readonly log_level: LogLevel;
}

export interface OtlpConfig {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly sample_ratio: number;
}

export interface ShutdownConfig {
  readonly grace_ms: number;
}
