import type { TenantConfig } from '@atp-router/adapters';
import type { Rights } from '@atp-router/routing';

/** What callers of a tenant may do, as the operator wrote it. */
export function rightsOf({ tool_permissions, security_groups }: Pick<TenantConfig, keyof Rights>): Rights {
  return { tool_permissions: new Set(tool_permissions), security_groups: new Set(security_groups) };
}

/** A key has what its tenant has, but for what it narrows. */
export function keyRights(tenant: TenantConfig): ReadonlyMap<string, Rights> {
  const rights = new Map<string, Rights>();
  const { tool_permissions, security_groups } = tenant;
  for (const key of tenant.keys) {
    if (key.tool_permissions === undefined && key.security_groups === undefined) continue;
    const tools = key.tool_permissions ?? tool_permissions;
    rights.set(key.id, rightsOf({ tool_permissions: tools, security_groups: key.security_groups ?? security_groups }));
  }
  return rights;
}
