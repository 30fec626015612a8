import { AtpError } from '@atp-router/kernel';
import type { Plan, PolicyEntry, Registry } from '@atp-router/routing';
import type { Generation } from '../generation/generation.ts';
import type { CallRequest } from './request.ts';

// Why nobody beyond this machine and its private network may see a request (`RequestFacts.local_only`). Undefined: they may.

/** It names a persona that is to stay here, whatever stands in for it and whatever policy matches. */
export function ofPersona(registry: Registry, model: string): string | undefined {
  const named = registry.lookup(model);
  if (named?.kind !== 'agent' || named.agent.local_only !== true) return undefined;
  return `"${named.agent.id}" is to stay there`;
}

/** Somebody whom the policy asks wants nobody else asked beside it. */
export function ofItsPersonas(policy: PolicyEntry | undefined): string | undefined {
  return policy?.local_only === true ? `policy "${policy.id}" asks a persona with no_external` : undefined;
}

/** A filter stands before members of a fan-out only: where there is no fan-out, nothing has been taken out of the words. */
export function ofPolicy(
  policy: PolicyEntry | undefined,
  { fanouts }: Pick<Generation, 'fanouts'>,
  { facet }: Pick<CallRequest, 'facet'>,
): string | undefined {
  const of_personas = ofItsPersonas(policy);
  if (policy === undefined || of_personas !== undefined) return of_personas;
  if (facet !== undefined || fanouts.get(policy.id)?.filter === undefined) return undefined;
  return `the filter of policy "${policy.id}" is asked for one answer in words only (n: 1, no embeddings)`;
}

/** A step of a chain is to stay here, and so is what stands in for it. */
export function ofSteps({ step_agents }: Plan): string | undefined {
  for (const agent of step_agents.values()) if (agent.local_only === true) return `"${agent.id}" is to stay there`;
  return undefined;
}

/** Of a chain that is made of the members, only the filter may be asked: it has no answer, only the words without names. */
export function onlyFilterLeft({ policy, targets, step_agents }: Plan, { fanouts }: Generation): AtpError | undefined {
  const filter = policy && fanouts.get(policy.id)?.filter;
  if (policy === undefined || filter === undefined) return undefined;
  if (targets.some(({ id }) => step_agents.get(id)?.id !== filter.source)) return undefined;
  const message = `Policy "${policy.id}" asks nobody but behind its filter, which is asked for one answer in words only. Ask without "n", or name another model.`;
  return new AtpError('policy_denied', message, { param: 'model' });
}
