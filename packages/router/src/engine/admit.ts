import type { CallPlan } from '@atp-router/call';
import type { RoutePlan } from '@atp-router/dialects';
import { AtpError, capQos, type Limits, type Qos } from '@atp-router/kernel';
import type { CallHead } from '@atp-router/ledger';
import {
  eligibleByCost,
  narrowed,
  type Plan,
  type Registry,
  type RequestFacts,
  resolve,
  unroutableError,
} from '@atp-router/routing';
import type { AccountLimits, PromptSize } from '@atp-router/flow';
import { type Generation, mayName, type TenantRules } from '../generation/generation.ts';
import { chainInstead, fanoutOf, fanoutRoute, policyNamed } from '../fanout/admission.ts';
import { warmFirst } from '../affinity/warm-first.ts';
import { cascadeOf, choiceOf, chosenPlan } from '../auto/admission.ts';
import type { AutoChoice } from '../auto/auto-choice.ts';
import type { Fanout } from '../fanout/types.ts';
import type { Seen } from '../lifecycle/shadow/eligible.ts';
import type { AttemptCodec } from '../relay/types.ts';
import type { AdmittedCall } from './env.ts';
import type { ClientSink } from './client.ts';
import { accountsOf, callPlan, capsOf, headOf, routePlan, stagesOf } from './admitted-parts.ts';
import type { CallCaps } from './purse.ts';
import { ofPersona, ofPolicy, ofSteps, onlyFilterLeft } from './kept-local.ts';
import type { EngineParts } from './parts.ts';
import { tenantGone } from './refusals.ts';
import { type CallRequest, left_ms } from './request.ts';
import type { Target, WantedAttempt } from './target.ts';

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
  if (rules === undefined) return tenantGone(request.tenant);
  const stopped = stoppedBy(request, parts);
  if (stopped !== undefined) return stopped;
  if (!mayName(rules, request.model)) {
    return new AtpError('policy_denied', `Tenant "${rules.id}" may not use "${request.model}".`, { param: 'model' });
  }
  const now_ms = parts.ambient.clock.mono_ms();
  const qos = tierOf(request, rules, generation.registry);
  const held_back = parts.throttles.refusal(rules.id, qos, rules.objectives);
  if (held_back !== undefined) return held_back;
  const asked = { ...factsOf(request, rules, qos, parts), local_only: ofPersona(generation.registry, request.model) };
  const first = resolve(generation.registry, request.model, asked, parts.live, now_ms);
  const policy = first.ok ? first.plan.policy : policyNamed(generation.registry, request.model);
  const local_only = asked.local_only ?? ofPolicy(policy, generation, request);
  const facts = local_only === asked.local_only ? asked : { ...asked, local_only };
  const resolution = facts === asked ? first : resolve(generation.registry, request.model, facts, parts.live, now_ms);
  const routed = resolution.ok ? resolution.plan : undefined;
  const fanout = fanoutOf(request, policy, facts, generation, parts, routed);
  if (fanout === undefined) {
    if (!resolution.ok) return unroutableError(resolution);
    const silent = onlyFilterLeft(resolution.plan, generation);
    if (silent !== undefined) return silent;
    const choice = choiceOf(request, resolution.plan, facts, generation, parts);
    if (choice === undefined) {
      const plan = warmFirst(request, resolution.plan, facts, generation, parts);
      return new Admission(request, generation, parts, idempotency, rules, facts, plan, undefined);
    }
    const chosen = chosenPlan(resolution.plan, choice);
    const cascade = cascadeOf(request, choice, chosen, facts, generation, parts);
    return new Admission(request, generation, parts, idempotency, rules, facts, chosen, cascade, choice);
  }
  const plan = fanoutRoute(routed, policy, fanout);
  if (!(plan instanceof AtpError)) {
    return new Admission(request, generation, parts, idempotency, rules, facts, plan, fanout, fanout.choice);
  }
  const instead = chainInstead(routed, fanout, plan);
  if (instead === undefined) return plan;
  return new Admission(request, generation, parts, idempotency, rules, facts, instead, undefined);
}

const NOWHERE: readonly string[] = [];

/** What `admit` found, with the rarely needed parts computed when asked for. */
class Admission implements AdmittedCall {
  readonly kind: 'generate' | 'embed';
  readonly head: CallHead;
  readonly limits: Limits;
  readonly plan: CallPlan;
  readonly targets: readonly Target[];
  readonly at_limit: 'reject' | 'wait' | 'degrade';
  readonly wait_ms: number;
  readonly accounts: readonly string[];
  readonly fair_session: string;
  readonly is_preemptible: boolean;
  readonly weight: number;
  readonly account_limits: AccountLimits;
  readonly caps: CallCaps;
  readonly needs_price: boolean;
  readonly on_budget_exhausted: 'finish' | 'error';
  readonly prompt: PromptSize;
  readonly choices: number;
  readonly hosted_tools: AdmittedCall['hosted_tools'];
  readonly tool_caps: AdmittedCall['tool_caps'];
  readonly max_output_tokens: number | undefined;
  readonly deadline_ms: number | undefined;
  readonly data_scopes: readonly string[];
  readonly local_only: string | undefined;
  readonly via: readonly string[];
  readonly idempotency: AdmittedCall['idempotency'];
  readonly stages: AdmittedCall['stages'];
  readonly sink: ClientSink;
  readonly started_mono_ms: number;
  readonly deciding_since_mono_ms: number;
  readonly request: CallRequest;
  readonly parts: EngineParts;
  readonly pinned: Generation;
  readonly facts: RequestFacts;
  readonly routed: Plan;
  readonly stream: boolean;
  readonly fanout: Fanout | undefined;
  readonly choice: AutoChoice | undefined;
  readonly lane: undefined;

