import { StageChain, type CallPlan } from '@atp-router/call';
import type { GenEvent, RoutePlan } from '@atp-router/dialects';
import { AtpError, capQos, nanosToMicros, type Qos } from '@atp-router/kernel';
import type { CallHead } from '@atp-router/ledger';
import {
  eligibleByCost,
  expectationOf,
  type Live,
  type Plan,
  type PolicyEntry,
  type Registry,
  type RequestFacts,
  resolve,
  unroutableError,
} from '@atp-router/routing';
import { type Generation, mayName, type TenantRules } from '../generation/generation.ts';
import type { AdmittedCall } from './env.ts';
import type { CallCaps } from './funds.ts';
import type { EngineParts } from './parts.ts';
import type { CallRequest } from './request.ts';
import type { Target } from './target.ts';

/** A call that names no policy tries so often in all. */
const DEFAULT_MAX_ATTEMPTS = 4;
/** No router tool asks for further upstream turns yet; a stage may ask for one repair. */
const MAX_TURNS = 2;
/** Longest wait for a provider's `retry-after` when there is nowhere else to go. */
const MAX_RETRY_WAIT_MS = 10_000;
/** Longest wait for a tenant's window when the call has no deadline of its own. */
const DEFAULT_WAIT_MS = 30_000;

/** Decides whether and how a request runs: tenant rules, routing, caps. Pure but for reading live state. */
export function admit(
  request: CallRequest,
  generation: Generation,
  parts: EngineParts,
  idempotency: AdmittedCall['idempotency'],
): AdmittedCall | AtpError {
  const rules = generation.tenants.get(request.tenant);
  if (rules === undefined) return new AtpError('unauthorized', `Tenant "${request.tenant}" does not exist any more.`);
  const stopped = stoppedBy(request, parts);
  if (stopped !== undefined) return stopped;
  if (!mayName(rules, request.model)) {
    return new AtpError('policy_denied', `Tenant "${rules.id}" may not use "${request.model}".`, { param: 'model' });
  }
  const { clock } = parts.ambient;
  const qos = tierOf(request, rules, generation.registry);
  const facts = factsOf(request, rules, qos, parts);
  const live: Live = { health: parts.health, kills: parts.kills, observed: parts.observed };
  const resolution = resolve(generation.registry, request.model, facts, live, clock.mono_ms());
  if (!resolution.ok) return unroutableError(resolution);
  const { plan } = resolution;
  const targets = plan.targets.map((model) => generation.targetOf(model));
  const head = headOf(request, plan, qos);
  const caps = capsOf(request, plan.policy);
  const stages = stagesOf(head, parts, generation);
  const admitted: AdmittedCall = {
    kind: request.kind,
    head,
    generation: generation.number,
    limits: generation.limits,
    plan: callPlan(plan, targets),
    get route(): RoutePlan {
      return routePlan(plan, facts, parts, clock.mono_ms());
    },
    targets,
    get degraded(): readonly Target[] {
      const models = eligibleByCost(generation.registry, facts, live, clock.mono_ms());
      return models.map((model) => generation.targetOf(model));
    },
    at_limit: rules.at_limit,
    wait_ms: request.options.deadline_ms ?? DEFAULT_WAIT_MS,
    accounts: [`tenant:${rules.id}`],
    caps,
    needs_price: caps.usd_nanos !== Number.POSITIVE_INFINITY || rules.limits.usd_nanos_per_day !== undefined,
    on_budget_exhausted: plan.policy?.on_budget_exhausted ?? 'error',
    prompt: request.prompt,
    choices: request.choices,
    max_output_tokens: request.max_output_tokens,
    deadline_ms: request.options.deadline_ms,
    idempotency,
    stages,
    system_prompt: plan.agent?.system_prompt,
    sink: request.sink,
    started_mono_ms: request.started_mono_ms,
    promptTexts: () => request.promptTexts(),
    prepare: (target, output_cap) => request.prepare(admitted, target, output_cap),
  };
  return admitted;
}

function stoppedBy(request: CallRequest, parts: EngineParts): AtpError | undefined {
  const { kills } = parts;
  if (
    !kills.tenant(request.tenant) &&
    !kills.key(request.key_id) &&
    !kills.key(`${request.tenant}/${request.key_id}`)
  ) {
    return undefined;
  }
  return new AtpError('policy_denied', 'This key or tenant is switched off by an operator.');
}

/** The tier asked for, else the agent's, else silver; never better than the tenant's. */
function tierOf(request: CallRequest, rules: TenantRules, registry: Registry): Qos {
  const named = registry.lookup(request.model);
  const agent = named?.kind === 'agent' ? named.agent : undefined;
  return capQos(request.options.qos ?? agent?.qos ?? 'silver', rules.qos_max);
}

function factsOf(request: CallRequest, rules: TenantRules, qos: Qos, parts: EngineParts): RequestFacts {
  const { options } = request;
  return {
    tenant: { id: rules.id, data_scopes: rules.data_scopes },
    qos,
    needs: request.needs,
    in_tokens: parts.estimator.inTokens(request.model, request.prompt),
    out_tokens: parts.estimator.outTokens(request.model, request.max_output_tokens),
    max_out_tokens: request.max_output_tokens,
    task_type: options.task_type,
    data_scopes: options.data_scopes,
  };
}

function headOf(request: CallRequest, plan: Plan, qos: Qos): CallHead {
  const { options } = request;
  return {
    call_id: request.call_id,
    tenant: request.tenant,
    key_id: request.key_id,
    endpoint: request.endpoint,
    requested_model: request.model,
    ...(plan.policy === undefined ? {} : { policy: plan.policy.id }),
    ...(plan.agent === undefined ? {} : { agent: plan.agent.id }),
    qos,
    ...(options.task_type === undefined ? {} : { task_type: options.task_type }),
    stream: request.stream,
    ...options.trace,
    started_ms: request.started_ms,
  };
}

function capsOf(request: CallRequest, policy: PolicyEntry | undefined): CallCaps {
  return {
    usd_nanos: Math.min(request.options.max_usd_nanos ?? Infinity, policy?.budget?.usd_nanos ?? Infinity),
    tokens: policy?.budget?.tokens ?? Number.POSITIVE_INFINITY,
  };
}

function callPlan(plan: Plan, targets: readonly Target[]): CallPlan {
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

function routePlan(plan: Plan, facts: RequestFacts, parts: EngineParts, now_ms: number): RoutePlan {
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

function stagesOf(head: CallHead, parts: EngineParts, generation: Generation): AdmittedCall['stages'] {
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
  return new StageChain(parts.stages, call, eventBytes, generation.limits.hold_back_bytes);
}

/** About what an event holds in memory: its text, or a small constant. */
function eventBytes(event: GenEvent): number {
  return 'delta' in event ? event.delta.length : 64;
}
