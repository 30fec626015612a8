import type { FanoutPlan, Member } from '@atp-router/consensus';
import { AtpError, capQos } from '@atp-router/kernel';
import { resolve, type RequestFacts, unroutableError } from '@atp-router/routing';
import type { EngineParts } from '../engine/parts.ts';
import type { Target } from '../engine/target.ts';
import type { Generation } from '../generation/generation.ts';
import type { Voice } from './types.ts';

/**
 * Where a member of a fan-out is asked: what it names, past every filter of routing. A model is asked itself; an agent that
 * stands for a policy brings the policy's chain.
 */
export function voiceOf(
  member: Member,
  facts: RequestFacts,
  generation: Generation,
  parts: EngineParts,
  tenant: string,
): Voice | AtpError {
  const { registry } = generation;
  const named = registry.lookup(member.model);
  if (named === undefined) return new AtpError('model_not_found', `There is no model "${member.model}" any more.`);
  const now_ms = parts.ambient.clock.mono_ms();
  const resolution = resolve(registry, member.model, facts, parts.live, now_ms);
  if (!resolution.ok) return unroutableError(resolution);
  const { plan } = resolution;
  const agent = named.kind === 'agent' ? named.agent : undefined;
  const base = named.kind === 'agent' ? named.target : named;
  const models = base.kind === 'model' ? plan.targets.filter(({ id }) => id === base.model.id) : plan.targets;
  const targets = models.map((model): Target => parts.priced(generation.targetOf(model), tenant));
  if (targets.length === 0) return new AtpError('no_models_available', `No target is left for "${member.model}".`);
  const { persona } = member;
  const own = persona?.system_prompt ?? agent?.system_prompt;
  const system = own === undefined ? [] : [own];
  return { targets, system, qos: persona?.qos === undefined ? facts.qos : capQos(persona.qos, facts.qos) };
}

/** All targets that a plan may use, each once, in the order of its members. */
export function targetsOf(plan: FanoutPlan, voice: (member: Member) => Voice | AtpError): readonly Target[] {
  const targets = new Map<string, Target>();
  for (const member of plan.members) {
    const found = voice(member);
    if (found instanceof AtpError) continue;
    for (const target of found.targets) targets.set(target.model.id, target);
  }
  return [...targets.values()];
}
