import type { Config, ModelConfig, PartWindowConfig, ProviderConfig } from '@atp-router/adapters';
import {
  type AccountLedger,
  type AccountLimits,
  DEFAULT_AIMD,
  type LimitsRule,
  type QueueOptions,
} from '@atp-router/flow';
import { NO_BOUND_CALLS } from '../engine/call-limit.ts';
import type { Engine } from '../engine/engine.ts';
import type { WindowOptions } from '../engine/target-windows.ts';
import {
  agentAccount,
  deploymentAccount,
  modelAccount,
  providerAccount,
  ROUTER_ACCOUNT,
  suggestedAccount,
} from './accounts.ts';
import { countsSuggested } from './suggestions.ts';

/**
 * Brings limits of everything but tenants into force; whoever waits is woken by the caller. `before`: accounts that had some,
 * which keep them until nothing of them runs. Returns those that have some now.
 */
export function applyRules(
  config: Config,
  accounts: AccountLedger,
  { gate, windows }: Pick<Engine, 'gate' | 'windows'>,
  before: ReadonlySet<string>,
  is_one_of_many = false,
): ReadonlySet<string> {
  const rules = accountRules(config, is_one_of_many);
  for (const account of before) {
    if (rules.has(account)) continue;
    accounts.retire(account);
    gate.configure(account, undefined);
  }
  for (const [account, { limits, queue }] of rules) {
    accounts.setLimits(account, limits);
    gate.configure(account, queue);
  }
  accounts.setRule(windowRule(config));
  gate.setMaxWaiting(config.flow.max_waiting);
  windows.configure(config.flow.aimd.enabled ? windowOptions(config) : undefined);
  return new Set(rules.keys());
}

/** What the configuration says of one account that is not a tenant's. */
interface AccountRules {
  readonly limits: AccountLimits;
  readonly queue: QueueOptions;
}

/** Accounts of the router, providers, deployments, models and agents that have limits. */
function accountRules(config: Config, is_one_of_many: boolean): ReadonlyMap<string, AccountRules> {
  const { shares, window } = config.flow;
  const rules = new Map<string, AccountRules>();
  const add = (account: string, limits: AccountLimits, max_waiting?: number): void => {
    if (isLimited(limits)) rules.set(account, { limits, queue: { shares, max_waiting } });
  };
  add(ROUTER_ACCOUNT, window);
  const providers = new Map(config.providers.map((provider) => [provider.id, provider]));
  for (const { id, max_concurrency, max_queue, window: of_provider } of config.providers) {
    add(providerAccount(id), { max_parallel: max_concurrency, ...of_provider }, max_queue);
  }
  for (const [account, { max_parallel, max_waiting }] of deployments(config.models, providers)) {
    add(account, { max_parallel }, max_waiting);
  }
  if (is_one_of_many) {
    for (const model of config.models) {
      const of_agents = providers.get(model.provider);
      const suggested = of_agents !== undefined && countsSuggested(of_agents) ? [suggestedAccount(keyOf(model))] : [];
      for (const account of [deploymentOf(model), ...suggested])
        if (!rules.has(account)) add(account, { max_parallel: NO_BOUND_CALLS });
    }
  }
  for (const { id, window: of_model } of config.models) add(modelAccount(id), of_model);
  for (const { id, window: of_agent } of config.agents) add(agentAccount(id), of_agent);
  return rules;
}

/** Bursts are not capped at deployments: the provider's own answers tell what it bears. */
export function windowOptions({ flow: { aimd } }: Config): WindowOptions {
  const { base, increase, decrease, hold_ms, latency_ms } = aimd;
  return { ...DEFAULT_AIMD, base, max: Math.max(base, DEFAULT_AIMD.max), increase, decrease, hold_ms, latency_ms };
}

function isLimited({ max_parallel, max_tokens, max_usd_micros }: AccountLimits): boolean {
  return max_parallel !== undefined || max_tokens !== undefined || max_usd_micros !== undefined;
}

/** By deployment. Several names of one upstream model share its places, as many as the strictest of them says. */
function deployments(
  models: readonly ModelConfig[],
  providers: ReadonlyMap<string, ProviderConfig>,
): ReadonlyMap<string, { readonly max_parallel: number; readonly max_waiting: number }> {
  const limits = new Map<string, { readonly max_parallel: number; readonly max_waiting: number }>();
  for (const model of models) {
    const { max_concurrency, max_queue } = model;
    const provider = providers.get(model.provider);
    if (provider === undefined || max_concurrency === undefined) continue;
    const account = deploymentOf(model);
    const other = limits.get(account);
    if (other !== undefined && other.max_parallel <= max_concurrency) continue;
    limits.set(account, { max_parallel: max_concurrency, max_waiting: max_queue ?? provider.max_queue });
  }
  return limits;
}

/** Account of the deployment that a model is served by. */
export function deploymentOf(model: ModelConfig): string {
  return deploymentAccount(keyOf(model));
}

/** Of the target that its calls go to. */
function keyOf({ provider, upstream_model, id }: ModelConfig): string {
  return `${provider}/${upstream_model ?? id}`;
}

/** Windows of keys and sessions, whose accounts come and go. */
function windowRule(config: Config): LimitsRule {
  const of_keys = windowsBy(config, ({ key_window }) => key_window);
  const of_sessions = windowsBy(config, ({ session_window }) => session_window);
  if (of_keys.size + of_sessions.size === 0) return () => undefined;
  return (id) => {
    const colon = id.indexOf(':');
    const kind = id.slice(0, colon);
    if (kind !== 'key' && kind !== 'session') return undefined;
    const tenant = id.slice(colon + 1, id.indexOf('/', colon));
    return (kind === 'key' ? of_keys : of_sessions).get(tenant);
  };
}

function windowsBy(
  { tenants }: Config,
  of: (tenant: Config['tenants'][number]) => PartWindowConfig,
): ReadonlyMap<string, AccountLimits> {
  const windows = new Map<string, AccountLimits>();
  for (const tenant of tenants) if (isLimited(of(tenant))) windows.set(tenant.id, of(tenant));
  return windows;
}

/** Part by part the least of them; a part that none limits is not limited. */
export function leastWindow(windows: readonly PartWindowConfig[]): PartWindowConfig {
  const least = (name: keyof PartWindowConfig): number | undefined => {
    const value = Math.min(...windows.map((window) => window[name] ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(value) ? value : undefined;
  };
  return {
    max_parallel: least('max_parallel'),
    max_tokens: least('max_tokens'),
    max_usd_micros: least('max_usd_micros'),
  };
}
