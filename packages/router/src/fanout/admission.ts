import type { FanoutPlan, Member } from '@atp-router/consensus';
import { AtpError } from '@atp-router/kernel';
import type { Plan, PolicyEntry, Registry, RequestFacts } from '@atp-router/routing';
import { cascadeAmong } from '../auto/admission.ts';
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
  request: CallRequest,
  policy: PolicyEntry | undefined,
  facts: RequestFacts,
  generation: Generation,
  parts: EngineParts,
  routed: Plan | undefined,
): Fanout | undefined {
  const { facet, tenant, call_id } = request;
  const plan: FanoutPlan | undefined = policy && generation.fanouts.get(policy.id);
  if (policy === undefined || plan === undefined || facet === undefined) return undefined;
  const voice = (member: Member) => voiceOf(member, facts, generation, parts, tenant);
  const chain =
    plan.falls_back === true && routed !== undefined ? chainOf(routed, facts, generation, parts) : undefined;
  const { listed, absent } = thereOf(plan, voice);
  const task = { call_id, task_type: facts.task_type, qos: facts.qos };
  const { members, why } = parts.reconciler.select({ ...plan, members: listed }, task);
  const fanout = { policy: policy.id, plan: { ...plan, members }, facet, voice, chain, chosen: [...absent, ...why] };
  return plan.strategy.kind === 'cascade' ? cascadeAmong(request, fanout, facts, generation, parts) : fanout;
}

/** Among whom the best are chosen: a place must not go to one that cannot be asked. Where that is nobody, all are listed. */
function thereOf(
  { select, members }: FanoutPlan,
  voice: Fanout['voice'],
): { listed: readonly Member[]; absent: readonly string[] } {
  const listed = select === undefined ? members : members.filter((member) => !(voice(member) instanceof AtpError));
  if (listed.length === members.length || listed.every(({ is_challenger }) => is_challenger)) {
    return { listed: members, absent: [] };
  }
  const sources = new Set(members.filter((member) => !listed.includes(member)).map(({ source }) => source));
  return { listed, absent: [`cannot be asked now: ${[...sources].join(', ')}`] };
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

/** The policy's own chain, asked as without a fan-out, where nobody of that can be asked; undefined where it may not be. */
export function chainInstead(
  routed: Plan | undefined,
  { policy, plan, chain }: Fanout,
  { code }: AtpError,
): Plan | undefined {
  // It would be asked in the client's own words.
  if (routed === undefined || chain === undefined || plan.filter !== undefined) return undefined;
  return { ...routed, why: [...routed.why, `nobody whom policy ${policy} asks can be asked (${code}): its chain is`] };
}
