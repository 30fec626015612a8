import type { ProviderConfig } from '@atp-router/adapters';

/** Whether agents that came with this key are this provider's. */
export function isOpenTo({ type, agent }: ProviderConfig, tenant: string, key_id: string): boolean {
  return type === 'agent' && (agent?.keys === undefined || agent.keys.includes(`${tenant}/${key_id}`));
}

/** Which agents may see what this tenant asks of the provider: its own, and those that the operator shares. */
export function admission(provider: ProviderConfig, asking: string): (tenant: string, key_id: string) => boolean {
  return (tenant, key_id) =>
    isOpenTo(provider, tenant, key_id) && (tenant === asking || provider.agent?.shared === true);
}
