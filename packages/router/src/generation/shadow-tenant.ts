import type { Config, TenantConfig } from '@atp-router/adapters';
import { SHADOW_TENANT } from './accounts.ts';

/** Tokens of one call that are held for it: a long prompt with a long answer. */
const CALL_TOKENS = 200_000;

/**
 * The operator as who asks shadow models: an account like that of a tenant, with a budget of the day and a window, of the
 * worst tier, and without keys, so that nobody else can ask in its name.
 */
function shadowTenant({ shadow }: Pick<Config, 'shadow'>): TenantConfig {
  return {
    id: SHADOW_TENANT,
    keys: [],
    qos_max: 'bronze',
    tool_permissions: [],
    security_groups: [],
    budget: { usd_per_day: shadow.usd_per_day },
    // Nobody waits for a shadow: what finds no place is left out.
    at_limit: 'reject',
    window: { max_parallel: shadow.max_in_flight, max_tokens: shadow.max_in_flight * CALL_TOKENS },
    key_window: {},
    session_window: {},
    weight: 1,
    signing_keys: [],
    require_signatures: false,
    share_learning: false,
    observe: false,
    implicit_signals: false,
  };
}

/** All who have accounts of tenants. */
export function payersOf(config: Pick<Config, 'models' | 'shadow' | 'tenants'>): readonly TenantConfig[] {
  const has_shadows = config.shadow.sample > 0 && config.models.some(({ status }) => status === 'shadow');
  return has_shadows ? [...config.tenants, shadowTenant(config)] : config.tenants;
}
