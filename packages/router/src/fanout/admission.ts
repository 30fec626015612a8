import type { FanoutPlan, Member } from '@atp-router/consensus';
import { AtpError } from '@atp-router/kernel';
import type { Plan, PolicyEntry, Registry, RequestFacts } from '@atp-router/routing';
import type { EngineParts } from '../engine/parts.ts';
import type { CallRequest } from '../engine/request.ts';
import type { Generation } from '../generation/generation.ts';
import type { Fanout, Voice } from './types.ts';
import { targetsOf, voiceOf } from './voices.ts';

/** The policy that a request names itself, which may ask several agents although none of its own chain is there. */
export function policyNamed(registry: Registry, model: string): PolicyEntry | undefined {
  const named = registry.lookup(model);
  const target = named?.kind === 'agent' ? named.target : named;
  return target?.kind === 'policy' ? target.policy : undefined;
}

/** What the policy makes of a request that it has several agents asked for; undefined where it asks one at a time. */
export function fanoutOf(
  { facet, tenant, call_id }: CallRequest,
  policy: PolicyEntry | undefined,
  facts: RequestFacts,
  generation: Generation,
  parts: EngineParts,
  routed: Plan | undefined,
): Fanout | undefined {
  const plan: FanoutPlan | undefined = policy && generation.fanouts.get(policy.id);
  if (policy === undefined || plan === undefined || facet === undefined) return undefined;
  const voice = (member: Member) => voiceOf(member, facts, generation, parts, tenant);
  const chain =
    plan.falls_back === true && routed !== undefined ? chainOf(routed, facts, generation, parts) : undefined;
  const { members, why } = parts.reconciler.select(plan, { call_id, task_type: facts.task_type, qos: facts.qos });
  return { policy: policy.id, plan: { ...plan, members }, facet, voice, chain, chosen: why };
}

function chainOf(
  { targets, step_agents }: Plan,
  facts: RequestFacts,
  generation: Generation,
  parts: EngineParts,
): Voice {
  return {
    targets: targets.map((model) => parts.priced(generation.targetOf(model), facts.tenant.id)),
    system: [],
    qos: facts.qos,
    systemOf: ({ model }) => step_agents.get(model.id)?.system_prompt,
  };
}

/** Where a fan-out may go, as the plan of a call: all targets of its members. What keeps the first from it, where none is left. */
export function fanoutRoute(
  routed: Plan | undefined,
  policy: PolicyEntry | undefined,
  { plan, voice, chosen }: Fanout,
): Plan | AtpError {
  const targets = targetsOf(plan, voice).map(({ model }) => model);
  if (targets.length === 0) {
    const [first] = plan.members;
    const why = first === undefined ? undefined : voice(first);
    return why instanceof AtpError ? why : new AtpError('no_models_available', 'No member of the policy can be asked.');
  }
  const members = plan.members.map(({ source, clone }) => (clone === 0 ? source : `${source}#${clone}`)).join(', ');
  const why = `policy ${policy?.id} asks ${members} (${plan.mode}) and reconciles by ${plan.strategy.kind}`;
  return {
    targets,
    agent: routed?.agent,
    step_agents: new Map(),
    policy,
    why: [...(routed?.why.slice(0, 1) ?? []), why, ...chosen],
  };
}
