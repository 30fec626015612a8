import { type Live, type ModelEntry, type Plan, removalOf, type RequestFacts } from '@atp-router/routing';
import { SHADOW_TENANT } from '../../generation/accounts.ts';
import { type Generation, mayName } from '../../generation/generation.ts';

/** A request as shadows might see it. */
export interface Seen {
  readonly facts: RequestFacts;
  readonly routed: Plan;
}

/**
 * The shadow models that may be asked what a client asks: by data scope, locality, safety grade, capabilities and context as
 * anybody. Not what an agent's prompt goes with, and not what comes under a policy that says whom to ask: nobody else may see
 * it. Not for tenants that may name neither it nor `auto`, and not for gold unless the operator has it so.
 */
export function shadowsFor(
  { facts, routed }: Seen,
  { registry, shadow, tenants }: Generation,
  live: Live,
  now_ms: number,
): readonly ModelEntry[] {
  const rules = tenants.get(facts.tenant.id);
  if (rules === undefined || rules.id === SHADOW_TENANT) return [];
  if (facts.qos === 'gold' && !shadow.gold) return [];
  if (routed.agent !== undefined || routed.step_agents.size > 0) return [];
  const { policy } = routed;
  if (policy !== undefined && registry.chain(policy).length > 0) return [];
  const may_auto = mayName(rules, 'auto');
  return registry.models.filter((model) => {
    if (model.status !== 'shadow' || !(may_auto || mayName(rules, model.id))) return false;
    const asked = { ...facts, shadow: model.id };
    return removalOf(model, 'named', asked, policy?.min_safety_grade, live.health, live.kills, now_ms) === undefined;
  });
}
