import type { CallPlan } from '@atp-router/call';
import type { GenRequest } from '@atp-router/dialects';
import type { PromptSize } from '@atp-router/flow';
import type { Limits } from '@atp-router/kernel';
import type { AdmittedCall } from '../engine/env.ts';
import type { CallCaps } from '../engine/purse.ts';
import type { LaneFacet, LaneTap, LaneRef, Voice } from './types.ts';

/** Tries of one lane over its targets: a failed clone is asked once more, and then the others have to do. */
const LANE_ATTEMPTS = 2;

export interface LaneWork {
  readonly ref: LaneRef;
  readonly voice: Voice;
  /** What it is asked: the client's request as this voice gets it. */
  readonly request: GenRequest;
  readonly prompt: PromptSize;
  readonly max_output_tokens: number | undefined;
  /** Its part of what the call may cost, for all of its attempts together: held whatever its upstream makes of the limit above. */
  readonly share: CallCaps;
  readonly tap: LaneTap;
}

/** One lane of a call as the dispatcher sees it: the call's accounts and limits, another prompt, another target. */
export function laneCall(call: AdmittedCall, facet: LaneFacet, work: LaneWork): AdmittedCall {
  const { request, tap, voice } = work;
  return {
    ...partOfCall(call, work),
    kind: call.kind,
    hosted_tools: call.hosted_tools,
    stream: true,
    stages: call.stages,
    promptTexts: () => textsOf(request),
    prepare: (attempt, cap) => {
      const own = voice.systemOf?.(attempt.target);
      const told =
        own === undefined ? request : { ...request, system: [{ type: 'text' as const, text: own }, ...request.system] };
      return facet.codec(call, attempt, told, cap, tap);
    },
  };
}

type PartWork = Pick<LaneWork, 'ref' | 'voice' | 'prompt' | 'max_output_tokens'>;
type Own = 'kind' | 'hosted_tools' | 'stream' | 'stages' | 'promptTexts' | 'prepare';

/** What whoever is asked within a call has of the call. */
export function partOfCall(call: AdmittedCall, work: PartWork): Omit<AdmittedCall, Own> {
  const { voice } = work;
  return {
    head: { ...call.head, qos: voice.qos },
    generation: call.generation,
    limits: limitsOf(call.limits),
    plan: planOf(call.plan, work),
    route: call.route,
    targets: voice.targets,
    // A lane is asked for what its source says; another model would be another voice.
    degraded: [],
    at_limit: call.at_limit === 'degrade' ? 'reject' : call.at_limit,
    wait_ms: call.wait_ms,
    accounts: call.accounts,
    fair_session: call.fair_session,
    is_preemptible: call.is_preemptible,
    weight: call.weight,
    account_limits: call.account_limits,
    caps: call.caps,
    needs_price: call.needs_price,
    on_budget_exhausted: 'finish',
    prompt: work.prompt,
    choices: 1,
    tool_caps: call.tool_caps,
    max_output_tokens: work.max_output_tokens,
    deadline_ms: call.deadline_ms,
    data_scopes: call.data_scopes,
    via: call.via,
    idempotency: undefined,
    sink: call.sink,
    started_mono_ms: call.started_mono_ms,
    deciding_since_mono_ms: call.deciding_since_mono_ms,
    fanout: undefined,
    choice: undefined,
    lane: work.ref,
    systemPrompt: () => undefined,
  };
}

/** What a lane says is kept until all is reconciled: it is a whole answer, though it comes as a stream. */
function limitsOf(limits: Limits): Limits {
  return { ...limits, stream_bytes: Math.min(limits.stream_bytes, limits.answer_bytes) };
}

function planOf(plan: CallPlan, { ref, voice }: Pick<PartWork, 'ref' | 'voice'>): CallPlan {
  const { hedge_after_ms: _, ...rest } = plan;
  const targets = voice.targets.length;
  switch (ref.role) {
    case 'fallback':
      // The policy's own chain, as it runs without a fan-out.
      return { ...rest, targets };
    case 'arbiter':
      // Its cap is that of one answer: a second try could cost as much again.
      return { ...rest, targets, max_attempts: 1, max_attempts_per_target: 1 };
    default:
      return { ...rest, targets, max_attempts: LANE_ATTEMPTS * targets, max_attempts_per_target: LANE_ATTEMPTS };
  }
}

function textsOf({ system, messages }: GenRequest): readonly string[] {
  const parts = [...system, ...messages.flatMap((message) => message.parts)];
  return parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
}
