/** Names of accounts, which outlive generations: windows and use are kept under them over a reload. */

/** All calls of this router. */
export const ROUTER_ACCOUNT = 'router';

export function tenantAccount(tenant: string): string {
  return `tenant:${tenant}`;
}

/** Who pays for what shadow models are asked: the operator. No tenant can be called so, for it starts with `@`. */
export const SHADOW_TENANT = '@shadow';

/** Who pays for what a judge is asked: the operator. */
export const JUDGE_TENANT = '@judge';

/** Whether it is the router that asks. */
export function isOwnTenant(tenant: string): boolean {
  return tenant === SHADOW_TENANT || tenant === JUDGE_TENANT;
}

/** Key ids are unique within their tenant, as session ids are. */
export function keyAccount(tenant: string, key_id: string): string {
  return `key:${tenant}/${key_id}`;
}

/** How accounts of sessions, and no others, begin. */
export const SESSION_PREFIX = 'session:';

export function sessionAccount(tenant: string, session_id: string): string {
  return `${SESSION_PREFIX}${tenant}/${session_id}`;
}

/** A model with a prompt of its own, as clients name it. */
export function agentAccount(agent: string): string {
  return `agent:${agent}`;
}

export function providerAccount(provider: string): string {
  return `provider:${provider}`;
}

/** One upstream model at one provider, under whatever names. */
export function deploymentAccount(target_key: string): string {
  return `deployment:${target_key}`;
}

/** Calls at a deployment that its agents suggest, where gold may go beyond: what is not gold is counted there as well. */
export function suggestedAccount(target_key: string): string {
  return `suggested:${target_key}`;
}

/** A model as clients name it. */
export function modelAccount(model: string): string {
  return `model:${model}`;
}

/** The kind of an account: a closed set, since the router makes the names. */
export function levelOf(account: string): string {
  const colon = account.indexOf(':');
  return colon === -1 ? account : account.slice(0, colon);
}
