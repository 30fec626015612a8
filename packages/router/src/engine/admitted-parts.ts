import type { CallPlan } from '@atp-router/call';
import type { RoutePlan } from '@atp-router/dialects';
import { nanosToMicros, type Qos } from '@atp-router/kernel';
import type { CallHead } from '@atp-router/ledger';
import { expectationOf, type Plan, type PolicyEntry, type RequestFacts } from '@atp-router/routing';
import { agentAccount, keyAccount, sessionAccount } from '../generation/accounts.ts';
import type { Generation, TenantRules } from '../generation/generation.ts';
import { observedStages } from '../observe/observed-stages.ts';
import type { AdmittedCall } from './env.ts';
import { type CallCaps, NO_CAPS } from './purse.ts';
import type { EngineParts } from './parts.ts';
import type { CallRequest } from './request.ts';
import type { Target } from './target.ts';

/** A call that names no policy tries so often in all. */
const DEFAULT_MAX_ATTEMPTS = 4;
/** No router tool asks for further upstream turns yet; a stage may ask for one repair. */
const MAX_TURNS = 2;
/** Longest wait for a provider's `retry-after` when there is nowhere else to go. */
const MAX_RETRY_WAIT_MS = 10_000;
/** Everything that the call's use is counted at, the narrowest first: that is where it waits. A stream of ATP is one call: its limits are the call's caps. */
export function accountsOf(
  { session_id, tenant, key_id }: CallRequest,
  { agent }: Plan,
  rules: TenantRules,
): readonly string[] {
  const key = keyAccount(tenant, key_id);
  const of_session = session_id === undefined ? [key] : [sessionAccount(tenant, session_id), key];
  return agent === undefined
    ? [...of_session, ...rules.accounts]
    : [...of_session, agentAccount(agent.id), ...rules.accounts];
}

export function headOf(request: CallRequest, plan: Plan, qos: Qos): CallHead {
  const { options } = request;
  return {
    call_id: request.call_id,
    tenant: request.tenant,
    key_id: request.key_id,
    endpoint: request.endpoint,
    requested_model: request.model,
    policy: plan.policy?.id,
    agent: plan.agent?.id,
    qos,
    task_type: options.task_type,
    stream: request.stream,
    trace_id: options.trace?.trace_id,
    parent_span_id: options.trace?.parent_span_id,
    trace_sampled: options.trace?.trace_sampled,
    started_ms: request.started_ms,
  };
}

export function capsOf({ options }: CallRequest, policy: PolicyEntry | undefined): CallCaps {
  const { max_usd_nanos = Infinity, max_tokens = Infinity } = options;
  if (max_usd_nanos === Infinity && max_tokens === Infinity && policy?.budget === undefined) return NO_CAPS;
  return {
    usd_nanos: Math.min(max_usd_nanos, policy?.budget?.usd_nanos ?? Infinity),
    tokens: Math.min(max_tokens, policy?.budget?.tokens ?? Infinity),
  };
}

export function callPlan(plan: Plan, targets: readonly Target[]): CallPlan {
  const retry = targets[0]?.provider.retry ?? { max_attempts: 2, base_ms: 200, cap_ms: 2_000 };
  const hedge_after_ms = plan.policy?.hedge_after_ms;
  return {
    targets: targets.length,
    max_attempts: plan.policy?.max_attempts ?? DEFAULT_MAX_ATTEMPTS,
    max_attempts_per_target: retry.max_attempts,
    max_turns: MAX_TURNS,
    retry,
    max_retry_wait_ms: MAX_RETRY_WAIT_MS,
    ...(hedge_after_ms === undefined ? {} : { hedge_after_ms }),
  };
}

export function routePlan(plan: Plan, facts: RequestFacts, parts: EngineParts, now_ms: number): RoutePlan {
  const expected = expectationOf(plan, facts, parts.observed, now_ms);
  const [primary, ...escalation] = plan.targets.map((model) => ({ model: model.id, provider: model.provider_id }));
  return {
    primary: primary ?? { model: '', provider: '' },
    escalation,
    why: plan.why,
    expected_cost_usd_micros: [
      nanosToMicros(expected.usd_nanos_low ?? 0),
      nanosToMicros(expected.usd_nanos_high ?? expected.usd_nanos_low ?? 0),
    ],
    ...(expected.p95_ms === undefined ? {} : { expected_p95_ms: expected.p95_ms }),
  };
}

export function stagesOf(head: CallHead, parts: EngineParts, generation: Generation): AdmittedCall['stages'] {
  if (parts.stages.length === 0) return undefined;
  const call = {
    call_id: head.call_id,
    tenant: head.tenant,
    endpoint: head.endpoint,
    model: head.requested_model,
    qos: head.qos,
    stream: head.stream,
    ...(head.task_type === undefined ? {} : { task_type: head.task_type }),
  };
  return observedStages(parts.stages, call, generation.limits.hold_back_bytes, parts.log);
}
