import { AtpError, type ErrorCode, type UsdNanos } from '@atp-router/kernel';
import type { Health, Kills, Observed, Offered, RequestFacts } from './facts.ts';
import { evaluate, type Subject } from './policy/evaluate.ts';
import { FILTER_ERRORS, FILTERS, type Removed, removalOf, type Role } from './filters.ts';
import type { Ranking } from './ranking.ts';
import type { AgentEntry, ChainStep, ModelEntry, Named, PolicyEntry, Registry } from './registry.ts';
import { expectedCost, rankModels } from './score.ts';

/** A longer chain would outlast any caller's patience. */
const MAX_TARGETS = 8;
/** `auto` without a policy: the best model and two to fall back on. */
const AUTO_TARGETS = 3;

export interface Plan {
  /** Never empty; the first is tried first, the others on fallback. All passed every filter. */
  readonly targets: readonly ModelEntry[];
  readonly agent: AgentEntry | undefined;
  /** Agents that stand in the policy's chain, by the id of the target: their prompts go with it. */
  readonly step_agents: ReadonlyMap<string, AgentEntry>;
  readonly policy: PolicyEntry | undefined;
  /** Where no order is written down. Absent: it is. */
  readonly free?: FreeChoice | undefined;
  /** How the targets came about, in words. */
  readonly why: readonly string[];
}

/** Among whom whoever knows better than the static score may choose. */
export interface FreeChoice {
  /** All that passed every filter and are ready; where none is, all that passed. */
  readonly models: readonly ModelEntry[];
  /** How these came about, in words. */
  readonly why: readonly string[];
}

export interface Unroutable {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly message: string;
  /** What of the request is to blame: its `model`, or a header. */
  readonly param: string;
  readonly retry_after_ms: number | undefined;
  readonly removed: readonly Removed[];
}

export type Resolution = { readonly ok: true; readonly plan: Plan } | Unroutable;

/** The live state that resolution reads; held by the driver, passed to each call. */
export interface Live {
  readonly health: Health;
  readonly kills: Kills;
  readonly observed: Observed;
  /** Beside the declared models; as many as the driver finds worth looking at for each call. */
  readonly offered?: (tenant: string) => readonly Offered[];
}

interface Candidates {
  readonly models: readonly ModelEntry[];
  /** Role of the first; all others are members of the chain, or of `auto` when the first is. */
  readonly role: Role;
  readonly step_agents: ReadonlyMap<string, AgentEntry>;
  readonly policy: PolicyEntry | undefined;
  readonly why: string;
}

const NO_AGENTS: ReadonlyMap<string, AgentEntry> = new Map();

/** What a request comes under, whether or not anything can serve it. */
export interface Coming {
  /** Undefined: none. */
  readonly policy: PolicyEntry | undefined;
  /** The request names it, so that its match is not asked. */
  readonly is_named: boolean;
  /** What matches are held against. */
  readonly subject: Subject;
}

/** The policy of a request, as `resolve` finds it; undefined for a name that leads nowhere. */
export function comingOf(registry: Registry, name: string, facts: RequestFacts): Coming | undefined {
  const named = registry.lookup(name);
  return named === undefined ? undefined : coming(registry, name, named, facts);
}

function coming(registry: Registry, name: string, named: Named, facts: RequestFacts): Coming {
  const base = named.kind === 'agent' ? named.target : named;
  // As written, and what it stands for.
  const names = [name, base.kind === 'model' ? base.model.id : base.kind === 'auto' ? 'auto' : name];
  const subject = { names, facts };
  if (base.kind === 'policy') return { policy: base.policy, is_named: true, subject };
  // What was asked for already came under its policy.
  if (facts.shadow !== undefined || facts.is_alone === true) return { policy: undefined, is_named: false, subject };
  return { policy: matching(registry, subject), is_named: false, subject };
}

/**
 * From a model name to an ordered list of targets.
 *
 * - Model id: that model, then the chain of the first policy whose match holds; that policy's budget and limits apply.
 * - Agent id: as its model, with the agent's prompt and tier.
 * - `policy:<id>`: its chain, whether its match holds or not.
 * - `auto`: the chain of the first policy whose match holds, in the policy's order; without one, all active models, and
 *   those that are offered, by static score.
 *
 * Every target, also on fallback, passes every filter. A target that is not ready moves behind those that are, but is
 * never dropped: a slow answer is better than none.
 */
