import type {
  Config,
  ModelConfig,
  PartWindowConfig,
  PolicyConfig,
  ProviderConfig,
  TenantConfig,
  UpstreamTransport,
} from '@atp-router/adapters';
import type { AccountLimits, Objectives } from '@atp-router/flow';
import { type KeyEntry, KeyRing, parseKeyHash } from '@atp-router/identity';
import {
  endpointTraits,
  endpointUrl,
  hostedToolPrices,
  type Operation,
  type ProviderDescription,
  providerOf,
} from '@atp-router/providers';
import { Registry } from '@atp-router/routing';
import { KeyRing as SigningKeys } from '@atp-router/wire';
import type { ProviderRuntime } from '../engine/ports.ts';
import type { Target } from '../engine/target.ts';
import type { ToolCap, ToolCaps } from '../engine/tool-cap.ts';
import { ROUTER_ACCOUNT, tenantAccount } from './accounts.ts';
import { dynamicLacks } from '../lifecycle/lacking.ts';
import { allPapers } from '../lifecycle/papers.ts';
import { fanoutsOf } from './fanout.ts';
import { leastWindow } from './flow-limits.ts';
import type { Generation, TenantRules } from './generation.ts';
import { ADMIN_OWNER, type OverlayEntity, overlayKeys } from './overlay.ts';
import { Cast } from './personas.ts';
import { redactor, secretsOf } from './redact.ts';
import { keyRights, rightsOf } from './rights.ts';
import { payersOf } from './own-tenants.ts';
import { policyEntry, registered } from './specs.ts';
import { targetAccounts } from './suggestions.ts';
import { usdNanos } from './usd-nanos.ts';

/** Money in flight of a tenant whose window does not say: four prompts of a million tokens at common prices. */
const WINDOW_USD_MICROS = 100_000_000;

/** Models that are only known by name are made into targets on the way; so many are remembered. */
const DYNAMIC_TARGETS_MAX = 1_000;

export interface GenerationParts {
  readonly number: number;
  readonly hash: string;
  readonly transportOf: (provider: ProviderConfig, config: Config) => UpstreamTransport;
}

/** Configuration → what the data plane works with. Throws `config_invalid` for what the check cannot see. */
export function buildGeneration(config: Config, overlay: readonly OverlayEntity[], parts: GenerationParts): Generation {
  const providers = new Map(config.providers.map((p) => [p.id, { config: p, runtime: runtimeOf(p, config, parts) }]));
  const models = new Map(config.models.map((m) => [m.id, m]));
  const targets = new Map<string, Target>();
  const cast = new Cast(config);
  const papers = allPapers(overlay);
  const registry = new Registry({
    providers: config.providers.map(({ id, allow_any_model }) => ({
      id,
      any_model: allow_any_model,
      is_local: cast.isLocalProvider(id),
    })),
    models: config.models.map((model) => registered(model, papers.get(model.id), config)),
    dynamic_lacks: dynamicLacks(config),
    agents: [...config.agents, ...cast.asAgents()],
    policies: config.policies.map((policy) => policyEntry(policy, cast)),
    ranking: config.routing.static,
  });
  return {
    number: parts.number,
    hash: parts.hash,
    registry,
    keys: new KeyRing(keyEntries(config, overlay)),
    tenants: new Map(payersOf(config).map((t) => [t.id, tenantRules(t, registry, config.flow.window)])),
    shadow: config.shadow,
    observed_share: config.observations?.sample ?? 0,
    limits: config.limits,
    routing: config.routing,
    preempts: config.flow.preempt,
    fanouts: fanoutsOf(config, cast),
    tool_caps: new Map(config.policies.flatMap(toolCaps)),
    idempotency: { ttl_ms: config.idempotency.ttl_ms, max_body_bytes: config.idempotency.max_body_bytes },
    targetOf(model) {
      const known = targets.get(model.id);
      if (known !== undefined) return known;
      if (targets.size >= DYNAMIC_TARGETS_MAX + models.size) targets.clear();
      const provider = providers.get(model.provider_id);
      if (provider === undefined)
        throw new Error(`provider ${model.provider_id} of model ${model.id} is not in this generation`);
      const target = makeTarget(registry, model.id, models.get(model.id), provider.config, provider.runtime);
      targets.set(model.id, target);
      return target;
    },
  };
}

