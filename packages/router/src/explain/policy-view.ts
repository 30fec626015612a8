import type { Config, UpstreamTransport } from '@atp-router/adapters';
import type { FanoutPlan } from '@atp-router/consensus';
import { AtpError, capQos, type Qos } from '@atp-router/kernel';
import {
  comingOf,
  evaluate,
  type Live,
  type MatchOutcome,
  type ModelEntry,
  narrowed,
  type Observed,
  type Plan,
  type PolicyEntry,
  type RequestFacts,
  resolve,
  type TaskFacts,
  traceOf,
  type TraceStep,
  unroutableError,
} from '@atp-router/routing';
import { DEFAULT_TENANT } from '../bootstrap.ts';
import { ofItsPersonas, ofPersona } from '../engine/kept-local.ts';
import { buildGeneration } from '../generation/build.ts';
import { type Generation, mayName, type TenantRules } from '../generation/generation.ts';
import { mergeOverlay } from '../generation/overlay.ts';

/** A request as far as policies see it. */
export interface PolicyQuestion {
  readonly model: string;
  /** May be left out where there is one tenant only. */
  readonly tenant?: string | undefined;
  /** Of the tenant; absent: one that has all that the tenant has. */
  readonly key?: string | undefined;
  readonly qos?: Qos | undefined;
  readonly task_type?: string | undefined;
  readonly data_scopes: readonly string[];
  readonly facts?: TaskFacts | undefined;
  readonly in_tokens: number;
  readonly out_tokens: number;
}

/** How one policy was looked at. */
export interface Considered {
  readonly policy: string;
  /** `by name only`: it has no match. `later`: an earlier one applies, so this one is not asked. */
  readonly outcome: MatchOutcome | 'by name only' | 'later';
  readonly steps: readonly TraceStep[];
}

/** What becomes of a request in a router with this configuration, where everything is up. */
export interface Decision {
  readonly facts: RequestFacts;
  readonly policy: PolicyEntry | undefined;
  readonly by: 'name' | 'match' | 'nothing';
  readonly fanout: FanoutPlan | undefined;
  /** Where a call without a fan-out goes, or what is tried when nothing comes of it; or why it is refused. */
  readonly routed: { readonly ok: true; readonly plan: Plan } | { readonly ok: false; readonly error: AtpError };
}

/** Policies of a configuration, held against requests by the router's own matcher. No router runs, and nothing is sent. */
export class PolicyView {
  readonly #generation: Generation;

  /** Throws `config_invalid` for what the check of a file cannot see. */
  constructor(config: Config) {
    const parts = { number: 0, hash: '', transportOf: () => NO_TRANSPORT };
    this.#generation = buildGeneration(withTenant(config), [], parts);
  }

