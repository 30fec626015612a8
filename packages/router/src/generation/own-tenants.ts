import type { Config, TenantConfig } from '@atp-router/adapters';
import { JUDGE_TENANT, SHADOW_TENANT } from './accounts.ts';

/** Tokens of one call that are held for it: a long prompt with a long answer. */
const CALL_TOKENS = 200_000;
/** Calls of a judge at a time, in each process: nobody waits for them, and a burst of answers is to be no burst of calls. */
export const JUDGED_AT_ONCE = 4;

/**
 * The operator as who asks on their own account: an account like that of a tenant, with a budget of the day and a window, of the
 * worst tier, and without keys, so that nobody else can ask in its name.
 */
function ownTenant(id: string, usd_per_day: number, window: TenantConfig['window']): TenantConfig {
  return {
    id,
    keys: [],
    qos_max: 'bronze',
    tool_permissions: [],
    security_groups: [],
    budget: { usd_per_day },
    // Nobody waits for it: what finds no place is left out.
    at_limit: 'reject',
    window,
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

function windowOf(calls: number): TenantConfig['window'] {
  return { max_parallel: calls, max_tokens: calls * CALL_TOKENS };
}

type Payers = Pick<Config, 'models' | 'shadow' | 'tenants' | 'routing' | 'workers'>;

/** All who have accounts of tenants. */
export function payersOf(config: Payers): readonly TenantConfig[] {
  const { shadow, tenants, models, routing, workers } = config;
  const has_shadows = shadow.sample > 0 && models.some(({ status }) => status === 'shadow');
  const { judge } = routing;
  return [
    ...tenants,
    ...(has_shadows ? [ownTenant(SHADOW_TENANT, shadow.usd_per_day, windowOf(shadow.max_in_flight))] : []),
    ...(judge !== undefined && judge.sample > 0
      ? [ownTenant(JUDGE_TENANT, judge.usd_per_day, windowOf(workers * JUDGED_AT_ONCE))]
      : []),
  ];
}
