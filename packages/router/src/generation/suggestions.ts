import type { ProviderConfig } from '@atp-router/adapters';
import { deploymentAccount, modelAccount, providerAccount, suggestedAccount } from './accounts.ts';

/** Whether gold calls may go beyond what the agents of this provider suggest. */
export function letsGoldBeyond({ agent }: Pick<ProviderConfig, 'agent'>): boolean {
  return agent?.gold_overrides === true;
}

/** Only calls for agents that are shared wait for a place, so only they need an account of their own where gold needs none. */
export function countsSuggested(provider: Pick<ProviderConfig, 'agent'>): boolean {
  return provider.agent?.shared === true && letsGoldBeyond(provider);
}

/** What attempts at a deployment are counted at, the narrowest first; of gold, and of all others. */
export function targetAccounts(
  { id, target_key }: { readonly id: string; readonly target_key: string },
  provider: Pick<ProviderConfig, 'id' | 'agent'>,
): Readonly<Record<'deployment_account' | 'provider_account', string>> &
  Readonly<Record<'accounts' | 'gold_accounts', readonly string[]>> {
  const model = modelAccount(id);
  const [deployment_account, provider_account] = [deploymentAccount(target_key), providerAccount(provider.id)];
  const gold_accounts = [model, deployment_account, provider_account];
  const accounts = countsSuggested(provider)
    ? [model, suggestedAccount(target_key), deployment_account, provider_account]
    : gold_accounts;
  return { accounts, gold_accounts, deployment_account, provider_account };
}