function keyEntries(config: Config, overlay: readonly OverlayEntity[]): KeyEntry[] {
  const entries: KeyEntry[] = [];
  for (const tenant of config.tenants) {
    for (const { id, hash } of tenant.keys) {
      const principal = { kind: 'tenant', tenant: tenant.id, key_id: id } as const;
      entries.push({ principal, hash: parseKeyHash(hash, `tenants.${tenant.id}.keys.${id}.hash`), state: 'active' });
    }
  }
  for (const { id, hash } of config.admin.keys) {
    const principal = { kind: 'admin', key_id: id } as const;
    entries.push({ principal, hash: parseKeyHash(hash, `admin.keys.${id}.hash`), state: 'active' });
  }
  for (const key of overlayKeys(overlay)) {
    const principal =
      key.tenant === ADMIN_OWNER
        ? ({ kind: 'admin', key_id: key.id } as const)
        : ({ kind: 'tenant', tenant: key.tenant, key_id: key.id } as const);
    entries.push({ principal, hash: parseKeyHash(key.hash, `key ${key.tenant}/${key.id}`), state: key.state });
  }
  return entries;
}

function makeTarget(
  registry: Registry,
  id: string,
  config: ModelConfig | undefined,
  provider: ProviderConfig,
  runtime: ProviderRuntime,
): Target {
  const named = registry.lookup(id);
  if (named?.kind !== 'model') throw new Error(`model ${id} is not in the registry`);
  const { model } = named;
  const description = providerOf(provider.type, provider.api);
  const headers = description.headers(provider.api_key, Object.entries(provider.headers).flat());
  const at = (operation: Operation, stream: boolean): string | undefined =>
    pathOf(description, provider, { operation, stream, upstream_model: model.upstream_model });
  const paths = {
    generate: at('generate', false),
    stream: at('generate', true),
    embed: at('embed', false),
    count_tokens: at('count_tokens', false),
  };
  const on_untranslatable = config?.on_untranslatable ?? 'reject';
  return {
    key: model.target_key,
    ...targetAccounts(model, provider),
    model,
    provider: runtime,
    description,
    path: (operation, stream) => (stream ? paths.stream : paths[operation]) ?? '',
    headers,
    tool_prices: hostedToolPrices(provider.type, config?.price?.tools),
    endpoint: endpointTraits(provider.base_url ?? description.default_base_url, provider.max_tokens_field),
    // Only a context that the operator wrote down: a model's own may be more than the machine has memory for.
    context_tokens: provider.type === 'ollama' && provider.send_context !== false ? config?.context : undefined,
    drop: (field) => (typeof on_untranslatable === 'string' ? on_untranslatable : on_untranslatable[field]) === 'drop',
  };
}

function pathOf(
  description: ProviderDescription,
  provider: ProviderConfig,
  query: { operation: Operation; stream: boolean; upstream_model: string },
): string | undefined {
  const endpoint = description.endpoint(query);
  if (endpoint === undefined) return undefined;
  if (provider.type === 'sim' || provider.type === 'agent') return endpoint.path;
  return endpointUrl(description, provider.base_url ?? description.default_base_url, endpoint).path;
}

function runtimeOf(provider: ProviderConfig, config: Config, parts: GenerationParts): ProviderRuntime {
  return {
    id: provider.id,
    transport: parts.transportOf(provider, config),
    origin: provider.base_url === undefined ? NO_ORIGIN : new URL(provider.base_url).origin,
    head_timeout_ms: provider.head_timeout_ms,
    cache_ttl_ms: provider.cache_ttl_s * 1_000,
    // The limit of the data plane holds for every call, whatever a provider is allowed.
    idle_timeout_ms: Math.min(provider.idle_timeout_ms, config.limits.idle_ms),
    queue_timeout_ms: provider.queue_timeout_ms,
    retry: provider.retry,
    is_common: provider.type !== 'agent' || provider.agent?.shared === true,
    simulated: provider.type === 'sim',
    redact: redactor(secretsOf(provider)),
  };
}