  /** Throws `invalid_request` for a tenant that is not there. */
  decide(question: PolicyQuestion): Decision {
    const { registry, fanouts } = this.#generation;
    const rules = this.#rulesOf(question.tenant);
    const facts = this.#factsOf(question, rules);
    const coming = comingOf(registry, question.model, facts);
    const policy = coming?.policy;
    const by = policy === undefined ? 'nothing' : coming?.is_named === true ? 'name' : 'match';
    const fanout = policy && fanouts.get(policy.id);
    const local_only = facts.local_only ?? ofItsPersonas(policy);
    return { facts, policy, by, fanout, routed: this.#route(question, rules, { ...facts, local_only }) };
  }

  /**
   * Every policy in the order in which they are asked, with the conditions of those that were; or only the one of this name,
   * whether it would be asked or not. Throws `invalid_request` when there is none of it.
   */
  consider(question: PolicyQuestion, only?: string): readonly Considered[] {
    const { registry } = this.#generation;
    const facts = this.#factsOf(question, this.#rulesOf(question.tenant));
    const coming = comingOf(registry, question.model, facts);
    const policies = only === undefined ? registry.policies : [this.#policy(only)];
    if (coming === undefined) return [];
    let is_decided = only === undefined && coming.is_named;
    return policies.map(({ id, match }): Considered => {
      if (match === undefined) return { policy: id, outcome: 'by name only', steps: [] };
      if (is_decided) return { policy: id, outcome: 'later', steps: [] };
      const outcome = evaluate(match, coming.subject);
      is_decided = outcome === 'yes';
      return { policy: id, outcome, steps: traceOf(match, coming.subject) };
    });
  }

  /** In the order in which they are asked. */
  policyIds(): readonly string[] {
    return this.#generation.registry.policies.map(({ id }) => id);
  }

  /** Where a single lane, or whoever else a fan-out asks, would go; undefined for a name that leads to no single model. */
  modelOf(name: string): ModelEntry | undefined {
    const named = this.#generation.registry.lookup(name);
    const target = named?.kind === 'agent' ? named.target : named;
    return target?.kind === 'model' ? target.model : undefined;
  }

  #policy(id: string): PolicyEntry {
    const { policies } = this.#generation.registry;
    const policy = policies.find((one) => one.id === id);
    if (policy !== undefined) return policy;
    throw unknown(
      'policy',
      id,
      policies.map((one) => one.id),
    );
  }

  #route(question: PolicyQuestion, rules: TenantRules, facts: RequestFacts): Decision['routed'] {
    if (!mayName(rules, question.model)) {
      const message = `Tenant "${rules.id}" may not use "${question.model}".`;
      return { ok: false, error: new AtpError('policy_denied', message, { param: 'model' }) };
    }
    const resolution = resolve(this.#generation.registry, question.model, facts, EVERYTHING_UP, 0);
    return resolution.ok ? resolution : { ok: false, error: unroutableError(resolution) };
  }

  #rulesOf(id: string | undefined): TenantRules {
    const { tenants } = this.#generation;
    const [first, second] = tenants.values();
    const rules = id !== undefined ? tenants.get(id) : second === undefined ? first : undefined;
    if (rules !== undefined) return rules;
    throw unknown('tenant', id, [...tenants.keys()]);
  }

  #factsOf(question: PolicyQuestion, rules: TenantRules): RequestFacts {
    const named = this.#generation.registry.lookup(question.model);
    const agent = named?.kind === 'agent' ? named.agent : undefined;
    const of_key = question.key === undefined ? undefined : rules.key_rights.get(question.key);
    return {
      tenant: rules,
      qos: capQos(question.qos ?? agent?.qos ?? 'silver', rules.qos_max),
      needs: ['chat'],
      in_tokens: question.in_tokens,
      out_tokens: question.out_tokens,
      task_type: question.task_type,
      data_scopes: question.data_scopes,
      task: question.facts,
      rights: narrowed(of_key ?? rules.rights, question.facts),
      local_only: ofPersona(this.#generation.registry, question.model),
    };
  }
}

/** A start makes a tenant where there is none. */
function withTenant(config: Config): Config {
  if (config.tenants.length > 0) return config;
  const tenant = { kind: 'tenant', id: DEFAULT_TENANT, value: { id: DEFAULT_TENANT } } as const;
  const merged = mergeOverlay(config, [tenant], { env: () => undefined, file: () => undefined });
  return merged.ok ? merged.config : config;
}

const NAMES_SHOWN_MAX = 12;

function unknown(what: string, id: string | undefined, known: readonly string[]): AtpError {
  const shown = known.slice(0, NAMES_SHOWN_MAX).join(', ');
  const there = shown === '' ? 'there is none' : `there is ${known.length > NAMES_SHOWN_MAX ? `${shown}, …` : shown}`;
  const problem =
    id === undefined
      ? `There are several, and routing depends on which ${what} asks`
      : `There is no ${what} "${id.slice(0, 64)}"`;
  return new AtpError('invalid_request', `${problem}; ${there}.`, { param: what });
}

const NO_TRANSPORT: UpstreamTransport = {
  send: () => {
    throw new Error('nothing is sent to explain a policy');
  },
  close: () => Promise.resolve(),
};

/** Nothing was measured yet, and nothing is switched off: as after a start. */
const NOTHING_MEASURED: Observed = {
  successRate: () => undefined,
  p95_ms: () => undefined,
  mape: () => undefined,
  underRate: () => undefined,
};
const EVERYTHING_UP: Live = {
  health: { admits: () => true, ready: () => true, retryAfter_ms: () => undefined },
  kills: { model: () => false, provider: () => false },
  observed: NOTHING_MEASURED,
};