export function resolve(registry: Registry, name: string, facts: RequestFacts, live: Live, now_ms: number): Resolution {
  const named = registry.lookup(name);
  if (named === undefined) return unknownModel(name);
  const agent = named.kind === 'agent' ? named.agent : undefined;
  const foreign = foreignScope(facts);
  if (foreign !== undefined) return foreign;

  const candidates = candidatesOf(registry, name, named, facts, live);
  const kept: ModelEntry[] = [];
  const removed: Removed[] = [];
  const min_grade = candidates.policy?.min_safety_grade;
  for (const model of candidates.models) {
    const role = kept.length + removed.length === 0 || candidates.role === 'auto' ? candidates.role : 'chain';
    const removal = removalOf(model, role, facts, min_grade, live.health, live.kills, now_ms);
    if (removal === undefined) kept.push(model);
    else removed.push(removal);
  }
  if (kept.length === 0) return nothingLeft(name, removed, live.health, now_ms);

  const why = [candidates.why];
  for (const one of removed.slice(0, MAX_TARGETS)) why.push(`without ${one.model.id}: ${one.reason}`);
  const is_free = candidates.role === 'auto';
  const [scores, late]: [string[], string[]] = [[], []];
  const ranked = is_free ? byScore(registry.ranking, kept, facts, live.observed, now_ms, scores) : kept;
  const targets = readyFirst(ranked, live.health, now_ms, late).slice(0, MAX_TARGETS);
  const free = is_free ? { models: readyOf(kept, live.health, now_ms), why: [...why, ...late] } : undefined;
  const { policy, step_agents } = candidates;
  return { ok: true, plan: { targets, agent, step_agents, policy, free, why: [...why, ...scores, ...late] } };
}

/** The failure as the error that the client sees. */
export function unroutableError(failure: Unroutable): AtpError {
  return new AtpError(failure.code, failure.message, {
    param: failure.param,
    ...(failure.retry_after_ms === undefined ? {} : { retry_after_ms: failure.retry_after_ms }),
  });
}

export interface Expectation {
  /** The cheapest target at the expected length. Absent when no target has a price. */
  readonly usd_nanos_low: UsdNanos | undefined;
  /** The dearest target at the greatest length. */
  readonly usd_nanos_high: UsdNanos | undefined;
  /** Of the first target: measured, else declared. */
  readonly p95_ms: number | undefined;
}

/** What a plan is expected to cost and take: for the `plan` event, off the common path. */
export function expectationOf(plan: Plan, facts: RequestFacts, observed: Observed, now_ms: number): Expectation {
  let low: number | undefined;
  let high: number | undefined;
  for (const model of plan.targets) {
    const longest = Math.min(
      facts.max_out_tokens ?? Infinity,
      model.max_output_tokens ?? Infinity,
      model.context ?? Infinity,
    );
    const usual = Math.min(facts.out_tokens, longest);
    const cheap = expectedCost(model, facts, usual);
    const dear = expectedCost(model, facts, longest === Infinity ? usual : longest);
    if (cheap === undefined || dear === undefined) continue;
    low = Math.min(low ?? cheap, cheap);
    high = Math.max(high ?? dear, dear);
  }
  const first = plan.targets[0];
  const p95_ms = first === undefined ? undefined : (observed.p95_ms(first, now_ms) ?? first.expected_latency_ms);
  return { usd_nanos_low: low, usd_nanos_high: high, p95_ms };
}

function candidatesOf(registry: Registry, name: string, named: Named, facts: RequestFacts, live: Live): Candidates {
  const base = named.kind === 'agent' ? named.target : named;
  const { policy } = coming(registry, name, named, facts);
  switch (base.kind) {
    case 'model': {
      const { model } = base;
      const why = `model ${model.id} was asked for`;
      if (policy === undefined) return { models: [model], role: 'named', step_agents: NO_AGENTS, policy, why };
      const others = registry.chain(policy).filter((step) => step.model.id !== model.id);
      const models = [model, ...others.map((step) => step.model)];
      const step_agents = agentsOf(others);
      return { models, role: 'named', step_agents, policy, why: `${why}, policy ${policy.id} matches` };
    }
    case 'policy':
      return chainOf(registry, base.policy, facts, live, `policy ${base.policy.id} was asked for`);
    case 'auto': {
      if (policy !== undefined) return chainOf(registry, policy, facts, live, `auto: policy ${policy.id} matches`);
      const why = 'auto: no policy matches';
      return { models: free(registry, facts, live), role: 'auto', step_agents: NO_AGENTS, policy, why };
    }
  }
}

function chainOf(registry: Registry, policy: PolicyEntry, facts: RequestFacts, live: Live, why: string): Candidates {
  const chain = registry.chain(policy);
  if (chain.length === 0) {
    return { models: free(registry, facts, live), role: 'auto', step_agents: NO_AGENTS, policy, why };
  }
  const models = chain.map((step) => step.model);
  return { models, role: 'chain', step_agents: agentsOf(chain), policy, why };
}