/** Never connected to: simulated providers and agents have no address. */
const NO_ORIGIN = 'http://none.invalid';

function toolCaps({ id, tool_caps }: PolicyConfig): readonly (readonly [string, ToolCaps])[] {
  if (tool_caps === undefined) return [];
  const caps = new Map<string, ToolCap>();
  for (const [tool, cap] of Object.entries(tool_caps)) {
    if (cap !== undefined) caps.set(tool, { uses: cap.uses, usd_nanos: usdNanos(cap.usd) });
  }
  return [[id, caps]];
}

function objectivesOf({ slo }: TenantConfig): Objectives | undefined {
  if (slo === undefined) return undefined;
  const { p95_ms, error_rate, usd_per_hour } = slo;
  return { p95_ms, error_rate, usd_nanos_per_hour: usdNanos(usd_per_hour) };
}

export function accountLimits(tenant: TenantConfig): AccountLimits {
  return {
    ...tenant.window,
    max_usd_micros: tenant.window.max_usd_micros ?? WINDOW_USD_MICROS,
    usd_nanos_per_day: usdNanos(tenant.budget.usd_per_day),
    tokens_per_day: tenant.budget.tokens_per_day,
    calls_per_day: tenant.budget.calls_per_day,
  };
}

/** The models that a tenant comes to by the names that it may use; undefined where every active one is among them. */
function reachOf(tenant: TenantConfig, registry: Registry): ReadonlySet<string> | undefined {
  if (tenant.models === undefined) return undefined;
  const reach = new Set<string>();
  for (const name of tenant.models) {
    const named = registry.lookup(name);
    const target = named?.kind === 'agent' ? named.target : named;
    if (target?.kind === 'auto') return undefined;
    if (target?.kind === 'model') reach.add(target.model.id);
    if (target?.kind === 'policy') {
      const chain = registry.chain(target.policy);
      if (chain.length === 0) return undefined;
      for (const { model } of chain) reach.add(model.id);
    }
    if (!name.endsWith('/*')) continue;
    const provider = name.slice(0, -2);
    for (const model of registry.models) if (model.provider_id === provider) reach.add(model.id);
  }
  return reach;
}

function tenantRules(tenant: TenantConfig, registry: Registry, router_window: PartWindowConfig): TenantRules {
  return {
    id: tenant.id,
    qos_max: tenant.qos_max,
    data_scopes: tenant.data_scopes === undefined ? undefined : new Set(tenant.data_scopes),
    rights: rightsOf(tenant),
    key_rights: keyRights(tenant),
    at_limit: tenant.at_limit,
    limits: accountLimits(tenant),
    session_window: leastWindow([accountLimits(tenant), tenant.key_window, tenant.session_window, router_window]),
    money_is_limited: tenant.budget.usd_per_day !== undefined || tenant.window.max_usd_micros !== undefined,
    stand_ins: tenant.at_limit === 'degrade' ? reachOf(tenant, registry) : undefined,
    accounts: [tenantAccount(tenant.id), ROUTER_ACCOUNT],
    weight: tenant.weight,
    objectives: objectivesOf(tenant),
    names: tenant.models === undefined ? undefined : new Set(tenant.models),
    signing: tenant.signing_keys.length === 0 ? undefined : signingKeys(tenant.signing_keys),
    must_sign: tenant.require_signatures,
    observes: tenant.observe,
    signals: tenant.implicit_signals,
    cache: tenant.cache,
  };
}

function signingKeys(keys: TenantConfig['signing_keys']): SigningKeys {
  return new SigningKeys(
    keys.map(({ id, secret, not_before, not_after }) => ({
      kid: id,
      secret: Buffer.from(secret, 'hex'),
      not_before_ms: not_before === undefined ? 0 : Date.parse(not_before),
      not_after_ms: not_after === undefined ? Number.POSITIVE_INFINITY : Date.parse(not_after),
    })),
  );
}
