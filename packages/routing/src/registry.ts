import { AtpError, type Price, type Qos, type UsdNanos } from '@atp-router/kernel';
import type { Match } from './policy/match.ts';
import type { EnergyProfile } from './carbon/footprint.ts';
import { type Ranking, STATIC_RANKING } from './ranking.ts';

/** What a model can do or a request needs: `chat`, `tools`, `vision`, `embeddings`, `json`, `reasoning`, … */
export type Capability = string;

/** A is the safest. */
export type SafetyGrade = 'A' | 'B' | 'C' | 'D';

/**
 * `active`: anywhere. `fallback`, `deprecated`: by name and in chains, never chosen by `auto`.
 * `shadow`: never an answer to a client.
 */
export type ModelStatus = 'active' | 'shadow' | 'fallback' | 'deprecated';

export interface ModelSpec {
  readonly id: string;
  readonly provider_id: string;
  readonly upstream_model: string;
  /** Tokens of input and output together. Absent: not known, so not filtered on. */
  readonly context?: number | undefined;
  readonly max_output_tokens?: number | undefined;
  /** Absent: not known, so not filtered on. */
  readonly capabilities?: ReadonlySet<Capability> | undefined;
  readonly price?: Price | undefined;
  /** Absent: not graded, which fails every required grade. */
  readonly safety_grade?: SafetyGrade | undefined;
  readonly status: ModelStatus;
  /** The kinds of data that the model is cleared for. Absent: every kind. */
  readonly data_scopes?: ReadonlySet<string> | undefined;
  readonly regions?: readonly string[] | undefined;
  /** Where it runs, for what its energy emits. Absent: not known. */
  readonly region?: string | undefined;
  /** Absent: not known what it takes. */
  readonly energy?: EnergyProfile | undefined;
  readonly expected_latency_ms?: number | undefined;
  /** Share of its answers that are right, 0 to 1, as the operator has it. Absent: nothing is said of it. */
  readonly expected_quality?: number | undefined;
  /** When it came to its status at run time, ms since the epoch. Absent: it has the status of the configuration. */
  readonly status_since_ms?: number | undefined;
  /** It lacks a manifest that counts, and where that keeps it from being asked. Absent: nothing is lacking. */
  readonly lacks_manifest?: LacksManifest | undefined;
}

/** `auto`: it is not chosen by `auto`. `any`: it is not asked at all. */
export interface LacksManifest {
  readonly where: 'auto' | 'any';
  /** As a clause. */
  readonly reason: string;
}

export interface ModelEntry extends ModelSpec {
  /** `provider_id/upstream_model`: the stable key of breakers, readiness and concurrency limits. */
  readonly target_key: string;
  /** Made for a name that no configuration declares. */
  readonly dynamic: boolean;
  /** What it is asked stays on this machine or in its private network. Absent: it does not. */
  readonly is_local?: boolean | undefined;
}

export interface ProviderEntry {
  readonly id: string;
  /** Whether `<id>/<upstream model>` is accepted for models that are not declared. */
  readonly any_model: boolean;
  /** Clearance of such models. */
  readonly data_scopes?: ReadonlySet<string> | undefined;
  /** It runs on this machine or in its private network. Absent: it does not. */
  readonly is_local?: boolean | undefined;
}

export interface AgentEntry {
  readonly id: string;
  /** A model id, `policy:<id>`, `auto` or `<provider>/<upstream model>`. */
  readonly model: string;
  readonly system_prompt?: string | undefined;
  readonly qos?: Qos | undefined;
  /** Nobody beyond this machine and its private network may be asked in its place. Absent: anybody may. */
  readonly local_only?: boolean | undefined;
}

export interface PolicyEntry {
  readonly id: string;
  /** Absent: the policy applies only when it is named. */
  readonly match?: Match | undefined;
  /**
   * What is tried, in order: ids of models, of agents that stand for a model, or `<provider>/<upstream model>`. Empty: as
   * `auto` ranks the models, within the policy's limits.
   */
  readonly fallback: readonly string[];
  /** For one call with all its attempts. */
  readonly budget?: { readonly usd_nanos?: UsdNanos | undefined; readonly tokens?: number | undefined } | undefined;
  readonly max_attempts?: number | undefined;
  readonly hedge_after_ms?: number | undefined;
  /** A stream that outgrows the budget: ends as if the length limit was reached, or with the budget error. */
  readonly on_budget_exhausted: 'finish' | 'error';
  readonly min_safety_grade?: SafetyGrade | undefined;
  /** Nobody beyond this machine and its private network may be asked under it. Absent: anybody may. */
  readonly local_only?: boolean | undefined;
}

export interface RegistrySpec {
  readonly providers: readonly ProviderEntry[];
  readonly models: readonly ModelSpec[];
  readonly agents?: readonly AgentEntry[] | undefined;
  readonly policies?: readonly PolicyEntry[] | undefined;
  /** What models lack that no configuration declares. Absent: nothing. */
  readonly dynamic_lacks?: LacksManifest | undefined;
  /** How those who may be chosen freely are ranked. Absent: by the usual weights. */
  readonly ranking?: Ranking | undefined;
}

/** What a model name stands for. */
export type Named = { readonly kind: 'agent'; readonly agent: AgentEntry; readonly target: NamedTarget } | NamedTarget;

export type NamedTarget =
  | { readonly kind: 'model'; readonly model: ModelEntry }
  | { readonly kind: 'policy'; readonly policy: PolicyEntry }
  | { readonly kind: 'auto' };