function agentsOf(steps: readonly ChainStep[]): ReadonlyMap<string, AgentEntry> {
  const agents = steps.flatMap(({ model, agent }): [string, AgentEntry][] => (agent ? [[model.id, agent]] : []));
  return agents.length === 0 ? NO_AGENTS : new Map(agents);
}

/** What may be chosen where nothing is written down. A name that a model is declared for is that model's. */
function free(registry: Registry, { tenant }: RequestFacts, live: Live): readonly ModelEntry[] {
  const active = registry.models.filter((model) => model.status === 'active');
  const offered = (live.offered?.(tenant.id) ?? []).flatMap(({ name, capabilities, price }): ModelEntry[] => {
    const named = registry.lookup(name);
    return named?.kind === 'model' && named.model.dynamic ? [{ ...named.model, capabilities, price }] : [];
  });
  return offered.length === 0 ? active : [...active, ...offered];
}

/** The first policy whose match holds. */
function matching(registry: Registry, subject: Subject): PolicyEntry | undefined {
  for (const policy of registry.policies) {
    if (policy.match !== undefined && evaluate(policy.match, subject) === 'yes') return policy;
  }
  return undefined;
}

function byScore(
  ranking: Ranking,
  models: readonly ModelEntry[],
  facts: RequestFacts,
  observed: Observed,
  now_ms: number,
  why: string[],
): readonly ModelEntry[] {
  const ranked = rankModels(models, facts, observed, now_ms, ranking).slice(0, AUTO_TARGETS);
  for (const { model, score, on_frontier } of ranked)
    why.push(`${model.id} scores ${score.toFixed(3)}${on_frontier === false ? ', and another is better in all' : ''}`);
  return ranked.map(({ model }) => model);
}

function readyFirst(
  models: readonly ModelEntry[],
  health: Health,
  now_ms: number,
  why: string[],
): readonly ModelEntry[] {
  if (models.length === 1) return models;
  const late = models.filter((model) => !health.ready(model, now_ms));
  for (const model of late) why.push(`${model.id} comes last: it is slow or fails often`);
  return late.length === 0 ? models : [...models.filter((model) => !late.includes(model)), ...late];
}

/** Those that are ready, or all where none is. */
function readyOf(models: readonly ModelEntry[], health: Health, now_ms: number): readonly ModelEntry[] {
  const ready = models.filter((model) => health.ready(model, now_ms));
  return ready.length === 0 ? models : ready;
}

function unknownModel(name: string): Unroutable {
  const message = `The model "${name.slice(0, 100)}" does not exist here. GET /v1/models lists what does.`;
  return { ok: false, code: 'model_not_found', message, param: 'model', retry_after_ms: undefined, removed: [] };
}

/** A label that the tenant may not send is refused before any model is looked at. */
function foreignScope(facts: RequestFacts): Unroutable | undefined {
  const sendable = facts.tenant.data_scopes;
  if (sendable === undefined) return undefined;
  for (const scope of facts.data_scopes) {
    if (sendable.has(scope)) continue;
    const may = sendable.size === 0 ? 'none' : [...sendable].join(', ');
    const message = `Tenant ${facts.tenant.id} may not send data of scope "${scope.slice(0, 100)}" (x-atp-data-scope); its data_scopes: ${may}.`;
    const param = 'x-atp-data-scope';
    return { ok: false, code: 'policy_denied', message, param, retry_after_ms: undefined, removed: [] };
  }
  return undefined;
}

/** The code is that of the furthest filter that any candidate reached: it was the closest to serve. */
function nothingLeft(name: string, removed: readonly Removed[], health: Health, now_ms: number): Unroutable {
  let furthest = -1;
  let retry_after_ms: number | undefined;
  for (const { model, filter } of removed) {
    furthest = Math.max(furthest, FILTERS.indexOf(filter));
    if (filter !== 'circuit_open') continue;
    const wait_ms = health.retryAfter_ms(model, now_ms);
    if (wait_ms !== undefined) retry_after_ms = Math.min(retry_after_ms ?? wait_ms, wait_ms);
  }
  const filter = FILTERS[furthest];
  const code = filter === undefined ? 'no_models_available' : FILTER_ERRORS[filter];
  const reasons = removed.map((one) => `${one.model.id}: ${one.reason}`).slice(0, MAX_TARGETS);
  const detail = reasons.length === 0 ? 'no active model is configured' : reasons.join('; ');
  const message = `No model can serve "${name}": ${detail}.`;
  return { ok: false, code, message, param: 'model', retry_after_ms, removed };
}
