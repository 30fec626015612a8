import type { CacheConfig, PartWindowConfig, RoutingConfig, ShadowConfig } from '@atp-router/adapters';
import type { FanoutPlan } from '@atp-router/consensus';
import type { AccountLimits, Objectives } from '@atp-router/flow';
import type { KeyRing } from '@atp-router/identity';
import type { Limits, Qos } from '@atp-router/kernel';

import type { Registry, Rights } from '@atp-router/routing';
import type { KeyRing as SigningKeys } from '@atp-router/wire';
import type { Target } from '../engine/target.ts';
import type { ToolCaps } from '../engine/tool-cap.ts';

/**
 * One configuration as the data plane sees it: immutable, built whole, replaced whole. A call pins the generation it
 * started with; what has to outlive a reload (breakers, windows, learners, sockets) is keyed by stable ids elsewhere.
 */
export interface Generation {
  readonly number: number;
  /** Hex SHA-256 of the checked configuration without secrets. */
  readonly hash: string;
  readonly registry: Registry;
  readonly keys: KeyRing;
  readonly tenants: ReadonlyMap<string, TenantRules>;
  readonly limits: Limits;
  /** What `auto` chooses by. */
  readonly routing: RoutingConfig;
  /** What shadow models are asked. */
  readonly shadow: ShadowConfig;
  /** Part of the calls that are observed, of tenants that may be; 0: none. */
  readonly observed_share: number;
  /** By policy; only of those that ask several at once. */
  readonly fanouts: ReadonlyMap<string, FanoutPlan>;
  /** By policy; only of those that have some. */
  readonly tool_caps: ReadonlyMap<string, ToolCaps>;
  /** Whether calls of worse tiers are stopped for gold ones. */
  readonly preempts: boolean;
  readonly idempotency: { readonly ttl_ms: number; readonly max_body_bytes: number };
  /** The target of a model; made on the way for models that no configuration declares. */
  targetOf(model: { readonly id: string; readonly provider_id: string; readonly upstream_model: string }): Target;
}

/** What a tenant may do. Money and windows are in the account ledger, under `tenant:<id>`. */
export interface TenantRules {
  readonly id: string;
  readonly qos_max: Qos;
  readonly data_scopes: ReadonlySet<string> | undefined;
  /** What its callers may do, for policies that ask for it. */
  readonly rights: Rights;
  /** By key, of those that have less. */
  readonly key_rights: ReadonlyMap<string, Rights>;
  readonly at_limit: 'reject' | 'wait' | 'degrade';
  readonly limits: AccountLimits;
  /** While one of them is broken, its worse tiers are held back; undefined: none. */
  readonly objectives: Objectives | undefined;
  /** What one of its sessions may have outstanding: the least, part by part, that its own window and those above it allow. */
  readonly session_window: PartWindowConfig;
  /** Money is limited by what the operator wrote, so models without a price cannot be used. */
  readonly money_is_limited: boolean;
  /** Ids of the models that may stand in at its limit (`at_limit: degrade`); undefined allows all. */
  readonly stand_ins: ReadonlySet<string> | undefined;
  /** Accounts that its calls are charged to, the narrowest first. */
  readonly accounts: readonly string[];
  /** Its share among the tenants of a tier. */
  readonly weight: number;
  /** Names its clients may use as `model`; undefined allows all. */
  readonly names: ReadonlySet<string> | undefined;
  /** For the frames of its sessions; undefined when it has no keys for them. */
  readonly signing: SigningKeys | undefined;
  readonly must_sign: boolean;
  /** What its calls ask and get may be kept. */
  readonly observes: boolean;
  /** What its clients ask next says something of the answer before it. */
  readonly signals: boolean;
  /** Its answers may be given again; undefined: none are kept. */
  readonly cache: CacheConfig | undefined;
}

/** Whether a tenant's list of names covers one: literally, or by `<provider>/*`. */
export function mayName(rules: TenantRules, name: string): boolean {
  if (rules.names === undefined || rules.names.has(name)) return true;
  const slash = name.indexOf('/');
  return slash > 0 && rules.names.has(`${name.slice(0, slash)}/*`);
}