/** One step of a policy's chain. */
export interface ChainStep {
  readonly model: ModelEntry;
  /** The agent by which the policy names the model: its prompt goes with the step. */
  readonly agent: AgentEntry | undefined;
}

const AUTO: NamedTarget = { kind: 'auto' };

/** Longest model name that is looked up; real ones stay below 200 characters. */
const MAX_NAME_LENGTH = 512;

/**
 * The models, agents and policies of one configuration generation. Built once, never changed. Throws `config_invalid`
 * for a name that is taken twice or refers to nothing.
 */
export class Registry {
  readonly models: readonly ModelEntry[];
  readonly agents: readonly AgentEntry[];
  readonly policies: readonly PolicyEntry[];
  readonly ranking: Ranking;
  readonly #named: Map<string, Named> = new Map();
  readonly #providers: Map<string, ProviderEntry> = new Map();
  readonly #by_target: Map<string, Named> = new Map();
  readonly #chains: Map<string, readonly ChainStep[]> = new Map();
  readonly #dynamic_lacks: LacksManifest | undefined;

  constructor(spec: RegistrySpec) {
    this.#dynamic_lacks = spec.dynamic_lacks;
    this.ranking = spec.ranking ?? STATIC_RANKING;
    for (const provider of spec.providers) this.#providers.set(provider.id, provider);
    this.models = spec.models.map((model) => this.#addModel(model));
    this.policies = spec.policies ?? [];
    this.agents = spec.agents ?? [];
    for (const policy of this.policies) this.#add(`policy:${policy.id}`, { kind: 'policy', policy });
    // All targets are looked up before any agent has a name: an agent cannot stand for an agent.
    const agents = this.agents.map((agent) => ({ kind: 'agent', agent, target: this.#targetOf(agent) }) as const);
    for (const named of agents) this.#add(named.agent.id, named);
    for (const policy of this.policies) this.#chains.set(policy.id, this.#chainOf(policy));
  }

  /**
   * Model id, agent id, `policy:<id>`, `auto`, or `<provider>/<upstream model>`: the declared model of that name at that
   * provider, else a model made for the name when the provider takes any.
   */
  lookup(name: string): Named | undefined {
    const named = this.#named.get(name);
    if (named !== undefined) return named;
    if (name === 'auto') return AUTO;
    const declared = this.#by_target.get(name);
    if (declared !== undefined) return declared;
    const slash = name.indexOf('/');
    if (slash < 1 || slash === name.length - 1 || name.length > MAX_NAME_LENGTH) return undefined;
    const provider = this.#providers.get(name.slice(0, slash));
    if (provider?.any_model !== true) return undefined;
    const model = dynamicModel(provider, name.slice(slash + 1));
    return { kind: 'model', model: { ...model, lacks_manifest: this.#dynamic_lacks } };
  }

  /** Ids of the configured providers, in the order of the configuration. */
  providerIds(): Iterable<string> {
    return this.#providers.keys();
  }

  model(id: string): ModelEntry | undefined {
    const named = this.#named.get(id);
    return named?.kind === 'model' ? named.model : undefined;
  }

  /** The steps of a policy in order, each model once. */
  chain(policy: PolicyEntry): readonly ChainStep[] {
    return this.#chains.get(policy.id) ?? [];
  }

  #addModel(spec: ModelSpec): ModelEntry {
    const provider = this.#providers.get(spec.provider_id);
    if (provider === undefined) {
      throw invalid(`Model ${spec.id} names provider ${spec.provider_id}, which is not configured.`);
    }
    const target_key = `${spec.provider_id}/${spec.upstream_model}`;
    const model: ModelEntry = { ...spec, target_key, dynamic: false, is_local: provider.is_local };
    const named: Named = { kind: 'model', model };
    this.#add(model.id, named);
    if (!this.#by_target.has(model.target_key)) this.#by_target.set(model.target_key, named);
    return model;
  }

  #chainOf(policy: PolicyEntry): readonly ChainStep[] {
    const steps = new Map<string, ChainStep>();
    for (const name of policy.fallback) {
      const named = this.lookup(name);
      const agent = named?.kind === 'agent' ? named.agent : undefined;
      const target = named?.kind === 'agent' ? named.target : named;
      if (target?.kind !== 'model') {
        throw invalid(`Policy ${policy.id} falls back to ${name}, which is not a configured model or an agent of one.`);
      }
      // A second try of the same target has the same outcome and a second bill.
      const { model } = target;
      if (!steps.has(model.id)) steps.set(model.id, { model, agent });
    }
    return [...steps.values()];
  }

  #targetOf(agent: AgentEntry): NamedTarget {
    const named = this.lookup(agent.model);
    if (named === undefined || named.kind === 'agent') {
      throw invalid(`Agent ${agent.id} names model ${agent.model}, which is not a configured model or policy.`);
    }
    return named;
  }

  #add(name: string, named: Named): void {
    if (this.#named.has(name) || name === 'auto') throw invalid(`The name ${name} is taken twice.`);
    this.#named.set(name, named);
  }
}

function dynamicModel(provider: ProviderEntry, upstream_model: string): ModelEntry {
  const id = `${provider.id}/${upstream_model}`;
  return {
    id,
    provider_id: provider.id,
    upstream_model,
    status: 'active',
    data_scopes: provider.data_scopes,
    target_key: id,
    dynamic: true,
    is_local: provider.is_local,
  };
}

function invalid(message: string): AtpError {
  return new AtpError('config_invalid', message);
}
