import type { JudgeConfig } from '@atp-router/adapters';
import { type Live, type ModelEntry, removalOf } from '@atp-router/routing';
import type { AdmittedCall } from '../engine/env.ts';
import { type CallRequest, canCompare, type ComparableRequest } from '../engine/request.ts';
import { isOwnTenant } from '../generation/accounts.ts';
import { type Generation, mayName } from '../generation/generation.ts';

/** What a judge that reads text cannot see. */
const UNSEEN: ReadonlySet<string> = new Set(['vision', 'audio', 'documents']);

/** Whether an answer to it could be judged by its words alone. */
export function canJudge(request: CallRequest): request is ComparableRequest {
  return canCompare(request) && !isOwnTenant(request.tenant) && !request.needs.some((need) => UNSEEN.has(need));
}

/**
 * The judge, if it may see what this call asks and gets: by data scope, locality, safety grade, status and manifest as anybody whom
 * `auto` might have asked. Not what an agent's prompt goes with, not what a stage has seen for others, and not what comes under a
 * policy that says whom to ask and does not name it.
 */
export function judgeFor(
  { seen, fanout, stages }: Pick<AdmittedCall, 'seen' | 'fanout' | 'stages'>,
  { model: name }: JudgeConfig,
  { registry, tenants }: Pick<Generation, 'registry' | 'tenants'>,
  live: Live,
  now_ms: number,
): ModelEntry | undefined {
  if (seen === undefined || (fanout !== undefined && stages !== undefined)) return undefined;
  const { facts, routed } = seen;
  const rules = tenants.get(facts.tenant.id);
  const named = registry.lookup(name);
  if (rules === undefined || named?.kind !== 'model') return undefined;
  if (routed.agent !== undefined || routed.step_agents.size > 0) return undefined;
  const { model } = named;
  if (routed.free === undefined && !isMember(fanout, model)) return undefined;
  const is_named = mayName(rules, model.id);
  if (!is_named && !mayName(rules, 'auto')) return undefined;
  const asked = { ...facts, needs: CHAT };
  const role = is_named ? 'named' : 'auto';
  const grade = routed.policy?.min_safety_grade;
  return removalOf(model, role, asked, grade, live.health, live.kills, now_ms) === undefined ? model : undefined;
}

function isMember(fanout: AdmittedCall['fanout'], { id }: ModelEntry): boolean {
  if (fanout === undefined) return false;
  const { members, reserve } = fanout.plan;
  return [...members, ...(reserve ?? [])].some(({ model }) => model === id);
}

const CHAT: readonly string[] = ['chat'];
