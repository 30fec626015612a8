import type { ConfigWarning } from './problem.ts';
import { policyWarnings } from './warnings-policies.ts';
import type { Config, SigningKeyConfig, TenantConfig } from './types.ts';

/** More would not be read. */
const WARNINGS_MAX = 100;

export interface KnownKeys {
  /** Whether the tenant has this key. Some are made by `atp keys create`, and are in no file. */
  has(tenant: string, key_id: string): boolean;
}

/**
 * Names that lead nowhere, and keys whose time is over. None of it keeps a router from its other work, and some of it is
 * so only at some times: nothing is refused.
 */
export function configWarnings(config: Config, now_ms: number, keys: KnownKeys = keysOf(config)): ConfigWarning[] {
  return [
    ...deadAgentKeys(config, keys),
    ...deadSigners(config, now_ms),
    ...wordingOnly(config),
    ...policyWarnings(config),
  ].slice(0, WARNINGS_MAX);
}

function keysOf({ tenants }: Config): KnownKeys {
  const known = new Set(tenants.flatMap(({ id, keys }) => keys.map((key) => `${id}/${key.id}`)));
  return { has: (tenant, key_id) => known.has(`${tenant}/${key_id}`) };
}

function deadAgentKeys({ providers, tenants }: Config, keys: KnownKeys): ConfigWarning[] {
  const known = new Set(tenants.map(({ id }) => id));
  return providers.flatMap(({ agent }, p) =>
    (agent?.keys ?? []).flatMap((entry, k) => {
      const slash = entry.indexOf('/');
      const [tenant, key_id] = [entry.slice(0, slash), entry.slice(slash + 1)];
      if (keys.has(tenant, key_id)) return [];
      const what = known.has(tenant) ? `tenant "${tenant}" has no key "${key_id}"` : `there is no tenant "${tenant}"`;
      const help = `no agent can come with it. Mend it, or make the key: atp keys create --tenant ${tenant} --id ${key_id}`;
      return [{ path: `providers[${p}].agent.keys[${k}]`, message: `"${entry}" leads nowhere, ${what}: ${help}` }];
    }),
  );
}

function deadSigners({ tenants }: Config, now_ms: number): ConfigWarning[] {
  return tenants.flatMap(({ id, signing_keys, require_signatures }: TenantConfig, t) => {
    if (!require_signatures || signing_keys.some((key) => isGood(key, now_ms))) return [];
    const last = signing_keys
      .flatMap(({ not_after }) => not_after ?? [])
      .sort()
      .at(-1);
    const ended = last === undefined ? '' : ` (the last one ended ${last})`;
    const what = `no signing key of tenant "${id}" is good now${ended}: none of its sessions can be opened`;
    const message = `${what}. Add one to "signing_keys", or take "require_signatures" out`;
    return [{ path: `tenants[${t}].signing_keys`, message }];
  });
}

/** The cache of answers does not ask the embedder that is configured. */
function wordingOnly({ embeddings, tenants }: Config): ConfigWarning[] {
  if (embeddings.type === 'hashed') return [];
  return tenants.flatMap(({ cache }, t) => {
    if (cache?.semantic !== true) return [];
    const message = `prompts are compared by their wording (hashed vectors): the cache does not ask "embeddings" of type "${embeddings.type}"`;
    return [{ path: `tenants[${t}].cache.semantic`, message }];
  });
}

function isGood({ not_before, not_after }: SigningKeyConfig, now_ms: number): boolean {
  const began = not_before === undefined || Date.parse(not_before) <= now_ms;
  return began && (not_after === undefined || now_ms < Date.parse(not_after));
}
