import type { ErrorCode } from '@atp-router/kernel';
import type { Health, Kills, RequestFacts } from './facts.ts';
import type { ModelEntry, SafetyGrade } from './registry.ts';

/** In the order in which they are asked: what the caller may never have, then what this request needs, then now. */
export const FILTERS = [
  'tenant_models',
  'data_scope',
  'safety_grade',
  'status',
  'manifest',
  'capability',
  'context',
  'external',
  'killed',
  'circuit_open',
] as const;

export type Filter = (typeof FILTERS)[number];

/** The error when this filter is the furthest that any candidate came. */
export const FILTER_ERRORS: Readonly<Record<Filter, ErrorCode>> = {
  tenant_models: 'policy_denied',
  data_scope: 'policy_denied',
  safety_grade: 'policy_denied',
  status: 'policy_denied',
  manifest: 'policy_denied',
  capability: 'invalid_request',
  context: 'prompt_too_large',
  external: 'policy_denied',
  killed: 'no_models_available',
  circuit_open: 'no_models_available',
};

/** How a candidate came to be one; `auto` is any choice that nobody wrote down. */
export type Role = 'named' | 'chain' | 'auto';

export interface Removed {
  readonly model: ModelEntry;
  readonly filter: Filter;
  readonly reason: string;
}

/** Why a model may not serve this request, undefined when it may. Builds text only for a model that is removed. */
export function removalOf(
  model: ModelEntry,
  role: Role,
  facts: RequestFacts,
  min_grade: SafetyGrade | undefined,
  health: Health,
  kills: Kills,
  now_ms: number,
): Removed | undefined {
  const { tenant } = facts;
  if (tenant.models !== undefined && !tenant.models.has(model.id)) {
    return removed(model, 'tenant_models', `tenant ${tenant.id} may not use it`);
  }
  if (!clearedFor(model, facts)) return removed(model, 'data_scope', scopeReason(model, facts));
  if (!gradeSuffices(model.safety_grade, min_grade) || !gradeSuffices(model.safety_grade, tenant.min_safety_grade)) {
    return removed(model, 'safety_grade', `its safety grade is ${model.safety_grade ?? 'not known'}, too low here`);
  }
  const status = statusReason(model, role, facts.shadow);
  if (status !== undefined) return removed(model, 'status', status);
  const { lacks_manifest } = model;
  if (lacks_manifest !== undefined && (lacks_manifest.where === 'any' || role === 'auto')) {
    return removed(model, 'manifest', lacks_manifest.reason);
  }
  const lacking = firstLacking(model, facts);
  if (lacking !== undefined) return removed(model, 'capability', `it lacks ${lacking}`);
  if (model.context !== undefined && facts.in_tokens >= model.context) {
    const reason = `about ${facts.in_tokens} prompt tokens do not fit its context of ${model.context}`;
    return removed(model, 'context', reason);
  }
  if (facts.local_only !== undefined && model.is_local !== true) {
    return removed(model, 'external', `it is beyond this machine and its private network, and ${facts.local_only}`);
  }
  if (kills.model(model.id) || kills.provider(model.provider_id)) {
    return removed(model, 'killed', 'it is switched off by an operator');
  }
  if (!health.admits(model, now_ms)) return removed(model, 'circuit_open', 'its circuit is open after failures');
  return undefined;
}

/**
 * Data scopes. A model that declares none is cleared for everything. Otherwise it must be cleared for every kind of
 * data that the request may carry: its labels when it has any, else everything that the tenant may send. Where that is
 * not written down, or nothing, a request without a label is sent to no model that declares scopes.
 */
export function clearedFor(model: ModelEntry, facts: Pick<RequestFacts, 'tenant' | 'data_scopes'>): boolean {
  const cleared = model.data_scopes;
  if (cleared === undefined) return true;
  if (facts.data_scopes.length > 0) return facts.data_scopes.every((scope) => cleared.has(scope));
  const sendable = facts.tenant.data_scopes;
  return sendable !== undefined && sendable.size > 0 && isSubset(sendable, cleared);
}

function isSubset(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  for (const one of part) if (!whole.has(one)) return false;
  return true;
}

function scopeReason(model: ModelEntry, facts: RequestFacts): string {
  const cleared = list(model.data_scopes);
  if (facts.data_scopes.length > 0)
    return `it is cleared for ${cleared}, the request carries ${list(facts.data_scopes)}`;
  const sendable = facts.tenant.data_scopes;
  const what = sendable === undefined ? 'anything' : list(sendable);
  return `it is cleared for ${cleared}, a request without x-atp-data-scope may carry ${what}`;
}

function list(scopes: Iterable<string> | undefined): string {
  return `[${[...(scopes ?? [])].join(', ')}]`;
}

function gradeSuffices(grade: SafetyGrade | undefined, required: SafetyGrade | undefined): boolean {
  return required === undefined || (grade !== undefined && grade <= required);
}

/** Why its status keeps a model from being asked. `shadow`: the one model that is asked on the quiet, and nobody else. */
function statusReason(model: ModelEntry, role: Role, shadow: string | undefined): string | undefined {
  if (shadow !== undefined) return model.id === shadow && model.status === 'shadow' ? undefined : 'it is no shadow now';
  return statusAllows(model, role) ? undefined : `its status is ${model.status}`;
}

function statusAllows(model: ModelEntry, role: Role): boolean {
  switch (model.status) {
    case 'active':
      return true;
    case 'deprecated':
    case 'fallback':
      return role !== 'auto';
    case 'shadow':
      return false;
  }
}

function firstLacking(model: ModelEntry, facts: RequestFacts): string | undefined {
  if (model.capabilities === undefined) return undefined;
  for (const need of facts.needs) if (!model.capabilities.has(need)) return need;
  return undefined;
}

function removed(model: ModelEntry, filter: Filter, reason: string): Removed {
  return { model, filter, reason };
}