  constructor(
    request: CallRequest,
    generation: Generation,
    parts: EngineParts,
    idempotency: AdmittedCall['idempotency'],
    rules: TenantRules,
    facts: RequestFacts,
    routed: Plan,
    fanout: Fanout | undefined,
    choice?: AutoChoice,
  ) {
    this.request = request;
    this.parts = parts;
    this.pinned = generation;
    this.facts = facts;
    this.routed = routed;
    this.stream = request.stream;
    this.fanout = fanout;
    this.choice = choice;
    this.lane = undefined;
    this.kind = request.kind;
    this.head = headOf(request, routed, facts.qos);
    this.limits = generation.limits;
    this.targets = routed.targets.map((model) => parts.priced(generation.targetOf(model), request.tenant));
    this.plan = callPlan(routed, this.targets);
    this.at_limit = rules.at_limit;
    this.wait_ms = left_ms(request, parts.ambient.clock.mono_ms()) ?? DEFAULT_WAIT_MS;
    this.accounts = accountsOf(request, routed, rules);
    this.fair_session = request.session_id ?? request.key_id;
    this.is_preemptible = generation.preempts && facts.qos !== 'gold';
    this.weight = rules.weight;
    this.account_limits = rules.limits;
    this.caps = capsOf(request, routed.policy);
    this.needs_price = this.caps.usd_nanos !== Number.POSITIVE_INFINITY || rules.money_is_limited;
    this.on_budget_exhausted = routed.policy?.on_budget_exhausted ?? 'error';
    this.prompt = request.prompt;
    this.choices = request.choices;
    this.hosted_tools = request.hosted_tools;
    this.tool_caps = routed.policy && generation.tool_caps.get(routed.policy.id);
    this.max_output_tokens = request.max_output_tokens;
    this.deadline_ms = request.options.deadline_ms;
    this.data_scopes = request.options.data_scopes;
    this.local_only = facts.local_only;
    this.via = request.options.via ?? NOWHERE;
    this.idempotency = idempotency;
    this.stages = stagesOf(this.head, parts, generation);
    this.sink = request.sink;
    this.started_mono_ms = request.started_mono_ms;
    this.deciding_since_mono_ms = request.deciding_since_mono_ms;
  }

  get seen(): Seen {
    return this;
  }

  get generation(): number {
    return this.pinned.number;
  }

  get route(): RoutePlan {
    // Some cost what their agents say.
    const targets = this.targets.map(({ model }) => model);
    return routePlan({ ...this.routed, targets }, this.facts, this.parts, this.parts.ambient.clock.mono_ms());
  }

  get degraded(): readonly Target[] {
    const now_ms = this.parts.ambient.clock.mono_ms();
    const models = eligibleByCost(this.pinned.registry, this.#standInFacts(), this.parts.live, now_ms);
    return models.map((model) => this.pinned.targetOf(model));
  }

  /** Stand-ins are models that the tenant may name, and of the safety grade that the policy asks for. */
  #standInFacts(): RequestFacts {
    const { facts, routed } = this;
    const local_only = facts.local_only ?? ofSteps(routed);
    const models = this.pinned.tenants.get(facts.tenant.id)?.stand_ins;
    const min_safety_grade = routed.policy?.min_safety_grade;
    return { ...facts, local_only, tenant: { ...facts.tenant, models, min_safety_grade } };
  }

  promptTexts(): readonly string[] {
    return this.request.promptTexts();
  }

  systemPrompt(target: Target): string | undefined {
    return this.routed.step_agents.get(target.model.id)?.system_prompt ?? this.routed.agent?.system_prompt;
  }

  prepare(attempt: WantedAttempt, output_cap: number | undefined): AttemptCodec {
    return this.request.prepare(this, attempt, output_cap);
  }
}

/** A kill switch that covers whoever asks. */
export function stoppedBy(request: Pick<CallRequest, 'tenant' | 'key_id'>, parts: EngineParts): AtpError | undefined {
  const { kills } = parts;
  // Key ids are only unique within their tenant.
  if (!kills.tenant(request.tenant) && !kills.key(`${request.tenant}/${request.key_id}`)) return undefined;
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
    tenant: rules,
    qos,
    needs: request.needs,
    in_tokens: parts.estimator.inTokens(request.model, request.prompt),
    out_tokens: parts.estimator.outTokens(request.model, request.max_output_tokens),
    max_out_tokens: request.max_output_tokens,
    task_type: options.task_type,
    data_scopes: options.data_scopes,
    shadow: request.shadow,
    is_alone: request.is_alone,
    task: options.facts,
    rights: narrowed(rules.key_rights.get(request.key_id) ?? rules.rights, options.facts),
  };
}
