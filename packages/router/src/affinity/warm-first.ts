import type { AffinityTarget, ModelEntry, Plan, RequestFacts } from '@atp-router/routing';
import type { EngineParts } from '../engine/parts.ts';
import type { CallRequest } from '../engine/request.ts';
import type { Target } from '../engine/target.ts';
import type { Generation } from '../generation/generation.ts';
import type { AffinityDesk, Look } from './affinity-desk.ts';

/** How warm the models are that a call may ask. */
export interface Warmth {
  readonly look: Look;
  readonly desk: AffinityDesk;
  readonly targets: ReadonlyMap<string, AffinityTarget>;
}

/** Undefined: it does not count, or the prompt is too short to be told from others. `texts`: of the prompt. */
export function warmthOf(
  request: CallRequest,
  models: readonly ModelEntry[],
  plan: Pick<Plan, 'agent' | 'step_agents'>,
  texts: readonly string[],
  facts: RequestFacts,
  generation: Generation,
  { affinity: desk }: EngineParts,
): Warmth | undefined {
  const [first] = models;
  if (desk === undefined || first === undefined || !generation.routing.affinity.enabled) return undefined;
  const own = (plan.step_agents.get(first.id) ?? plan.agent)?.system_prompt;
  const look = desk.look({
    tenant: facts.tenant.id,
    session_id: request.session_id,
    texts: own === undefined ? texts : [own, ...texts],
    in_tokens: facts.in_tokens,
  });
  if (look.prefix.blocks.length === 0 && look.session === undefined) return undefined;
  const targets = new Map(
    models.map((model): [string, AffinityTarget] => [model.id, targetOf(generation.targetOf(model))]),
  );
  return { look, desk, targets };
}

/** Tokens of the prompt that are expected in the cache of one of its models. */
export function expectedAt({ look, desk, targets }: Warmth, model: ModelEntry): number {
  const target = targets.get(model.id);
  return target === undefined ? 0 : desk.expected(look, target);
}

/**
 * Of the first steps of a chain that are the same model at several providers, or with several credentials, the one goes first
 * where the prompt is warm. The order that is written down stands for all others.
 */
export function warmFirst(
  request: CallRequest,
  plan: Plan,
  facts: RequestFacts,
  generation: Generation,
  parts: EngineParts,
): Plan {
  if (parts.affinity === undefined || !generation.routing.affinity.enabled || request.kind !== 'generate') return plan;
  const replicas = replicasOf(plan);
  if (replicas.length < 2) return plan;
  const warmth = warmthOf(request, replicas, plan, request.promptTexts(), facts, generation, parts);
  if (warmth === undefined) return plan;
  const { look, desk, targets } = warmth;
  desk.follow(request.call_id, look, targets);
  const places = replicas.map((model) => {
    const target = generation.targetOf(model);
    return { ...targetOf(target), model, has_room: hasRoom(target, parts) };
  });
  const picked = desk.pick(look, places, generation.routing.affinity.spread);
  if (picked === undefined || picked === places[0]) return plan;
  const { model } = picked;
  const cached = desk.expected(look, picked);
  const why = `${model.id} goes first of its like: ${cached} tokens of the prompt are expected in its cache`;
  return { ...plan, targets: [model, ...plan.targets.filter((one) => one !== model)], why: [...plan.why, why] };
}

function targetOf({ model, provider }: Target): AffinityTarget {
  return { key: model.target_key, ttl_ms: provider.cache_ttl_ms };
}

/** The first of a plan, and those right behind it that are the same to whoever asks. */
function replicasOf({ targets, step_agents }: Plan): readonly ModelEntry[] {
  const [first] = targets;
  if (first === undefined) return [];
  const alike = (model: ModelEntry): boolean =>
    model.upstream_model === first.upstream_model &&
    step_agents.get(model.id) === step_agents.get(first.id) &&
    JSON.stringify(model.price) === JSON.stringify(first.price);
  const other = targets.findIndex((model) => !alike(model));
  return other < 0 ? targets : targets.slice(0, other);
}

/** It is ready, and a call would not have to wait there, as far as this process knows. */
function hasRoom(
  { model, deployment_account, provider_account }: Target,
  { accounts, ambient, live }: EngineParts,
): boolean {
  const { clock } = ambient;
  if (!live.health.ready(model, clock.mono_ms())) return false;
  return [deployment_account, provider_account].every((account) => {
    const room = accounts.headroom(account, clock.now_ms());
    return room === undefined || (room.calls_left > 0 && room.tokens_left > 0);
  });
}
