import type { ProviderConfig } from '@atp-router/adapters';
import type { ModelEntry, Registry } from '@atp-router/routing';
import type { AgentCapability } from './capability.ts';

/** More would not be read. */
const ROUTES_MAX = 256;

/** Of a name in a frame, and of a model's in the configuration. */
const ROUTE_CHARS_MAX = 128;

/** What names of models lead to. */
export type AgentRegistry = Pick<Registry, 'lookup' | 'models' | 'agents' | 'policies' | 'chain'>;

export interface RouteParts {
  /** Those of type `agent` that take agents of its key. */
  readonly providers: readonly ProviderConfig[];
  readonly registry: AgentRegistry;
  /** Whether its tenant may name a model so. */
  mayName(name: string): boolean;
}

/**
 * Names of models by which calls come to it: `<provider>/<name>` where the provider takes any model or one is declared for
 * the name, then the ids of those that are. Of a shared one, calls of other tenants may use what its own may not.
 */
export function routesTo(capability: AgentCapability, { providers, registry, mayName }: RouteParts): string[] {
  const names = namesOf(capability);
  const routes = providers.flatMap(({ id, agent }) => {
    const leads = (name: string): boolean => {
      const named = registry.lookup(name);
      const target = named?.kind === 'agent' ? named.target : named;
      return target?.kind === 'model' && isFor(target.model, id, names);
    };
    const declared = registry.models.filter((model) => isFor(model, id, names)).map((model) => model.id);
    const all = [...names.map((name) => `${id}/${name}`).filter(leads), ...declared];
    return agent?.shared === true ? all : all.filter(mayName);
  });
  return [...new Set(routes)].slice(0, ROUTES_MAX);
}

function namesOf({ adapter_id, models }: AgentCapability): string[] {
  return [...new Set([adapter_id, ...models])];
}

function isFor(model: ModelEntry, provider_id: string, names: readonly string[]): boolean {
  return model.provider_id === provider_id && names.includes(model.upstream_model);
}

/** Whether calls reach it that name something else: a policy that falls back to it, or what stands for it. */
export function isBehind(capability: AgentCapability, { providers, registry }: RouteParts): boolean {
  const names = namesOf(capability);
  const is = (model: ModelEntry): boolean => providers.some(({ id }) => isFor(model, id, names));
  if (registry.policies.some((policy) => registry.chain(policy).some(({ model }) => is(model)))) return true;
  return registry.agents.some(({ id }) => {
    const named = registry.lookup(id);
    return named?.kind === 'agent' && named.target.kind === 'model' && is(named.target.model);
  });
}

/** Why one of the routes cannot be told, and what to do; nothing when all can. */
export function tooLong(routes: readonly string[]): string | undefined {
  const route = routes.find(({ length }) => length > ROUTE_CHARS_MAX);
  if (route === undefined) return undefined;
  const provider = route.slice(0, route.indexOf('/'));
  const most = ROUTE_CHARS_MAX - provider.length - 1;
  return `Calls would name it "${route}", which is longer than ${ROUTE_CHARS_MAX} characters. At provider "${provider}", "adapter_id" and "models" have ${most} characters at most.`;
}

/** Why no call would reach it, and what its operator has to do. */
export function whyUnreachable(
  { adapter_id }: AgentCapability,
  { providers, registry }: RouteParts,
  { tenant, key_id }: { readonly tenant: string; readonly key_id: string },
  has_providers: boolean,
): string {
  if (!has_providers) return 'This router takes no agents. Ask the operator for a provider of type "agent".';
  const [provider] = providers;
  if (provider === undefined) {
    return `Key "${key_id}" of tenant "${tenant}" may not register agents here. Ask the operator to name it in "agent.keys" of a provider.`;
  }
  const route = `${provider.id}/${adapter_id}`;
  if (registry.lookup(route) !== undefined) {
    return `Tenant "${tenant}" may not name "${route}", so no call would reach the agent. Ask the operator to add it to "models" of the tenant.`;
  }
  return `No model leads to agent "${adapter_id}" at provider "${provider.id}", so no call would reach it. Ask the operator for "allow_any_model: true" there, or for a model with "provider: ${provider.id}" and "upstream_model: ${adapter_id}".`;
}
